"""Two scenarios side by side: their difference with its interval, and the parts of an update that made it.

Both run under the same seeds, so that each replication is a pair that drew the same random numbers: the interval is
that of the mean of the paired differences, and most of the luck cancels. The parts of an update add up to its time, so
that the differences of the parts add up to the difference of the update times.

Schemes may mean different things by an update: one of asynchronous SGD is a push of one worker, one of synchronous SGD
a push of all. On equal terms, the times of the second scenario are those of as many updates of it as have the share of
the workers' contributions that one update of the first has.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

from simcluster.errors import UserInputError
from simcluster.experiments.estimates import Estimate, check_confidence, estimate
from simcluster.experiments.replicating import REPLICATIONS, TO_TARGET, numbers_of, numeric_metrics
from simcluster.experiments.running import open_runner
from simcluster.results.summary import LIMITS

if TYPE_CHECKING:
    import pandas as pd

    from simcluster.scenario import Scenario

#: The parts of an update, which add up to its time.
PARTS = tuple(part for parts in LIMITS.values() for part in parts)
#: Metrics that are a mean over updates [s].
_OF_AN_UPDATE = ("update_time_s", "transfer_s", *PARTS)


#: How clock and values are coupled, and the target, if there is one.
Aim = tuple[str, str | None] | None


@dataclass(frozen=True)
class Comparison:
    """The difference between two scenarios: always the second minus the first.

    Parameters
    ----------
    table : DataFrame
        A row for each metric: metric, a, b (means), difference, half_width, low, high, relative (difference / a).
    parts : DataFrame
        A row for each part of an update, the one that changed most first: part, a, b, difference, half_width [s], and
        share of the difference between the update times.
    difference : Estimate
        Of the update time [s].
    replications : int
    updates_b : float
        How many updates of the second scenario its times are for: 1 if both schemes mean the same by an update.
    rounds : tuple of float
        How many updates of each worker either scenario simulates.
    learned : tuple
        How either scenario couples clock and values, and its target, if it has one; None if it learns nothing.
    """

    table: pd.DataFrame
    parts: pd.DataFrame
    difference: Estimate
    replications: int
    updates_b: float = 1.0
    rounds: tuple[float, float] = (0.0, 0.0)
    learned: tuple[Aim, Aim] = (None, None)

    @property
    def clear(self) -> bool:
        """Whether the interval of the difference excludes 0."""
        return self.difference.excludes_zero

    @property
    def main_part(self) -> str:
        """The part of an update that made most of the difference; empty if the update times don't differ."""
        shares = self.parts.set_index("part")["share"].dropna()
        return str(shares.idxmax()) if len(shares) else ""


def compare(
    a: Scenario,
    b: Scenario,
    replications: int = REPLICATIONS,
    *,
    confidence: float = 0.95,
    jobs: int = 1,
    executor: str | Executor | None = None,
    store: str | PathLike[str] | None = None,
) -> Comparison:
    """Compare two scenarios under common random numbers.

    Parameters
    ----------
    a, b : Scenario
        The second one runs under the seed of the first, whatever its own is.
    replications : int
        Pairs of runs, at least 2.
    confidence : float
        Of the intervals.
    jobs, executor, store
        See :func:`simcluster.sweep`.

    Raises
    ------
    UserInputError
        If an argument is out of range.
    UnfinishedError
        If a run failed three times.
    """
    check_confidence(confidence)
    if replications < 2:
        raise UserInputError(f"replications: a comparison with an interval needs at least 2, not {replications}")
    with open_runner(jobs, executor, store) as runner:
        rows_a, rows_b = runner.metrics([a, b.update(seed=a.seed)], range(replications))
    updates_b = a.contributing_share / b.contributing_share
    rows_b = [row | {name: row[name] * updates_b for name in _OF_AN_UPDATE} for row in rows_b]
    known_b = set(numeric_metrics(rows_b))
    known = [name for name in numeric_metrics(rows_a) if name in known_b]
    if "target_reached" in known:  # who missed it, has no time: see numbers_of
        known += [name for name in TO_TARGET if name not in known]
    table = _differences(rows_a, rows_b, known, confidence)
    pairs = zip(numbers_of(rows_a, "update_time_s"), numbers_of(rows_b, "update_time_s"), strict=True)
    difference = estimate([second - first for first, second in pairs], confidence)
    rounds = a.training.updates * a.contributing_share, b.training.updates * b.contributing_share
    parts = _parts(table, difference.mean)
    return Comparison(table, parts, difference, replications, updates_b, rounds, (_aim(rows_a), _aim(rows_b)))


def _aim(rows: Sequence[dict[str, Any]]) -> Aim:
    """Return what all replications of a scenario learn for."""
    first = rows[0]
    return None if first["coupling"] is None else (first["coupling"], first["target"])


def _differences(
    rows_a: Sequence[dict[str, Any]], rows_b: Sequence[dict[str, Any]], metrics: Sequence[str], confidence: float
) -> pd.DataFrame:
    import pandas as pd

    lines = []
    for name in metrics:
        first, second = numbers_of(rows_a, name), numbers_of(rows_b, name)
        one = estimate([after - before for before, after in zip(first, second, strict=True)], confidence)
        before, after = estimate(first, confidence).mean, estimate(second, confidence).mean
        relative = one.mean / before if before else float("nan")
        lines.append((name, before, after, one.mean, one.half_width, one.low, one.high, relative))
    return pd.DataFrame(
        lines, columns=["metric", "a", "b", "difference", "half_width", "low", "high", "relative"]
    )


def _parts(table: pd.DataFrame, total: float) -> pd.DataFrame:
    parts = table[table["metric"].isin(PARTS)].rename(columns={"metric": "part"})
    parts = parts[["part", "a", "b", "difference", "half_width"]]
    parts["share"] = parts["difference"] / total if total else float("nan")
    order = parts["difference"].abs().sort_values(ascending=False, kind="stable").index
    return parts.loc[order].reset_index(drop=True)
