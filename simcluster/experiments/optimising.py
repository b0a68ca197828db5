"""The value of a setting at which a metric is smallest or largest: a scan, and then golden section.

Golden section (Kiefer 1953) is right where the metric has one low between the neighbours of the scan's best value; if
the scan shows several lows, the result says so. Whole numbers are searched to the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import takewhile
from os import PathLike
from typing import TYPE_CHECKING

from simcluster.errors import UserInputError
from simcluster.experiments.replicating import check_metric
from simcluster.experiments.running import open_runner
from simcluster.experiments.solving import SCAN
from simcluster.experiments.trials import ONE_SEED, Trial, Trials, subject_of
from simcluster.experiments.varying import Vary, parse_vary

if TYPE_CHECKING:
    import pandas as pd

    from simcluster.scenario import Scenario

_GOLDEN = (5**0.5 - 1) / 2
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Optimum:
    """The best value of a setting.

    Parameters
    ----------
    vary : Vary
    best : Trial
    maximise : bool
    single : bool
        Whether the scan showed one low (or high) only.
    evidence : DataFrame
        All trials by value: the setting, the metric, and ``<metric>_half_width`` if there are replications.
    doubt : tuple of float or None
        The outermost trials around the best one whose paired difference to it may be 0; None without replications.
    one_seed : bool
        Whether the answer is that of one seed, and another gives other values.
    """

    vary: Vary
    best: Trial
    maximise: bool
    single: bool
    evidence: pd.DataFrame
    doubt: tuple[float, float] | None = None
    one_seed: bool = False

    @property
    def x(self) -> float:
        """The best value, in base units."""
        return self.best.x

    @property
    def remarks(self) -> list[str]:
        """What is to be said about the answer."""
        kind = "high" if self.maximise else "low"
        remarks = []
        if self.x in (self.vary.low, self.vary.high):
            remarks.append(f"the best value is at an end of the range: there may be a better one beyond {self.text}")
        if not self.single:
            remarks.append(f"there is more than one {kind}: the best of the scan was followed")
        if self.doubt is not None and self.doubt[0] < self.doubt[1]:
            low, high = (self.vary.text(x) for x in self.doubt)
            remarks.append(f"from {low} to {high}, the trials can't be told from the best with 95% confidence")
        if self.one_seed:
            remarks.append(ONE_SEED)
        return remarks

    @property
    def text(self) -> str:
        """The best value as a person writes it, with no more digits than its doubt allows."""
        low, high = self.doubt or (self.x, self.x)
        return self.vary.text(self.x, high - low)


def optimise(
    scenario: Scenario,
    vary: str | Vary,
    metric: str = "update_time_s",
    *,
    maximise: bool = False,
    replications: int = 1,
    scan: int = SCAN,
    tolerance: float = TOLERANCE,
    jobs: int = 1,
    executor: str | Executor | None = None,
    store: str | PathLike[str] | None = None,
) -> Optimum:
    """Find the value of a setting at which a metric is smallest, or largest.

    Parameters
    ----------
    scenario : Scenario
    vary : str
        The setting and its range: ``cluster.workers=1..64``.
    metric : str
    maximise : bool
        Whether the largest is looked for.
    replications, scan, tolerance, jobs, executor, store
        See :func:`simcluster.experiments.solve`.

    Raises
    ------
    UserInputError
        If an argument is wrong, or the scenario doesn't take a value of the range.
    UnfinishedError
        If a run failed three times.
    """
    if scan < 3 or not tolerance > 0 or replications < 1:
        raise UserInputError("expected a scan of at least 3, a positive tolerance, and at least 1 replication")
    check_metric(metric)
    subject = subject_of(scenario, parse_vary(vary) if isinstance(vary, str) else vary)
    with open_runner(jobs, executor, store) as runner:
        return refine(Trials(runner, subject, metric, None, replications), maximise, scan, tolerance)


def refine(trials: Trials, maximise: bool, scan: int = SCAN, tolerance: float = TOLERANCE) -> Optimum:
    """Scan a range, and close in on the best value; see :func:`optimise`."""
    sign = -1.0 if maximise else 1.0

    def cost(trial: Trial) -> float:
        return sign * trial.measured.mean

    seen = trials.at(trials.vary.steps(scan))
    place = min(range(len(seen)), key=lambda index: cost(seen[index]))
    low, high = seen[max(place - 1, 0)], seen[min(place + 1, len(seen) - 1)]
    best = seen[place]
    vary = trials.vary
    while not vary.close(low.x, high.x, tolerance):
        left, right = trials.at([vary.between(low.x, high.x, 1 - _GOLDEN), vary.between(low.x, high.x, _GOLDEN)])
        best = min((best, left, right), key=cost)
        if left.x == right.x:
            break
        low, high = (low, right) if cost(left) <= cost(right) else (left, high)
    single = _lows([cost(trial) for trial in seen]) <= 1
    return Optimum(vary, best, maximise, single, trials.evidence, _doubt(trials, best), trials.one_seed(best.x))


def _doubt(trials: Trials, best: Trial) -> tuple[float, float] | None:
    """Return the outermost trials on both sides of the best, without a gap, that can't be told from it."""
    if trials.replications < 2:
        return None
    place = trials.known.index(best)
    ends = []
    for side in (trials.known[place::-1], trials.known[place:]):
        alike = takewhile(lambda trial: not trial.clear(trials.confidence, best), side)
        ends.append([trial.x for trial in alike][-1])
    return ends[0], ends[1]


def _lows(costs: Sequence[float]) -> int:
    """Return the number of stretches that are lower than what is on both sides."""
    levels = [cost for place, cost in enumerate(costs) if place == 0 or cost != costs[place - 1]]
    ends = [float("inf"), *levels, float("inf")]
    return sum(one < before and one < after for before, one, after in zip(ends, ends[1:], ends[2:], strict=False))
