"""What ``simcluster solve`` prints."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from simcluster.cli.text import columns
from simcluster.errors import UnfinishedError, UserInputError
from simcluster.experiments import Optimum, Solution, columns_of, map_table, to_csv
from simcluster.experiments.trials import ONE_SEED

if TYPE_CHECKING:
    import pandas as pd

    from simcluster.scenario import Grid, GridPoint


def only_point(grid: Grid) -> GridPoint:
    """Return the point of a grid that has one.

    Raises
    ------
    UserInputError
        If it has more.
    """
    if len(grid) > 1:
        raise UserInputError(f"--minimise and --maximise take one scenario, and this is a grid of {len(grid)}")
    return next(iter(grid))


def point_done(total: int) -> Callable[[int], None]:
    """Return a callback that shows on a terminal how many points of a map are solved."""

    def show(points: int) -> None:
        if total > 1 and sys.stderr.isatty():
            click.echo(f"\r{points} of {total} points{'' if points < total else chr(10)}", err=True, nl=False)

    return show


def echo_optimum(optimum: Optimum, metric: str, *, as_csv: bool) -> None:
    """Print all trials, and the best."""
    _echo_evidence(optimum.evidence, as_csv)
    kind = "largest" if optimum.maximise else "smallest"
    value = optimum.best.measured.mean
    click.echo(f"\n{metric} is {kind} at {optimum.vary.setting} = {optimum.text}: {value:.6g}", err=as_csv)
    for remark in optimum.remarks:
        click.echo(f"note: {remark}", err=True)


def echo_solutions(grid: Grid, pairs: Sequence[tuple[GridPoint, Solution]], *, as_csv: bool) -> None:
    """Print all trials and the answer; of a grid, the map.

    Raises
    ------
    UnfinishedError
        If there is no break-even anywhere.
    """
    if grid.axes:
        _echo_evidence(map_table(columns_of(grid.axes), pairs), as_csv)
        _echo_luck([solution for _, solution in pairs])
        if not any(solution.crossings for _, solution in pairs):
            raise UnfinishedError("there is no break-even in this range, at no point")
        return
    ((_, solution),) = pairs
    _echo_evidence(solution.evidence, as_csv)
    if not solution.crossings:
        raise UnfinishedError(solution.verdict)
    click.echo(f"\n{solution.verdict}", err=as_csv)
    _echo_luck([solution])


def _echo_luck(solutions: Sequence[Solution]) -> None:
    if any(solution.one_seed for solution in solutions):
        click.echo(f"note: {ONE_SEED}", err=True)


def _echo_evidence(table: pd.DataFrame, as_csv: bool) -> None:
    if as_csv:
        click.echo(to_csv(table), nl=False)
        return
    rows = [[_cell(value) for value in row] for row in table.itertuples(index=False, name=None)]
    click.echo("\n".join(columns([list(table.columns), *rows], left=0)))


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
