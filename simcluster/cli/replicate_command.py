"""``simcluster replicate``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from click.core import ParameterSource

from simcluster.cli.output import announce
from simcluster.cli.parameters import confidence_option, file_argument, scenario_options
from simcluster.cli.running import Where, resumable, running_options
from simcluster.simulation import load


@click.command("replicate")
@file_argument
@scenario_options
@click.option(
    "--replications", type=click.IntRange(2), default=10, show_default=True, metavar="N",
    help="Runs, each under a seed of its own; with --until, those of the pilot.",
)
@click.option(
    "--until", type=click.FloatRange(0, min_open=True), metavar="SHARE",
    help="Go on until the half-width of the interval is this share of the mean, for example 0.01.",
)
@click.option("--metric", default="update_time_s", show_default=True, metavar="METRIC", help="What --until watches.")
@click.option(
    "--most", type=click.IntRange(2), default=10_000, show_default=True, metavar="N",
    help="Most runs for --until, the pilot's included.",
)
@confidence_option
@running_options
@click.option("--csv", "as_csv", is_flag=True, help="Print all runs with all their metrics as CSV.")
def command(
    file: Path,
    overrides: Sequence[str],
    presets: Sequence[str],
    allow_path: bool,
    replications: int,
    until: float | None,
    metric: str,
    most: int,
    confidence: float,
    where: Where,
    as_csv: bool,
) -> None:
    """Run FILE under several seeds, and print each metric with its confidence interval.

    --until takes two stages: a pilot gives the deviation, and from it follows how many runs are needed.
    """
    from simcluster.cli.replicate_output import echo_replications
    from simcluster.experiments import replicate

    source = click.get_current_context().get_parameter_source("most")
    if until is None and source is ParameterSource.COMMANDLINE:
        raise click.UsageError("--most limits --until, which is missing")
    loaded = load(file, overrides, presets, allow_path=allow_path)
    announce(loaded.notices)
    with resumable(where.store):
        found = replicate(
            loaded.scenario, replications, until=until, metric=metric, confidence=confidence, most=most,
            **where.arguments(),
        )
    echo_replications(found, metric, as_csv=as_csv)
