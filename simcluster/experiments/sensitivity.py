"""Which setting moves a metric most, if each is changed a little: one at a time.

Every number of the resolved scenario is raised and lowered by the same share, whole numbers by at least one; what the
scenario refuses (a probability above 1) stays where it is. The elasticity says by how many percent the metric changes
if the setting changes by one; it is the slope between the two ends on logarithmic axes. All trials use the same seeds.
What depends on two settings at once is seen by the methods of :mod:`simcluster.experiments.screening` only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

from simcluster.errors import UserInputError
from simcluster.experiments.columns import column_of
from simcluster.experiments.estimates import estimate, mean_of
from simcluster.experiments.replicating import check_metric, numbers_of
from simcluster.experiments.running import open_runner
from simcluster.experiments.varying import Vary
from simcluster.scenario import ScenarioError, resolved

if TYPE_CHECKING:
    import pandas as pd

    from simcluster.scenario import Scenario

SPREAD = 0.1
#: What isn't a property of the training or the cluster: how long is simulated, and with which luck.
_LEFT_OUT = {"seed", "training.updates"}


@dataclass(frozen=True)
class Factor:
    """A setting of a scenario, and the range in which it is changed.

    Parameters
    ----------
    vary : Vary
    base : float
        Its value in the scenario, in base units; nan if it isn't there.
    range : str
        Whether the range is the one that was ``asked`` for, or ``one-sided``, or ``wider``.
    """

    vary: Vary
    base: float
    range: str = "asked"


def sensitivity(
    scenario: Scenario,
    metric: str = "update_time_s",
    *,
    spread: float = SPREAD,
    ranges: Sequence[Vary] = (),
    replications: int = 1,
    jobs: int = 1,
    executor: str | Executor | None = None,
    store: str | PathLike[str] | None = None,
) -> pd.DataFrame:
    """Change the settings of a scenario one at a time.

    Parameters
    ----------
    scenario : Scenario
    metric : str
        What is watched.
    spread : float
        Share by which each setting is raised and lowered, between 0 and 1.
    ranges : sequence of Vary
        Settings and their ends, from :func:`simcluster.experiments.parse_all`, instead of all settings.
    replications : int
        Runs for each change, under the same seeds.
    jobs, executor, store
        See :func:`simcluster.sweep`.

    Returns
    -------
    DataFrame
        A row for each setting that can be changed, by the size of its elasticity, the largest first: ``setting``;
        ``low``, ``base`` and ``high`` in base units, which ``unit`` names; ``<metric>_low`` and ``<metric>_high``, the
        metric at both ends; ``change``, the difference between them / the metric of the scenario; ``elasticity``; with
        several replications ``change_half_width`` and ``elasticity_half_width``, of the 95 % interval of paired
        differences; ``range``, which is ``asked``, or ``one-sided`` if the scenario refuses one end, or ``wider`` if
        a whole number had to go further than the spread. Settings without an elasticity come last, by their change.

    Raises
    ------
    UserInputError
        If an argument is wrong.
    UnfinishedError
        If a run failed three times.
    """
    import pandas as pd

    check_metric(metric)
    factors = factors_of(scenario, spread, ranges)
    variants = [one.vary.applied(scenario, x) for one in factors for x in (one.vary.low, one.vary.high)]
    if replications < 1:
        raise UserInputError(f"replications: expected at least 1, not {replications}")
    with open_runner(jobs, executor, store) as runner:
        rows = runner.metrics([scenario, *variants], range(replications))
    base, *values = (numbers_of(row, metric) for row in rows)
    lines = [_line(metric, one, base, *values[2 * place : 2 * place + 2]) for place, one in enumerate(factors)]
    table = pd.DataFrame(lines)
    ranks = table[["elasticity", "change"]].abs()
    order = ranks.sort_values(["elasticity", "change"], ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def factors_of(scenario: Scenario, spread: float, ranges: Sequence[Vary]) -> list[Factor]:
    """Return the settings that are changed, each with its ends.

    Raises
    ------
    UserInputError
        If the spread isn't between 0 and 1, or there is nothing to change.
    """
    if not 0 < spread < 1:
        raise UserInputError(f"spread: expected a share between 0 and 1, such as 0.1, not {spread}")
    base = dict(_numbers(resolved(scenario)))
    if ranges:
        return [Factor(one.fitted(scenario), base.get(one.setting, (math.nan, ""))[0]) for one in ranges]
    found = [_spread(scenario, name, value, unit, spread) for name, (value, unit) in base.items()]
    factors = [one for one in found if one is not None]
    if not factors:
        raise UserInputError("the scenario has no setting that could be changed")
    return factors


def _numbers(data: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, tuple[float, str]]]:
    """Yield the positive numbers of a resolved scenario: path, value in base units, and the suffix of their column."""
    for key, value in data.items():
        name = f"{path}{key}"
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{name}.")
        elif name not in _LEFT_OUT and isinstance(value, int | float | str) and not isinstance(value, bool):
            column = column_of(name, [value])
            number = column.value(value)
            if isinstance(number, int | float) and number > 0:
                yield name, (float(number), column.name.removeprefix(name))


def _spread(scenario: Scenario, name: str, value: float, suffix: str, spread: float) -> Factor | None:
    """Return a setting with ends around its value that the scenario takes; None if it takes no other value."""
    real = Vary(name, value * (1 - spread), value * (1 + spread), f"{name}{suffix}")
    step = max(1.0, float(round(value * spread)))
    whole = Vary(name, max(value - step, 0.0), value + step, name, whole=True)
    for one in (real, whole) if value.is_integer() and not suffix else (real,):
        low = one.low if _takes(scenario, one, one.low) else value
        high = one.high if _takes(scenario, one, one.high) else value
        if low < high:
            kind = "one-sided" if value in (low, high) else "wider" if one.whole and step > value * spread else "asked"
            return Factor(Vary(name, low, high, one.column, whole=one.whole), value, kind)
    return None


def _takes(scenario: Scenario, vary: Vary, x: float) -> bool:
    try:
        vary.applied(scenario, x)
    except ScenarioError:
        return False
    return True


def _line(
    metric: str, factor: Factor, base: Sequence[float], at_low: Sequence[float], at_high: Sequence[float]
) -> dict[str, Any]:
    vary = factor.vary
    low, high, middle = mean_of(at_low), mean_of(at_high), mean_of(base)
    pairs = list(zip(at_low, at_high, strict=True))
    change = estimate([after - before for before, after in pairs])
    line = {
        "setting": vary.setting,
        "unit": vary.base_unit,
        "low": vary.low,
        "base": factor.base,
        "high": vary.high,
        f"{metric}_low": low,
        f"{metric}_high": high,
        "change": change.mean / middle if middle else math.nan,
        "elasticity": _elasticity(vary, low, high),
    }
    if len(base) > 1:
        line["change_half_width"] = change.half_width / abs(middle) if middle else math.nan
        line["elasticity_half_width"] = estimate([_elasticity(vary, *pair) for pair in pairs]).half_width
    return {**line, "range": factor.range}


def _elasticity(vary: Vary, at_low: float, at_high: float) -> float:
    """Return the slope between both ends on logarithmic axes; nan where there are none."""
    if min(at_low, at_high, vary.low) <= 0:
        return math.nan
    return math.log(at_high / at_low) / math.log(vary.high / vary.low)
