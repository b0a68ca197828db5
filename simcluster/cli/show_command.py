"""``simcluster show``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from simcluster.cli.output import announce
from simcluster.cli.parameters import file_argument, scenario_options
from simcluster.scenario import to_yaml
from simcluster.simulation import load


@click.command("show")
@file_argument
@scenario_options
def command(file: Path, overrides: Sequence[str], presets: Sequence[str], allow_path: bool) -> None:
    """Print the scenario of FILE as it would be run: catalogue entries filled in, presets and overrides applied."""
    loaded = load(file, overrides, presets, allow_path=allow_path)
    announce(loaded.notices)
    click.echo(to_yaml(loaded.scenario), nl=False)
