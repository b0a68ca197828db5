"""Sweeps: one run for each replication of each point of a grid, one row for each run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcluster.errors import UnfinishedError, UserInputError
from simcluster.experiments.columns import Column, columns_of
from simcluster.experiments.performing import Task
from simcluster.experiments.reading import read_table
from simcluster.experiments.running import Progress, Watch, open_runner, unwatched
from simcluster.experiments.seeding import replicated, run_key
from simcluster.experiments.store import PlannedRun, Store
from simcluster.simulation import load_grid

if TYPE_CHECKING:
    import pandas as pd

    from simcluster.scenario import Grid, GridPoint

#: What one axis may be in Python: a range or list as a scenario file writes it, or the values themselves.
Axis = str | Sequence[object]

MOST_RUNS = 1_000_000


@dataclass(frozen=True)
class Plan:
    """All runs of a sweep.

    Parameters
    ----------
    points : sequence of GridPoint
        In the order of the grid.
    columns : sequence of Column
        The columns of their settings.
    runs : sequence of PlannedRun
        Point by point, and within one replication by replication.
    """

    points: Sequence[GridPoint]
    columns: Sequence[Column]
    runs: Sequence[PlannedRun]

    def shuffled(self) -> list[PlannedRun]:
        """Return the runs in an order in which a part of them shows the whole.

        Every point comes once before any comes a second time. Within a replication the order is that of the keys, which
        are hashes: random, and always the same.
        """
        return sorted(self.runs, key=lambda run: (run.replication, run.key))

    def tasks(self, *, spans: bool) -> Iterator[Task]:
        """Yield the runs as tasks, shuffled."""
        for run in self.shuffled():
            yield Task(run.key, replicated(self.points[run.point].scenario, run.replication), spans)


@dataclass(frozen=True)
class Swept:
    """What a sweep gave.

    Parameters
    ----------
    table : DataFrame
        See :func:`sweep`.
    progress : Progress
        How many runs were done, taken from the store, and lost.
    points : sequence of int
        For each row of the table, the number of its point.
    errors : mapping of str to str
        For the runs that failed: their settings in words, and why.
    """

    table: pd.DataFrame
    progress: Progress
    points: Sequence[int]
    errors: Mapping[str, str]


def plan_sweep(grid: Grid, replications: int = 1) -> Plan:
    """Return what a sweep over a grid would run.

    Parameters
    ----------
    grid : Grid
        From :func:`simcluster.simulation.load_grid`.
    replications : int
        Runs of each point, under different seeds (:mod:`simcluster.experiments.seeding`).

    Raises
    ------
    UserInputError
        If ``replications`` is less than 1, there are more than a million runs, or two points have the same settings:
        their runs would be the same, too, and no replications of each other.
    """
    if replications < 1:
        raise UserInputError(f"replications: expected at least 1, not {replications}")
    if len(grid) * replications > MOST_RUNS:
        raise UserInputError(f"{len(grid) * replications} runs; expected at most {MOST_RUNS}")
    columns = columns_of(grid.axes)
    if replications > 1:  # the column ``seed`` says under which seed a run really ran
        columns = [replace(column, name="scenario.seed") if column.name == "seed" else column for column in columns]
    points = list(grid)
    cells = [{column.name: column.value(point.settings[column.setting]) for column in columns} for point in points]
    _refuse_twins(points, cells)
    runs = []
    for place, (point, settings) in enumerate(zip(points, cells, strict=True)):
        for replication in range(replications):
            scenario = replicated(point.scenario, replication)
            runs.append(PlannedRun(place, replication, settings, scenario.seed, run_key(scenario)))
    return Plan(points, columns, runs)


def _refuse_twins(points: Sequence[GridPoint], cells: Sequence[Mapping[str, Any]]) -> None:
    seen: dict[tuple[Any, ...], int] = {}
    for place, settings in enumerate(cells):
        first = seen.setdefault(tuple(settings.values()), place)
        if first != place:
            one, other = (", ".join(f"{name}={value}" for name, value in points[at].settings.items())
                          for at in (first, place))
            raise UserInputError(
                f"two points of the sweep are the same: {one} and {other} (points {first + 1} and {place + 1}); "
                "leave one out: --replications runs a point more than once"
            )


def run_sweep(
    plan: Plan,
    *,
    jobs: int = 1,
    executor: str | Executor | None = None,
    store: str | PathLike[str] | None = None,
    spans: bool = False,
    retry_failed: bool = False,
    watch: Watch = unwatched,
) -> Swept:
    """Carry out a plan; see :func:`sweep` for the parameters and errors."""
    columns = [column.name for column in plan.columns]
    with open_runner(jobs, executor, store) as runner:
        number = runner.store.plan(plan.points[0].scenario.name, columns, plan.runs)
        progress = runner.carry_out(plan.tasks(spans=spans), retry_failed=retry_failed, watch=watch)
        table = read_table(runner.store.connection, "summary", number, runner.store.path)
        failures = runner.store.failures([run.key for run in plan.runs]) if progress.failed else {}
    points = [run.point for run in plan.runs if run.key not in failures]
    return Swept(table, progress, points, {_words(run): failures[run.key] for run in plan.runs if run.key in failures})


def _words(run: PlannedRun) -> str:
    settings = ", ".join(f"{name}={value}" for name, value in run.settings.items())
    return f"{settings or 'the scenario'}{f', replication {run.replication}' if run.replication else ''}"


def count_stored(plan: Plan, store: str | PathLike[str] | None, *, spans: bool = False) -> tuple[int, int]:
    """Return how many runs of a plan a store has already, and how many it knows to have failed.

    Parameters
    ----------
    plan : Plan
    store : path-like or None
        It isn't made if it does not exist.
    spans : bool
        Whether only runs count whose spans are stored.
    """
    if store is None or not Path(store).exists():
        return 0, 0
    keys = [run.key for run in plan.runs]
    with Store(store) as opened:
        return len(opened.finished(keys, spans=spans)), len(opened.failures(keys))


def sweep(
    path: str | PathLike[str],
    axes: Mapping[str, Axis] | None = None,
    *,
    overrides: Sequence[str] = (),
    presets: Sequence[str] = (),
    replications: int = 1,
    jobs: int = 1,
    executor: str | Executor | None = None,
    store: str | PathLike[str] | None = None,
    spans: bool = False,
    retry_failed: bool = False,
    watch: Watch = unwatched,
) -> pd.DataFrame:
    """Run a scenario file over a grid.

    Parameters
    ----------
    path : path-like
        The scenario file; its ``sweep:`` block is part of the grid.
    axes : mapping of str to str or sequence
        Further axes, by the path of the setting: ``{"cluster.workers": "1..25"}``, or a list of values.
    overrides, presets : sequence of str
        As ``--set`` and ``--preset`` take them; ``vanilla,gzip`` makes presets an axis.
    replications : int
        Runs of each point, under seeds that are the same at all points.
    jobs : int
        Worker processes; 1: none but this one. A script with more must guard its own lines with
        ``if __name__ == "__main__":``.
    executor : str or concurrent.futures.Executor
        ``dask://HOST:PORT``, or any executor; instead of ``jobs``.
    store : path-like
        A file in which all runs are kept: the same sweep goes on where it stopped, and :func:`load_store` reads it.
    spans : bool
        Whether the store keeps spans and links, too.
    retry_failed : bool
        Whether runs are tried again that the store knows to have failed.
    watch : callable
        Told the :class:`Progress` after each chunk of runs.

    Returns
    -------
    pandas.DataFrame
        A row for each run, in the order of the grid: the settings (quantities as numbers in base units, in columns such
        as ``network.bandwidth_bytes_per_s``), ``replication``, ``seed``, and the metrics of ``Result.summary``.
        The same bytes whatever the number of processes, and whether the sweep was interrupted or not.

    Raises
    ------
    UserInputError
        If the file, an axis or another argument is wrong; nothing has run then.
    UnfinishedError
        If runs failed three times, or the store can't be written; the others are in the store.
    """
    grid = load_grid(path, overrides=[*overrides, *axis_texts(axes or {})], presets=presets)
    plan = plan_sweep(grid, replications)
    swept = run_sweep(
        plan, jobs=jobs, executor=executor, store=store, spans=spans, retry_failed=retry_failed, watch=watch
    )
    for settings, error in swept.errors.items():
        count = f"{len(swept.errors)} of {swept.progress.total} runs failed"
        raise UnfinishedError(f"{count}; the first: {settings}: {error}")
    return swept.table


def axis_texts(axes: Mapping[str, Axis]) -> list[str]:
    """Return axes as overrides, such as ``cluster.workers=1..25``."""
    return [
        f"{key}={values if isinstance(values, str) else ','.join(_word(value) for value in values)}"
        for key, values in axes.items()
    ]


def _word(value: object) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)
