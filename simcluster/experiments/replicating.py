"""Replications: a scenario under many seeds, and how sure its means are.

``until`` asks for a relative half-width, and the number of replications follows from Stein's two stages (Stein 1945,
Annals of Mathematical Statistics 16:243). A pilot of ``replications`` runs gives the standard deviation s. The number
of runs is the smallest n with t * s / sqrt(n) <= until * |mean|, t with the pilot's degrees of freedom. The interval is
mean +- t * s / sqrt(n), with the mean of all n but still the s of the pilot: because n depends on s (and on the sign
and rough size of the mean) alone, it covers the truth as often as it says. To look at the interval after every run,
and to stop when it is small enough, prefers runs whose s happens to be small, and covers less. If the mean has moved
so that n isn't enough, n is computed again with the new mean and the same s.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from difflib import get_close_matches
from os import PathLike
from typing import TYPE_CHECKING, Any

from simcluster.errors import UserInputError
from simcluster.experiments.estimates import (
    Estimate,
    check_confidence,
    deviation_of,
    estimate,
    mean_of,
    student_quantile,
)
from simcluster.experiments.running import open_runner
from simcluster.experiments.seeding import replication_seed
from simcluster.results.summary import NUMBERS, WORDS, limit_of

if TYPE_CHECKING:
    import pandas as pd

    from simcluster.scenario import Scenario

#: Runs of the pilot, if nothing else is asked for.
REPLICATIONS = 10
MOST_REPLICATIONS = 10_000


@dataclass(frozen=True)
class Replications:
    """The metrics of all replications of a scenario.

    Parameters
    ----------
    table : DataFrame
        A row for each: replication, seed, and the metrics of ``Result.summary``.
    estimates : DataFrame
        A row for each numeric metric: metric, mean, half_width, low, high, deviation, replications.
    estimate : Estimate
        Of the metric that was asked for, by the rule of the module if ``until`` was given.
    reached : bool
        Whether the half-width is as small as ``until`` asked for; True if it didn't.
    """

    table: pd.DataFrame
    estimates: pd.DataFrame
    estimate: Estimate
    reached: bool


def replicate(
    scenario: Scenario,
    replications: int = REPLICATIONS,
    *,
    until: float | None = None,
    metric: str = "update_time_s",
    confidence: float = 0.95,
    most: int = MOST_REPLICATIONS,
    jobs: int = 1,
    executor: str | Executor | None = None,
    store: str | PathLike[str] | None = None,
) -> Replications:
    """Run a scenario under several seeds.

    Parameters
    ----------
    scenario : Scenario
    replications : int
        Number of runs; with ``until``, those of the pilot.
    until : float, optional
        Relative half-width of the interval of ``metric`` to go on for: 0.01 for 1 %.
    metric : str
        A column of ``Result.summary``.
    confidence : float
        Of all intervals.
    most : int
        Largest number of replications that ``until`` may lead to, the pilot's included.
    jobs, executor, store
        See :func:`simcluster.sweep`.

    Raises
    ------
    UserInputError
        If an argument is out of range, or there is no such metric.
    UnfinishedError
        If a run failed three times.
    """
    check_confidence(confidence)
    check_metric(metric)
    if until is not None:
        replications = min(replications, most)
    if replications < (1 if until is None else 2):
        raise UserInputError(f"replications: expected at least {1 if until is None else 2}, not {replications}")
    with open_runner(jobs, executor, store) as runner:

        def sample(count: int) -> list[dict[str, Any]]:
            return runner.metrics([scenario], range(count))[0]

        if until is None:
            rows = sample(replications)
            found = estimate(numbers_of(rows, metric), confidence)
        else:
            count, found = two_stages(
                lambda count: numbers_of(sample(count), metric), until, replications, most, confidence
            )
            rows = sample(count)
    reached = until is None or found.relative <= until * (1 + 1e-12)
    return Replications(_table(scenario, rows), estimates_table(rows, confidence), found, reached)


def two_stages(
    sample: Callable[[int], Sequence[float]], until: float, pilot: int, most: int, confidence: float
) -> tuple[int, Estimate]:
    """Choose the number of replications by the rule of the module.

    Parameters
    ----------
    sample : callable
        Gives the first n values of an endless sequence of independent ones.
    until : float
        Relative half-width.
    pilot, most : int
        The first number of values, and the largest.
    confidence : float

    Returns
    -------
    tuple of int and Estimate
        The number of values, and the estimate from them.

    Raises
    ------
    UserInputError
        If ``until`` isn't positive.
    """
    if not until > 0:
        raise UserInputError(f"until: expected a positive relative half-width, such as 0.01, not {until}")
    values = sample(pilot)
    spread = student_quantile(confidence, pilot - 1) * deviation_of(values)
    count = pilot
    while True:
        mean = mean_of(values)
        needed = _needed(spread, until * abs(mean), count, most)
        if needed <= count or count >= most:
            return count, Estimate(mean, spread / math.sqrt(count), deviation_of(values), count, confidence)
        count = min(needed, most)
        values = sample(count)


def _needed(spread: float, half_width: float, count: int, most: int) -> int:
    """Return how many values make ``spread / sqrt(n)`` as small as a half-width; those there are if it is 0 already."""
    if spread == 0:
        return count
    # also where the half-width is 0, or so small that the square of the ratio is no number any more
    return most if spread >= half_width * math.sqrt(most) else math.ceil((spread / half_width) ** 2)


def check_metric(name: str) -> None:
    """See that a metric exists and is a number, before anything runs.

    Raises
    ------
    UserInputError
        If it doesn't, or isn't.
    """
    if name in WORDS:
        raise UserInputError(f"the metric {name!r} isn't a number, but a word")
    if name not in NUMBERS:
        near = get_close_matches(name, NUMBERS, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise UserInputError(f"there is no metric {name!r}{hint}; there are {', '.join(NUMBERS)}")


#: Metrics that a run has only if it reaches its target.
TO_TARGET = ("time_to_target_s", "updates_to_target")


def numbers_of(rows: Sequence[dict[str, Any]], metric: str) -> list[float]:
    """Return one metric of several runs; the time to a target that a run did not reach is infinite.

    Raises
    ------
    UserInputError
        If there is no such metric, or it isn't a number there.
    """
    for row in rows:
        if metric not in row:
            known = ", ".join(name for name, value in row.items() if isinstance(value, int | float))
            raise UserInputError(f"there is no metric {metric!r}; there are {known}")
        if row[metric] is None and metric in TO_TARGET and row["target_reached"] == 0:
            continue
        if not isinstance(row[metric], int | float):
            raise UserInputError(f"the metric {metric!r} isn't a number here, but {row[metric]!r}")
    return [math.inf if row[metric] is None else float(row[metric]) for row in rows]


def numeric_metrics(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the metrics that are numbers in all rows, in the order of the first."""
    return [name for name in rows[0] if all(isinstance(row.get(name), int | float) for row in rows)]


