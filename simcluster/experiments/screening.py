"""Which settings matter if all of them change at once: the methods of Morris and of Sobol, through SALib (an extra).

Morris (1991) walks through the ranges one step at a time from many starting points: ``mu_star`` is the mean size of a
step's effect on the metric, ``sigma`` its spread, large where the effect depends on other settings. Sobol (2001;
indices by Saltelli 2010) says which share of the metric's variance a setting explains alone (``S1``) and with all
others (``ST``). Runs: Morris ``samples * (n + 1)``, Sobol ``samples * (n + 2)`` for n settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from simcluster.errors import UserInputError
from simcluster.experiments.estimates import mean_of
from simcluster.experiments.replicating import check_metric, numbers_of
from simcluster.experiments.running import open_runner
from simcluster.experiments.sensitivity import SPREAD, Factor, factors_of
from simcluster.experiments.varying import Vary
from simcluster.scenario import ScenarioError, with_settings
from simcluster.simulation import Registry

if TYPE_CHECKING:
    import pandas as pd

    from simcluster.scenario import Scenario

Method = Literal["morris", "sobol"]
_RANKED_BY = {"morris": "mu_star", "sobol": "ST"}
_COLUMNS = {"morris": ("mu", "mu_star", "sigma", "mu_star_conf"), "sobol": ("S1", "S1_conf", "ST", "ST_conf")}
SAMPLES = {"morris": 20, "sobol": 64}


def screen(
    scenario: Scenario,
    metric: str = "update_time_s",
    *,
    method: Method = "morris",
    samples: int | None = None,
    spread: float = SPREAD,
    ranges: Sequence[Vary] = (),
    replications: int = 1,
    jobs: int = 1,
    executor: str | Executor | None = None,
    store: str | PathLike[str] | None = None,
) -> pd.DataFrame:
    """Change the settings of a scenario together.

    Parameters
    ----------
    scenario : Scenario
        Its seed also chooses the samples.
    metric : str
    method : {'morris', 'sobol'}
    samples : int, optional
        Walks of Morris (20), or base samples of Sobol (64, a power of two).
    spread, ranges, replications, jobs, executor, store
        See :func:`simcluster.experiments.sensitivity`.

    Returns
    -------
    DataFrame
        A row for each setting, the one that matters most first: setting, unit, low, high, and the method's figures.

    Raises
    ------
    UserInputError
        If an argument is wrong, the scenario doesn't take a combination, or SALib isn't installed.
    UnfinishedError
        If a run failed three times.
    """
    check_metric(metric)
    factors = factors_of(scenario, spread, ranges)
    count = SAMPLES[method] if samples is None else samples
    if count < 2 or (method == "sobol" and count & (count - 1)):
        raise UserInputError(f"samples: expected at least 2, for Sobol a power of two, not {count}")
    problem = {
        "num_vars": len(factors),
        "names": [one.vary.setting for one in factors],
        "bounds": [[one.vary.low, one.vary.high] for one in factors],
    }
    design = _design(problem, method, count, scenario.seed)
    variants = [_combined(scenario, factors, row) for row in design]
    with open_runner(jobs, executor, store) as runner:
        rows = runner.metrics(variants, range(replications))
    values = [mean_of(numbers_of(row, metric)) for row in rows]
    return _table(factors, method, _analysis(problem, method, design, values, scenario.seed))


def _design(problem: dict[str, Any], method: Method, count: int, seed: int) -> Any:
    try:
        from SALib.sample import morris, sobol
    except ImportError as error:
        raise UserInputError(f"the method {method} needs SALib: pip install 'simcluster[sensitivity]'") from error
    seed %= 2**32
    if method == "morris":
        return morris.sample(problem, count, seed=seed)
    return sobol.sample(problem, count, calc_second_order=False, seed=seed)


def _combined(scenario: Scenario, factors: Sequence[Factor], row: Sequence[float]) -> Scenario:
    pairs = zip(factors, row, strict=True)
    settings = {one.vary.setting: round(x) if one.vary.whole else float(x) for one, x in pairs}
    try:
        return with_settings(scenario, settings, Registry())
    except ScenarioError as error:
        raise UserInputError(f"the settings can't all be changed at once; choose some with --vary\n{error}") from error


def _analysis(problem: dict[str, Any], method: Method, design: Any, values: Sequence[float], seed: int) -> Any:
    import numpy as np
    from SALib.analyze import morris, sobol

    outcome = np.array(values)
    seed %= 2**32
    if method == "morris":
        return morris.analyze(problem, design, outcome, seed=seed)
    return sobol.analyze(problem, outcome, calc_second_order=False, seed=seed)


def _table(factors: Sequence[Factor], method: Method, figures: Any) -> pd.DataFrame:
    import pandas as pd

    vary = [one.vary for one in factors]
    table = pd.DataFrame(
        {
            "setting": [one.setting for one in vary],
            "unit": [one.base_unit for one in vary],
            "low": [one.low for one in vary],
            "high": [one.high for one in vary],
            **{name: [float(value) for value in figures[name]] for name in _COLUMNS[method]},
        }
    )
    return table.sort_values(_RANKED_BY[method], ascending=False, kind="stable", ignore_index=True)
