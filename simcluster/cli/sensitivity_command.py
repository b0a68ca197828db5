"""``simcluster sensitivity``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from simcluster.cli.output import announce
from simcluster.cli.parameters import file_argument, scenario_options
from simcluster.cli.running import Where, resumable, running_options
from simcluster.simulation import load


@click.command("sensitivity")
@file_argument
@scenario_options
@click.option("--metric", default="update_time_s", show_default=True, metavar="METRIC", help="What is watched.")
@click.option(
    "--method", type=click.Choice(["one-at-a-time", "morris", "sobol"]), default="one-at-a-time", show_default=True,
    help="Change each setting alone; or all together (needs SALib).",
)
@click.option(
    "--spread", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.1, show_default=True,
    metavar="SHARE", help="Share by which each setting is raised and lowered.",
)
@click.option(
    "--vary", "ranges", multiple=True, metavar="PATH=LOW..HIGH", help="Change these settings only, between these ends."
)
@click.option("--samples", type=click.IntRange(2), metavar="N", help="Walks of Morris, or base samples of Sobol.")
@click.option(
    "--replications", type=click.IntRange(1), default=1, show_default=True, metavar="N",
    help="Runs for each change, under the same seeds.",
)
@running_options
@click.option("--csv", "as_csv", is_flag=True, help="Print all columns as CSV.")
def command(
    file: Path,
    overrides: Sequence[str],
    presets: Sequence[str],
    allow_path: bool,
    metric: str,
    method: str,
    spread: float,
    ranges: Sequence[str],
    samples: int | None,
    replications: int,
    where: Where,
    as_csv: bool,
) -> None:
    """Tell which setting of FILE moves a metric most.

    By default every number of the scenario is raised and lowered by 10 %, one at a time. The elasticity says by how
    many percent the metric changes if the setting grows by one percent.
    """
    from simcluster.cli import sensitivity_output
    from simcluster.experiments import parse_all, screen, sensitivity

    loaded = load(file, overrides, presets, allow_path=allow_path)
    announce(loaded.notices)
    chosen = parse_all(ranges)
    with resumable(where.store):
        if method in ("morris", "sobol"):
            table = screen(
                loaded.scenario, metric, method=method, samples=samples, spread=spread, ranges=chosen,  # type: ignore[arg-type]
                replications=replications, **where.arguments(),
            )
        else:
            table = sensitivity(
                loaded.scenario, metric, spread=spread, ranges=chosen,
                replications=replications, **where.arguments(),
            )
    sensitivity_output.echo_table(table, as_csv=as_csv)