def estimates_table(rows: Sequence[dict[str, Any]], confidence: float) -> pd.DataFrame:
    """Return the estimates of all numeric metrics of several runs; see :class:`Replications`."""
    import pandas as pd

    lines = []
    for name in numeric_metrics(rows):
        one = estimate(numbers_of(rows, name), confidence)
        lines.append((name, one.mean, one.half_width, one.low, one.high, one.deviation, one.count))
    return pd.DataFrame(lines, columns=["metric", "mean", "half_width", "low", "high", "deviation", "replications"])


def with_intervals(table: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Return a row for each point of a sweep with replications: means under the metrics' own names, and intervals.

    Parameters
    ----------
    table : DataFrame
        What :func:`simcluster.sweep` or :func:`load_store` returned.
    confidence : float

    Returns
    -------
    DataFrame
        The settings; ``replications``; for each numeric metric its mean, and ``<metric>_low`` and ``<metric>_high``.
        ``limited_by`` follows from the means; of other metrics, it is the value of the first replication.
    """
    import pandas as pd

    settings = list(table.columns[: list(table.columns).index("replication")])
    metrics = [name for name in table.columns if name not in (*settings, "replication", "seed")]
    groups = table.groupby(settings, sort=False, dropna=False) if settings else [((), table)]
    rows = []
    for _, group in groups:
        row = {**{name: group[name].iloc[0] for name in settings}, "replications": len(group)}
        for name in metrics:
            values = group[name]
            row[name] = values.iloc[0]
            if pd.api.types.is_numeric_dtype(values) and values.notna().all():
                one = estimate([float(value) for value in values], confidence)
                row |= {name: one.mean, f"{name}_low": one.low, f"{name}_high": one.high}
            elif name in TO_TARGET:
                row[name] = math.nan  # there is no mean where some did not reach the target
        if "limited_by" in row:
            row["limited_by"] = limit_of(row)
        rows.append(row)
    return pd.DataFrame(rows)


def _table(scenario: Scenario, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    seeds = [replication_seed(scenario.seed, number) for number in range(len(rows))]
    return pd.DataFrame(
        [{"replication": number, "seed": seeds[number], **row} for number, row in enumerate(rows)]
    )
