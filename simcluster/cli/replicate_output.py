"""What ``simcluster replicate`` prints."""

from __future__ import annotations

from typing import Any

import click

from simcluster.cli.text import columns, number
from simcluster.errors import UnfinishedError
from simcluster.experiments import Replications, to_csv
from simcluster.learning.history import COUPLINGS


def echo_replications(found: Replications, metric: str, *, as_csv: bool) -> None:
    """Print the metrics with their intervals, and what ``--until`` came to.

    Raises
    ------
    UnfinishedError
        If ``--until`` would take more runs than are allowed.
    """
    if as_csv:
        click.echo(to_csv(found.table), nl=False)
    else:
        rows = [_row(line) for line in found.estimates.to_dict("records")]
        click.echo("\n".join([*columns([["metric", "mean", "half-width", "low", "high"], *rows]), *_aim(found)]))
    one = found.estimate
    words = f"{metric}: {number(metric, one.mean)} ± {number(metric, one.half_width)}"
    click.echo(f"\n{words} ({one.relative:.2%}), {one.count} runs, {one.confidence:.0%} confidence", err=as_csv)
    if not found.reached:
        raise UnfinishedError(f"{one.count} runs aren't enough for what --until asks for; --most allows more")


def _aim(found: Replications) -> list[str]:
    """Say how clock and values are coupled, and what the time to the target is for; nothing if nothing is learned."""
    first = found.table.iloc[0]
    if first["coupling"] is None:
        return []
    target = "" if first["target"] is None else f"; target: {first['target']}"
    return ["", f"what was learned ({COUPLINGS[first['coupling']]}{target})"]


def _row(line: dict[Any, Any]) -> list[str]:
    name = str(line["metric"])
    return [name, *(number(name, line[key]) for key in ("mean", "half_width", "low", "high"))]
