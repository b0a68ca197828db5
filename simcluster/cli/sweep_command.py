"""``simcluster sweep``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from simcluster.cli.output import Folder, announce
from simcluster.cli.parameters import file_argument, out_option, scenario_options
from simcluster.cli.running import Where, progress_shown, resumable, running_options
from simcluster.simulation import load_grid


@click.command("sweep")
@file_argument
@scenario_options
@click.option(
    "--replications", type=click.IntRange(1), default=1, metavar="N",
    help="Runs of each point, under seeds that all points share.",
)
@running_options
@click.option("--spans", is_flag=True, help="Keep spans and links in the store, too.")
@click.option("--retry-failed", is_flag=True, help="Try runs again that the store knows to have failed.")
@click.option("--dry-run", is_flag=True, help="Say how many runs it would do, and do none.")
@click.option(
    "--plot", "plots", multiple=True, metavar="KIND[:OPTION=VALUE,...]",
    help="Draw a picture into the --out folder: breakdown, speedup, overhead, totals, feasible-region, lines, "
    "heat-map, break-even, comparison, pareto.",
)
@click.option("--columns", metavar="NAMES", help="Metrics to print, separated by commas; the files hold all of them.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the runs as CSV; without --columns, all columns.")
@out_option
def command(
    file: Path,
    overrides: Sequence[str],
    presets: Sequence[str],
    allow_path: bool,
    replications: int,
    where: Where,
    spans: bool,
    retry_failed: bool,
    dry_run: bool,
    plots: Sequence[str],
    columns: str | None,
    as_csv: bool,
    out: Path | None,
) -> None:
    """Simulate FILE at every point of a grid: its sweep block, and lists and ranges of --set and --preset.

    A range has both ends: 1..25, 1..32:x2 (factor 2), 1.0..2.0:0.1 (steps of 0.1).

    With --store the sweep can be stopped and resumed, and read while it runs; without, nothing is kept but what --out
    writes. From 64 runs on it takes all cores, unless --jobs says otherwise.
    """
    from simcluster.cli import sweep_output
    from simcluster.experiments import count_stored, plan_sweep, run_sweep

    folder = Folder.prepare(out, needed_for="--plot" if plots else None)
    wanted = sweep_output.wanted(plots)
    if spans and where.store is None:
        raise click.UsageError("--spans needs a file to keep them: add --store PATH")
    grid = load_grid(file, overrides, presets, allow_path=allow_path)
    announce(grid.notices)
    plan = plan_sweep(grid, replications)
    shown = sweep_output.shown_columns(columns, plan)
    stored, failed = count_stored(plan, where.store, spans=spans)
    click.echo(sweep_output.headline(plan, replications, stored, 0 if retry_failed else failed), err=not dry_run)
    if dry_run:
        return
    with resumable(where.store), progress_shown() as watch:
        options = where.arguments(len(plan.runs))
        swept = run_sweep(plan, spans=spans, retry_failed=retry_failed, watch=watch, **options)
    report = sweep_output.Report(plan, swept, replications)
    click.echo(report.csv(shown if columns else None), nl=False) if as_csv else report.echo(shown)
    report.finish(folder, wanted, where.store)
