"""One scenario -> one result."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version

import simpy

from simcluster.errors import ConservationError, StuckError
from simcluster.protocols import Network
from simcluster.recording import Journal, NullRecorder, SpanRecorder
from simcluster.results import LinkTotals, Records, Result, RunFacts
from simcluster.scenario import Scenario, resolved
from simcluster.simulation.building import build_network, build_scheme
from simcluster.simulation.registry import Registry

#: How many of those who wait an error names.
_MOST_NAMED = 5

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
        Called with the number of each update that has been sent out.

    Returns
    -------
    Result
        The same bytes for the same scenario, seed and version.

    Raises
    ------
    StuckError
        If nothing can happen any more before the training is over.
    ConservationError
        If bytes went missing: a bug.
    """
    env = simpy.Environment()
    registry = Registry()
    recorder = SpanRecorder(env) if record else NullRecorder()
    journal = Journal(env, progress)
    network = build_network(env, scenario, registry, recorder)
    scheme = build_scheme(env, scenario, registry, network, recorder, journal)
    capacities = [link.capacity for link in network.usage()]
    with _collector_relaxed():
        _run(env, scheme.start(), journal)
    _check_bytes(network)
    return Result(
        scenario=resolved(scenario),
        seed=scenario.seed,
        version=version("simcluster"),
        records=Records(
            rows=journal.rows,
            total_time=env.now,
            sent_bytes=network.sent_bytes,
            links=[
                LinkTotals(link.name, capacity, link.carried_bytes, link.busy_s)
                for link, capacity in zip(network.usage(), capacities, strict=True)
            ],
            spans=recorder.spans if isinstance(recorder, SpanRecorder) else None,
            link_history=recorder.links if isinstance(recorder, SpanRecorder) else None,
            transfers=recorder.transfer_history if isinstance(recorder, SpanRecorder) else None,
        ),
        facts=_facts(scenario),
    )


def _run(env: simpy.Environment, over: simpy.Event, journal: Journal) -> None:
    try:
        env.run(over)
    except RuntimeError as error:
        if over.triggered:
            raise
        waiting = journal.unfinished()
        who = [str(row) for row in waiting[:_MOST_NAMED]]
        if len(waiting) > _MOST_NAMED:
            who.append(f"and {len(waiting) - _MOST_NAMED} more")
        raise StuckError(
            f"nothing can happen any more at {env.now:g} s of simulated time, before the training is over: "
            + ("; ".join(who) or "no worker is in an update")
        ) from error


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
    minibatches = training.local_iterations * (1 if compute.scaling == "strong" else workers)
    return RunFacts(
        workers=workers,
        devices=math.fsum(group.count * group.speed for group in cluster.worker_groups),
        nodes=workers + 1,
        samples_per_update=minibatches * compute.minibatch,
        single_device_rate=compute.minibatch / compute.minibatch_time,
        samples_per_epoch=training.samples_per_epoch,
        price=cluster.price,
        power=cluster.power,
    )
