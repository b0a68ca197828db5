"""``simcluster validate``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from simcluster.cli.output import announce
from simcluster.cli.parameters import scenario_options
from simcluster.errors import UserInputError
from simcluster.escaping import printable
from simcluster.simulation import load_grid


@click.command("validate")
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@scenario_options
def command(files: Sequence[Path], overrides: Sequence[str], presets: Sequence[str], allow_path: bool) -> None:
    """Check each of FILES, its presets and its sweep block, and print all that is wrong without running anything."""
    reports = []
    for file in files:
        try:
            grid = load_grid(file, overrides, presets, allow_path=allow_path)
        except UserInputError as error:
            reports.append(str(error))
            continue
        announce(grid.notices)
        click.echo(f"{printable(str(file))}: valid{f', a grid of {len(grid)} runs' if grid.axes else ''}")
    if reports:
        raise UserInputError("\n".join(reports))
