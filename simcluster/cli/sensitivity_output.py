"""What ``simcluster sensitivity`` prints."""

from __future__ import annotations

import math
from typing import Any

import click
import pandas as pd

from simcluster.cli.text import columns
from simcluster.experiments import to_csv

_SHARES = {"change"}
_MARKS = {
    "one-sided": "the scenario refuses the other end",
    "wider": "a whole number moves by one at least",
}
#: Changes below this share of the metric are rounding.
_NOTHING = 1e-9


def echo_table(table: pd.DataFrame, *, as_csv: bool) -> None:
    """Print the settings, the one that moves the metric most first; those without effect are named in one line."""
    if as_csv:
        click.echo(to_csv(table), nl=False)
        return
    idle = table["change"].abs() <= _NOTHING if "change" in table.columns else pd.Series(False, index=table.index)
    rows = [
        [_cell(name, value) for name, value in row.items()]
        for row in table[~idle].to_dict("records")
    ]
    click.echo("\n".join(columns([list(table.columns), *rows])))
    for mark, meaning in _MARKS.items():
        if "range" in table.columns and (table["range"][~idle] == mark).any():
            click.echo(f"{mark}: {meaning}")
    if idle.any():
        click.echo(f"\nwithout effect: {', '.join(table['setting'][idle])}")


def _cell(name: Any, value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    if math.isnan(value):
        return "-"
    if name == "change_half_width":
        return f"{value:.2%}"
    return f"{value:+.2%}" if name in _SHARES else f"{value:.5g}"
