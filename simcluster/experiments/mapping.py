"""Break-even maps: the break-even value of one setting at every point of a grid of others."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from os import PathLike
from typing import TYPE_CHECKING, Any

from simcluster.experiments.columns import Column, columns_of
from simcluster.experiments.running import open_runner
from simcluster.experiments.solving import Solution, condition_of, search
from simcluster.experiments.sweeping import Axis, axis_texts
from simcluster.experiments.trials import Trials, is_shared, subject_of
from simcluster.experiments.varying import Vary, parse_vary
from simcluster.scenario import with_settings
from simcluster.simulation import Registry, load_grid

if TYPE_CHECKING:
    import pandas as pd

    from simcluster.scenario import Grid, GridPoint, Scenario


def break_even_map(
    path: str | PathLike[str],
    vary: str,
    over: Mapping[str, Axis],
    until: str | None = None,
    *,
    against: Scenario | None = None,
    metric: str = "update_time_s",
    both: bool | None = None,
    presets: Sequence[str] = (),
    replications: int = 1,
    jobs: int = 1,
    executor: str | Executor | None = None,
    store: str | PathLike[str] | None = None,
) -> pd.DataFrame:
    """Find the break-even value of one setting at every point of a grid.

    Parameters
    ----------
    path : path-like
        The scenario file.
    vary : str
        The setting that is solved for, and its range: ``compression.codec.rho=0.01..1``.
    over : mapping of str to str or sequence
        The axes of the map: ``{"network.bandwidth": "1..10 Gbit/s"}``. Where they don't lie under ``compression``,
        they are set in ``against``, too.
    presets : sequence of str
    until, against, metric, both, replications, jobs, executor, store
        See :func:`simcluster.experiments.solve`.

    Returns
    -------
    DataFrame
        A row for each break-even, point by point: the settings of the point and the setting that was solved for, both
        in base units in columns such as ``network.bandwidth_bytes_per_s``; and ``holds``, where the condition holds:
        ``above`` or ``below`` the value. A point without a break-even has one row with nan, and ``everywhere`` or
        ``nowhere``. With replications there are ``low`` and ``high``, too: the range in which it is in doubt.

    Raises
    ------
    UserInputError
        If an argument is wrong.
    UnfinishedError
        If a run failed three times.
    """
    grid = load_grid(path, overrides=axis_texts(over), presets=presets)
    pairs = solve_grid(
        grid, parse_vary(vary), until, against, metric, both,
        replications=replications, jobs=jobs, executor=executor, store=store,
    )
    return map_table(columns_of(grid.axes), pairs)


def solve_grid(
    grid: Grid,
    vary: Vary,
    until: str | None,
    against: Scenario | None,
    metric: str,
    both: bool | None,
    *,
    replications: int = 1,
    jobs: int = 1,
    executor: str | Executor | None = None,
    store: str | PathLike[str] | None = None,
    done: Callable[[int], None] = lambda points: None,
) -> list[tuple[GridPoint, Solution]]:
    """Solve at every point of a grid; see :func:`break_even_map`. ``done`` is told the number of points that are."""
    condition = condition_of(until, against is not None, metric)
    pairs = []
    with open_runner(jobs, executor, store) as runner:
        for point in grid:
            subject = subject_of(point.scenario, vary, against and _beside(against, point.settings), both)
            trials = Trials(runner, subject, condition.metric, condition, replications)
            pairs.append((point, search(trials, condition)))
            done(len(pairs))
    return pairs


def _beside(against: Scenario, settings: Mapping[str, Any]) -> Scenario:
    """Return the other scenario with the settings of a point that both share."""
    shared = {name: value for name, value in settings.items() if name != "preset" and is_shared(name)}
    return with_settings(against, shared, Registry()) if shared else against


def map_table(columns: Sequence[Column], pairs: Sequence[tuple[GridPoint, Solution]]) -> pd.DataFrame:
    """Return the solutions at the points of a grid as a table; see :func:`break_even_map`."""
    import pandas as pd

    rows = []
    for point, solution in pairs:
        settings = {column.name: column.value(point.settings[column.setting]) for column in columns}
        name = solution.vary.column
        for one in solution.crossings:
            doubt = {"low": one.low, "high": one.high} if solution.replications > 1 else {}
            rows.append({**settings, name: one.x, "holds": one.side, **doubt})
        if not solution.crossings:
            rows.append({**settings, name: math.nan, "holds": "everywhere" if solution.everywhere else "nowhere"})
    return pd.DataFrame(rows)
