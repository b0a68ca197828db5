"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

file_argument = click.argument("file", type=click.Path(path_type=Path))
out_option = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Write tables and plots into DIR."
)
confidence_option = click.option(
    "--confidence", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.95, show_default=True,
    metavar="P", help="Confidence of the intervals.",
)


def scenario_options(command: F) -> F:
    """Add the options that choose what is read from a scenario file."""
    decorators = (
        click.option(
            "--set", "overrides", multiple=True, metavar="PATH=VALUE",
            help="Override a setting, for example network.bandwidth=10Gbit/s.",
        ),
        click.option("--preset", "presets", multiple=True, metavar="NAME", help="Apply a named patch of the file."),
        click.option("--allow-path", is_flag=True, help="Let 'extends' leave the folder of the file."),
    )
    for decorate in reversed(decorators):
        command = decorate(command)
    return command
