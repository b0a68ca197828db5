"""Where a condition begins or ceases to hold: the break-even value of a setting.

The range is scanned first, a few values from end to end, and each change between two neighbours is narrowed down by
bisection. So a condition that holds in the middle only has two answers, and one that never changes is said to have
none. What the scan can't see is a stretch shorter than its steps. All trials use the same random numbers: what is found
is the break-even of these replications. With several, each trial has the interval of its paired differences to the
reference, and the break-even is in doubt as far as that interval holds 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import pairwise
from os import PathLike
from typing import TYPE_CHECKING

from simcluster.errors import UserInputError
from simcluster.experiments.conditions import Condition, beats, parse_condition
from simcluster.experiments.replicating import check_metric
from simcluster.experiments.running import open_runner
from simcluster.experiments.trials import Trial, Trials, subject_of
from simcluster.experiments.varying import Vary, parse_vary

if TYPE_CHECKING:
    import pandas as pd

    from simcluster.scenario import Scenario

SCAN = 9
TOLERANCE = 1e-4
#: The ends of the range in doubt are found to this share of their distance from the break-even.
_SHARE = 0.1


@dataclass(frozen=True)
class Crossing:
    """A place where a condition begins or ceases to hold.

    Parameters
    ----------
    holds : Trial
        The outermost value at which it holds.
    fails : Trial
        The nearest value at which it doesn't; both are as near to each other as the tolerance says, or are neighbours
        among whole numbers.
    low, high : float
        The range in which the interval of the paired difference holds 0, so that the replications don't tell whether
        the condition holds; the values beside it are clear, or it goes on to the end of the range that was varied. Nan
        if there is one replication; both are ``x`` if all is certain.
    """

    holds: Trial
    fails: Trial
    low: float = math.nan
    high: float = math.nan

    @property
    def x(self) -> float:
        """The break-even value, on the side on which the condition holds."""
        return self.holds.x

    @property
    def side(self) -> str:
        """Where the condition holds: ``above`` the value or ``below``."""
        return "above" if self.holds.x > self.fails.x else "below"


@dataclass(frozen=True)
class Solution:
    """The answer of a search.

    Parameters
    ----------
    vary : Vary
    condition : Condition
    crossings : list of Crossing
        From low to high; usually one.
    everywhere : bool
        Whether the condition holds at all trials.
    flat : bool
        Whether the metric is the same at all trials: the setting has no effect on it.
    evidence : DataFrame
        All trials by value: the setting, the metric, ``<metric>_half_width`` if there are replications, the paired
        ``difference_half_width`` if there is another scenario, too, ``reference`` and ``holds``.
    replications : int
    one_seed : bool
        Whether the answer is that of one seed, and another gives another one.
    """

    vary: Vary
    condition: Condition
    crossings: list[Crossing]
    everywhere: bool
    flat: bool
    evidence: pd.DataFrame
    replications: int = 1
    one_seed: bool = False

    @property
    def x(self) -> float:
        """The break-even value, in base units; the lowest if there are several.

        Raises
        ------
        UserInputError
            If there is none in the range; the message says why.
        """
        if not self.crossings:
            raise UserInputError(self.verdict)
        return self.crossings[0].x

    @property
    def verdict(self) -> str:
        """The answer in a sentence."""
        name, show = self.vary.setting, self.vary.text
        span = f"{show(self.vary.low)} to {show(self.vary.high)}"
        if len(self.crossings) == 1:
            (one,) = self.crossings
            words = "from" if one.side == "above" else "up to"
            return f"{self.condition} holds {words} {name} = {self._rounded(one)}{self._doubt(one)}"
        if self.crossings:
            turns = ", ".join(f"{one.side} {self._rounded(one)}{self._doubt(one)}" for one in self.crossings)
            return f"{self.condition} isn't monotone in {name}: from {span}, it holds {turns}"
        if self.flat:
            return f"{name} has no effect on {self.condition.metric} from {span}"
        if self.everywhere:
            return f"{self.condition} holds everywhere from {span}: no break-even of {name} in this range"
        return f"{self.condition} holds nowhere from {span}: no break-even of {name} in this range"

    def _rounded(self, one: Crossing) -> str:
        """Return a break-even with no more digits than its range allows."""
        return self.vary.text(one.x, one.high - one.low if one.high > one.low else 0.0)

    def _doubt(self, one: Crossing) -> str:
        if math.isnan(one.low):
            return ""
        span = f"{self.replications} replications, 95% confidence"
        if one.low == one.high:
            return f" ({span})"
        low, high = (self.vary.text(x, (one.high - one.low) / 10) for x in (one.low, one.high))
        return f" (in doubt from {low} to {high}; {span})"


def solve(
    scenario: Scenario,
    vary: str | Vary,
    until: str | None = None,
    *,
    against: Scenario | None = None,
    metric: str = "update_time_s",
    both: bool | None = None,
    replications: int = 1,
    scan: int = SCAN,
    tolerance: float = TOLERANCE,
    jobs: int = 1,
    executor: str | Executor | None = None,
    store: str | PathLike[str] | None = None,
) -> Solution:
    """Find where a condition begins or ceases to hold, as one setting is varied.

    Parameters
    ----------
    scenario : Scenario
    vary : str
        The setting and its range: ``compression.codec.rho=0.01..1``.
    until : str, optional
        The condition: ``speedup >= 8``. Or ``against``.
    against : Scenario, optional
        Another scenario that this one shall be as good as, by ``metric``.
    metric : str
        For ``against``.
    both : bool, optional
        For ``against``: whether the setting is varied in both; by default if it isn't under ``compression``.
    replications : int
        Runs for each value, under seeds that all values share.
    scan : int
        Values of the first scan, at least 2.
    tolerance : float
        Relative width to which a break-even is narrowed down.
    jobs, executor, store
        See :func:`simcluster.sweep`.

    Raises
    ------
    UserInputError
        If an argument is wrong, or the scenario doesn't take a value of the range.
    UnfinishedError
        If a run failed three times.
    """
    condition = condition_of(until, against is not None, metric)
    if scan < 2 or not tolerance > 0 or replications < 1:
        raise UserInputError("expected a scan of at least 2, a positive tolerance, and at least 1 replication")
    subject = subject_of(scenario, parse_vary(vary) if isinstance(vary, str) else vary, against, both)
    with open_runner(jobs, executor, store) as runner:
        trials = Trials(runner, subject, condition.metric, condition, replications)
        return search(trials, condition, scan, tolerance)


def condition_of(until: str | None, against: bool, metric: str) -> Condition:
    """Return the condition that is asked for.

    Raises
    ------
    UserInputError
        If there are none or two.
    """
    if (until is None) == (not against):
        raise UserInputError("a search needs a condition (until) or another scenario (against), and not both")
    check_metric(metric)
    return beats(metric) if until is None else parse_condition(until)


def search(trials: Trials, condition: Condition, scan: int = SCAN, tolerance: float = TOLERANCE) -> Solution:
    """Scan a range, and narrow down each change; see :func:`solve`."""
    seen = trials.at(trials.vary.steps(scan))
    crossings = [
        _narrowed(trials, one, two, tolerance)
        for one, two in pairwise(seen)
        if one.holds != two.holds
    ]
    flat = len({trial.measured.mean - trial.reference for trial in seen}) == 1
    if trials.replications > 1:
        crossings = [_with_doubt(trials, one) for one in crossings]
    one_seed = bool(crossings) and trials.one_seed(crossings[0].x)
    everywhere = all(one.holds for one in seen)
    return Solution(
        trials.vary, condition, crossings, everywhere, flat, trials.evidence, trials.replications, one_seed
    )


def _with_doubt(trials: Trials, crossing: Crossing) -> Crossing:
    """Return a break-even with the range in which it is in doubt, each end to a part of its distance."""
    below, above = sorted((crossing.holds, crossing.fails), key=lambda trial: trial.x)
    known = trials.known
    down = [trial for trial in reversed(known) if trial.x <= below.x]
    up = [trial for trial in known if trial.x >= above.x]
    ends = [_end_of_doubt(trials, down), _end_of_doubt(trials, up)]
    if all(trial.clear(trials.confidence) for trial in (below, above)):
        ends = [crossing.x, crossing.x]
    return replace(crossing, low=ends[0], high=ends[1])


def _end_of_doubt(trials: Trials, outwards: Sequence[Trial]) -> float:
    """Return the outermost value in doubt of those that lead away from a break-even."""
    inner = outer = outwards[0]
    for outer in outwards:
        if outer.clear(trials.confidence):
            break
        inner = outer
    vary, middle = trials.vary, outwards[0].x
    while abs(outer.x - inner.x) > _SHARE * abs(inner.x - middle):
        low, high = sorted((inner.x, outer.x))
        if vary.close(low, high, TOLERANCE):
            break
        (trial,) = trials.at([vary.between(low, high)])
        inner, outer = (inner, trial) if trial.clear(trials.confidence) else (trial, outer)
    return inner.x


def _narrowed(trials: Trials, low: Trial, high: Trial, tolerance: float) -> Crossing:
    while not trials.vary.close(low.x, high.x, tolerance):
        (middle,) = trials.at([trials.vary.between(low.x, high.x)])
        low, high = (middle, high) if middle.holds == low.holds else (low, middle)
    return Crossing(low, high) if low.holds else Crossing(high, low)
