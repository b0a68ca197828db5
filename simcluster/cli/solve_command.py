"""``simcluster solve``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from simcluster.cli.output import announce
from simcluster.cli.parameters import file_argument, scenario_options
from simcluster.cli.running import Where, resumable, running_options
from simcluster.simulation import load, load_grid

if TYPE_CHECKING:
    from simcluster.scenario import Grid


@click.command("solve")
@file_argument
@scenario_options
@click.option(
    "--vary", required=True, metavar="PATH=LOW..HIGH",
    help="The setting to solve for, for example network.bandwidth=1..40Gbit/s.",
)
@click.option("--until", metavar="CONDITION", help="Where does it begin or cease to hold? For example 'speedup >= 8'.")
@click.option("--against", type=click.Path(path_type=Path), metavar="OTHER", help="Where is FILE as good as OTHER?")
@click.option("--against-preset", "other_presets", multiple=True, metavar="NAME", help="Apply a patch of OTHER to it.")
@click.option("--minimise", metavar="METRIC", help="Where is a metric smallest?")
@click.option("--maximise", metavar="METRIC", help="Where is a metric largest?")
@click.option(
    "--metric", default="update_time_s", show_default=True, metavar="METRIC", help="What --against compares."
)
@click.option(
    "--both/--alone", default=None,
    help="Whether --against varies the setting in both, or in FILE alone.  [default: both, but for compression.*]",
)
@click.option(
    "--replications", type=click.IntRange(1), default=1, show_default=True, metavar="N",
    help="Runs for each value, under seeds that all values share.",
)
@running_options
@click.option("--csv", "as_csv", is_flag=True, help="Print the evidence, or the map, as CSV.")
def command(
    file: Path,
    overrides: Sequence[str],
    presets: Sequence[str],
    allow_path: bool,
    vary: str,
    until: str | None,
    against: Path | None,
    other_presets: Sequence[str],
    minimise: str | None,
    maximise: str | None,
    metric: str,
    both: bool | None,
    replications: int,
    where: Where,
    as_csv: bool,
) -> None:
    """Find the value of a setting of FILE at which a condition turns true, or a metric is best.

    All trials are printed. If --set has lists or ranges (or FILE a sweep block), the break-even is sought at every
    point: a break-even map. --set holds for OTHER, too, but for settings under compression.
    """
    from simcluster.cli import solve_output
    from simcluster.experiments import optimise, parse_vary, solve_grid

    _check_goals(until, against, minimise, maximise)
    setting = parse_vary(vary)
    grid = load_grid(file, overrides, presets, allow_path=allow_path)
    _check_free(setting.setting, overrides, grid)
    announce(grid.notices)
    options = {"replications": replications, **where.arguments()}
    best = minimise or maximise
    with resumable(where.store):
        if best is not None:
            scenario = solve_output.only_point(grid).scenario
            optimum = optimise(scenario, setting, best, maximise=maximise is not None, **options)
            solve_output.echo_optimum(optimum, best, as_csv=as_csv)
            return
        other = None
        if against is not None:
            other = load(against, _shared(overrides, grid), other_presets, allow_path=allow_path).scenario
        done = solve_output.point_done(len(grid))
        pairs = solve_grid(grid, setting, until, other, metric, both, done=done, **options)
    solve_output.echo_solutions(grid, pairs, as_csv=as_csv)


def _check_goals(until: str | None, against: Path | None, minimise: str | None, maximise: str | None) -> None:
    """See that one thing is asked for, and that what belongs to ``--against`` isn't given without it."""
    if sum(goal is not None for goal in (until, against, minimise, maximise)) != 1:
        raise click.UsageError("ask for one thing: --until, --against, --minimise or --maximise")
    context = click.get_current_context()
    for name, option in (("other_presets", "--against-preset"), ("both", "--both/--alone"), ("metric", "--metric")):
        if against is None and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option} belongs to --against, which is missing")


def _check_free(setting: str, overrides: Sequence[str], grid: Grid) -> None:
    """See that nothing else sets what is varied."""
    if setting in [text.partition("=")[0].strip() for text in overrides]:
        raise click.UsageError(f"--set {setting}: --vary varies it, so that it can't be set")
    if setting in grid.axes:
        raise click.UsageError(f"--vary {setting}: the file's sweep block has it as an axis")


def _shared(overrides: Sequence[str], grid: Grid) -> list[str]:
    """Return the overrides that hold for both scenarios at all points."""
    from simcluster.experiments import is_shared

    names = [text.partition("=")[0].strip() for text in overrides]
    pairs = zip(names, overrides, strict=True)
    return [text for name, text in pairs if name not in grid.axes and is_shared(name)]
