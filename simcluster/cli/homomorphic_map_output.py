"""What ``simcluster homomorphic-map`` prints and writes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from simcluster.cli.output import Folder, say_written
from simcluster.cli.text import columns, seconds
from simcluster.errors import UserInputError
from simcluster.experiments import names_inside, to_csv, write_csv

if TYPE_CHECKING:
    import pandas as pd

    from simcluster.experiments import CandidateSet

_GBIT = 1e9 / 8


def echo(table: pd.DataFrame, field: CandidateSet, speedup: float | None, *, as_csv: bool) -> None:
    """Print where the candidates lie, where they enter, and who is inside."""
    if as_csv:
        click.echo(to_csv(table), nl=False)
        return
    plain = field.plain
    workers, rate = plain.cluster.total_workers, plain.network.bandwidth / _GBIT
    goal = "an update as fast as the plain one" if speedup is None else f"a speed-up of {speedup:g} over one device"
    click.echo(f"{plain.name}: {workers} workers, {rate:g} Gbit/s; the goal is {goal}")
    if "bound" in table:
        reach, fall = table["bound"].iloc[0], table["slope"].iloc[0]
        click.echo(f"Eq. 5: h <= {reach:.4g} - {fall:.4g} rho")
    click.echo()
    click.echo("\n".join(columns([_HEAD, *(_row(row) for row in _records(table))], left=2)))
    if "inside_from_workers" in table:
        click.echo("\nwhere each is inside (in brackets: by Eq. 5)")
        click.echo("\n".join(columns([_EDGE_HEAD, *(_edges(row) for row in _records(table))])))
    inside = names_inside(table)
    click.echo(f"\ninside, the fastest first: {', '.join(inside)}" if inside else "\nnone is inside")


def write(table: pd.DataFrame, folder: Folder) -> None:
    """Write the table, and the map if Eq. 5 holds here, into a folder.

    Raises
    ------
    UserInputError
        If that fails.
    """
    path = folder.make()
    try:
        written = [path / "homomorphic_map.csv"]
        write_csv(table, written[0])
        if "bound" in table:
            from simcluster.plots import draw, save

            written += save(draw("homomorphic-map", table), path / "homomorphic_map")
    except OSError as error:
        raise UserInputError(f"--out {path}: {error.strerror}") from error
    for file in written:
        say_written(file)


_HEAD = ["candidate", "used as", "rho", "h", "h charged", "h of Eq. 5", "update", "speed-up", "inside", "by Eq. 5"]
_EDGE_HEAD = ["candidate", "bandwidth", "workers"]
_WAYS = {"homomorphic": "computed on compressed", "recoded": "decoded at every update", "model": "another model"}


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _row(row: dict[str, Any]) -> list[str]:
    largest = row.get("max_operation_overhead", math.nan)
    return [
        row["candidate"],
        _WAYS[row["way"]],
        f"{row['rho']:.4f}",
        f"{row['operation_overhead']:.3g}",
        f"{row['charged_overhead']:.3g}",
        "-" if math.isnan(largest) else f"{largest:.3g}",
        seconds(row["update_time_s"]),
        f"{row['speedup']:.3g}",
        _yes(row["inside"]),
        _yes(row["theory_inside"]) if "theory_inside" in row else "-",
    ]


def _edges(row: dict[str, Any]) -> list[str]:
    rates = [row[f"inside_{end}_bytes_per_s"] / _GBIT for end in ("from", "to")]
    rate = _span(rates[0], rates[1], " Gbit/s")
    edge = row.get("theory_edge_bytes_per_s", math.nan) / _GBIT
    if any(math.isfinite(one) for one in rates) and math.isfinite(edge):
        rate += f" ({edge:.4g})"
    workers = _span(row["inside_from_workers"], row["inside_to_workers"], "")
    known = [row.get(f"theory_{end}_workers", math.nan) for end in ("from", "to")]
    if "theory_from_workers" in row:
        workers += " (never)" if math.isnan(known[0]) else f" ({known[0]:.0f} to {known[1]:.0f})"
    return [row["candidate"], rate, workers]


def _yes(holds: Any) -> str:
    return "yes" if holds else "no"


def _span(low: float, high: float, unit: str) -> str:
    """Return a stretch of a range in words."""
    if math.isnan(low):
        return "nowhere"
    if math.isinf(low) and math.isinf(high):
        return "everywhere"
    if math.isinf(low):
        return f"up to {high:.4g}{unit}"
    return f"from {low:.4g}{unit}" if math.isinf(high) else f"{low:.4g} to {high:.4g}{unit}"
