"""One scenario -> one result."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version

import simpy

from simcluster.errors import ConservationError, StuckError
from simcluster.protocols import Network
from simcluster.recording import IncidentLog, Journal, NullRecorder, SpanRecorder
from simcluster.results import LinkTotals, Records, Result, RunFacts
from simcluster.scenario import Scenario, resolved
from simcluster.simulation.building import build_network, build_scheme
from simcluster.simulation.learning import build_learning, history_of, on_one_thread
from simcluster.simulation.registry import Registry
from simcluster.simulation.stepping import run_to_end

#: How many of those who wait an error names.
_MOST_NAMED = 5
#: Events at one instant that mean nothing in a small cluster either.
_LEAST_CROWD = 1_000_000

Progress = Callable[[int], None]


def _silent(update: int) -> None:
    """Tell nobody."""


def simulate(scenario: Scenario, *, record: bool = False, progress: Progress = _silent) -> Result:
    """Simulate a scenario.

    Parameters
    ----------
    scenario : Scenario
        From :func:`simcluster.load_scenario`.
    record : bool
        Whether to keep the spans of all lanes and the rates of all links, for ``Result.spans`` and ``Result.links``;
        the other results are the same with and without.
    progress : callable
        Called with the number of each update that has been applied.

    Returns
    -------
    Result
        The same bytes for the same scenario, seed and version.

    Raises
    ------
    StuckError
        If nothing can happen any more before the training is over, or the budget is spent; it has the result of what
        was simulated until then, marked as incomplete.
    ConservationError
        If bytes went missing: a bug.
    """
    env = simpy.Environment()
    registry = Registry()
    recorder = SpanRecorder(env) if record else NullRecorder()
    journal, incidents = Journal(env, progress), IncidentLog(env)
    network = build_network(env, scenario, registry, recorder)
    learner, stop = build_learning(env, scenario, registry)
    run = build_scheme(env, scenario, registry, network, recorder, journal, incidents, learner, stop)
    capacities = [link.capacity for link in network.usage()]
    with _collector_relaxed(), on_one_thread(learner):
        unfinished = run_to_end(
            env, run.scheme.start(), events=scenario.budget.events, wall_time=scenario.budget.wall_time,
            crowd=_crowd(scenario), waiting=lambda: _waiting(journal, run.down()),
        )
    journal.cut()
    incidents.cut()
    if unfinished and not journal.applied:
        raise StuckError(f"{unfinished}; not one update was finished")
    if not unfinished:
        _check_bytes(network)
    result = Result(
        scenario=resolved(scenario),
        seed=scenario.seed,
        version=version("simcluster"),
        records=Records(
            rows=journal.rows,
            total_time=env.now,
            carried_bytes=network.delivered_bytes,
            discarded_updates=journal.discarded,
            incidents=incidents.rows,
            incomplete=unfinished,
            links=[
                LinkTotals(link.name, capacity, link.carried_bytes, link.busy_s)
                for link, capacity in zip(network.usage(), capacities, strict=True)
            ],
            spans=recorder.spans if isinstance(recorder, SpanRecorder) else None,
            link_history=recorder.links if isinstance(recorder, SpanRecorder) else None,
            transfers=recorder.transfer_history if isinstance(recorder, SpanRecorder) else None,
            learning=history_of(learner),
        ),
        facts=_facts(scenario),
    )
    if unfinished:
        raise StuckError(unfinished, result)
    return result


def _crowd(scenario: Scenario) -> int:
    """Return how many events may happen at one instant: every worker may tell something to every other one, at most."""
    workers = scenario.cluster.total_workers
    return _LEAST_CROWD + 50 * workers * max(workers, len(scenario.model.layers))


def _waiting(journal: Journal, down: Sequence[str]) -> str:
    """Say who waits for what since when, and who is down."""
    rows = journal.unfinished()
    who = [*down, *(str(row) for row in rows[:_MOST_NAMED])]
    if len(rows) > _MOST_NAMED:
        who.append(f"and {len(rows) - _MOST_NAMED} more")
    return "; ".join(who) or "no worker is in an update"


@contextmanager
def _collector_relaxed() -> Iterator[None]:
    """Let the garbage collector run less often: a run makes many objects that live on."""
    thresholds = gc.get_threshold()
    gc.set_threshold(200_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


def _check_bytes(network: Network) -> None:
    arrived = network.delivered_bytes + network.discarded_bytes
    if abs(network.sent_bytes - arrived) > 1e-9 * network.sent_bytes:
        raise ConservationError(
            f"{network.sent_bytes!r} B were sent, but {network.delivered_bytes!r} B were delivered and "
            f"{network.discarded_bytes!r} B discarded"
        )


def _facts(scenario: Scenario) -> RunFacts:
    compute, training, cluster = scenario.compute, scenario.training, scenario.cluster
    workers = cluster.total_workers
    contributions: int = training.contributions(workers)
    minibatches = training.local_iterations * contributions / (workers if compute.scaling == "strong" else 1)
    return RunFacts(
        workers=workers,
        devices=math.fsum(group.count * group.speed for group in cluster.worker_groups),
        nodes=workers + scenario.own_servers,
        samples_per_update=minibatches * compute.minibatch,
        single_device_rate=compute.minibatch / compute.minibatch_time,
        samples_per_epoch=training.samples_per_epoch,
        price=cluster.price,
        power=cluster.power,
        spectral_gap=training.spectral_gap(workers),
    )
