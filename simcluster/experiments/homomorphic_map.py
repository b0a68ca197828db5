"""The homomorphic map: which representations reach a goal on a cluster, and from where on.

The paper (arXiv 1711.10123, section 5) leaves open which compression has a size rho and an overhead h in the feasible
region of Eq. 5. Here every candidate's rho and h are measured numbers of its profile, and whether it is inside comes
out of a simulation: with latency, aggregation, and the codec's own times where a format has to be decoded for
averaging. Where it enters is found by a search on simulations. The formula's line is drawn beside by who knows theory.

The goal is an update at least as fast as the plain one's, or a speed-up over one device that computes plain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from os import PathLike
from typing import TYPE_CHECKING, Any

from simcluster.experiments.candidates import Candidate, CandidateSet
from simcluster.experiments.conditions import Condition, beats
from simcluster.experiments.running import Runner, open_runner
from simcluster.experiments.solving import Solution, search
from simcluster.experiments.trials import Trials, subject_of
from simcluster.experiments.varying import Vary, parse_vary

if TYPE_CHECKING:
    import pandas as pd

#: Where edges are sought, unless somebody says otherwise.
BANDWIDTHS, WORKERS = "network.bandwidth=0.1..1000 Gbit/s", "cluster.workers=1..256"


def homomorphic_map(
    field: CandidateSet,
    *,
    speedup: float | None = None,
    bandwidths: str | None = BANDWIDTHS,
    workers: str | None = WORKERS,
    jobs: int = 1,
    executor: str | Executor | None = None,
    store: str | PathLike[str] | None = None,
    done: Callable[[int], None] = lambda candidates: None,
) -> pd.DataFrame:
    """Simulate all candidates, and find where each enters the feasible region.

    Parameters
    ----------
    field : CandidateSet
        From :func:`simcluster.experiments.load_candidates`.
    speedup : float, optional
        The goal; by default an update as fast as the plain one.
    bandwidths, workers : str or None
        Ranges in which edges are sought, such as ``network.bandwidth=1..100 Gbit/s``; None seeks none.
    jobs, executor, store
        See :func:`simcluster.sweep`.
    done : callable
        Told the number of candidates that are finished.

    Returns
    -------
    DataFrame
        A row for each candidate: ``candidate``, ``way``, ``rho``, ``operation_overhead`` (h of computing),
        ``charged_overhead`` (h with all that isn't on the wire: codecs and averaging, too, by the simulation's own
        parts), ``update_time_s``, ``plain_update_time_s``, ``speedup`` (over one device that computes plain),
        ``inside``; and for each range the stretch of it in which the candidate is inside: ``inside_from_bytes_per_s``,
        ``inside_to_bytes_per_s`` and ``inside_from_workers``, ``inside_to_workers``. Where a stretch goes on beyond
        the range, its end is -inf or inf; where there is none, both are nan. Of several stretches it is the first.

    Raises
    ------
    UserInputError
        If a range is wrong, or a scenario doesn't take its values.
    UnfinishedError
        If a run failed three times.
    """
    import pandas as pd

    ranges = [("bytes_per_s", bandwidths), ("workers", workers)]
    varied = [(suffix, parse_vary(text)) for suffix, text in ranges if text is not None]
    condition = _goal(field, speedup)
    rows = []
    with open_runner(jobs, executor, store) as runner:
        ((plain,),) = runner.metrics([field.plain])
        for candidate in field.candidates:
            row = _point(runner, candidate, plain, field, speedup)
            for suffix, vary in varied:
                low, high = _stretch(_searched(runner, candidate, field, vary, condition))
                row |= {f"inside_from_{suffix}": low, f"inside_to_{suffix}": high}
            rows.append(row)
            done(len(rows))
    return pd.DataFrame(rows)


def _goal(field: CandidateSet, speedup: float | None) -> Condition:
    """Return the goal as a condition: a throughput, since another model's speed-up counts from its own time."""
    if speedup is None:
        return beats("update_time_s")
    compute = field.plain.compute
    return Condition("samples_per_s", ">=", speedup * compute.minibatch / compute.minibatch_time)


def _point(
    runner: Runner, candidate: Candidate, plain: dict[str, Any], field: CandidateSet, speedup: float | None
) -> dict[str, Any]:
    """Return the row of a candidate on the cluster as it is."""
    ((metrics,),) = runner.metrics([candidate.scenario])
    compute = field.plain.compute
    reached = metrics["samples_per_s"] * compute.minibatch_time / compute.minibatch
    time, vanilla = metrics["update_time_s"], plain["update_time_s"]
    return {
        "candidate": candidate.name,
        "way": candidate.way,
        "rho": candidate.fraction,
        "operation_overhead": candidate.overhead,
        "charged_overhead": (time - metrics["push_s"] - metrics["pull_s"]) / plain["computation_s"],
        "update_time_s": time,
        "plain_update_time_s": vanilla,
        "speedup": reached,
        "inside": bool(time <= vanilla if speedup is None else reached >= speedup),
    }


def _searched(runner: Runner, candidate: Candidate, field: CandidateSet, vary: Vary, condition: Condition) -> Solution:
    against = field.plain if condition.value is None else None
    subject = subject_of(candidate.scenario, vary, against, both=True)
    return search(Trials(runner, subject, condition.metric, condition, replications=1), condition)


def _stretch(solution: Solution) -> tuple[float, float]:
    """Return the first stretch of a range in which the condition holds."""
    if not solution.crossings:
        return (-math.inf, math.inf) if solution.everywhere else (math.nan, math.nan)
    first, *others = solution.crossings
    if first.side == "below":
        return -math.inf, first.x
    return first.x, others[0].x if others else math.inf


def names_inside(table: pd.DataFrame) -> Sequence[str]:
    """Return the candidates that reach the goal, the fastest first."""
    inside = table[table["inside"]].sort_values("update_time_s", kind="stable")
    return [str(name) for name in inside["candidate"]]
