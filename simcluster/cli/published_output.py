"""What ``simcluster published`` prints and writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simcluster.cli.text import columns
from simcluster.experiments import to_csv, write_csv
from simcluster.experiments.validation import errors_by_system

if TYPE_CHECKING:
    import pandas as pd

#: The page has this many runs, or more: enough for all cores.
MANY = 100


def echo(table: pd.DataFrame, *, as_csv: bool) -> None:
    """Print the page."""
    click.echo(to_csv(table) if as_csv else "\n".join(_page(table)), nl=not as_csv)


def write(table: pd.DataFrame, folder: Path) -> None:
    """Write the page as CSV, the errors by system, and the picture.

    Raises
    ------
    UnfinishedError
        If that fails.
    """
    from simcluster.plots import draw, save

    write_csv(table, folder / "published.csv")
    write_csv(errors_by_system(table), folder / "errors.csv")
    save(draw("published", table[table["outcome"] == "predicted"], width=5.0), folder / "published")


def _page(table: pd.DataFrame) -> Iterator[str]:
    predicted = table[table["outcome"] == "predicted"]
    for system, rows in predicted.groupby("system", sort=False):
        yield str(system)
        yield from _results(rows)
        yield from _assumed(rows)
        yield ""
    yield "not predicted"
    yield from _left_out(table[table["outcome"] != "predicted"])
    yield ""
    yield from _summary(errors_by_system(table))


def _results(rows: pd.DataFrame) -> Iterator[str]:
    """Yield the results of a system as a table; a scheme that all of them share is said once."""
    alike = rows["scheme"].nunique() == 1
    if alike:
        yield f"  {rows['scheme'].iloc[0]}"
    heads = ["  row", "model", *([] if alike else ["scheme"]), "workers", "metric"]
    lines = [[*heads, "published", "predicted", "error", "perfect"]]
    for row in rows.to_dict("records"):
        names = [f"  {row['row']}", row["model"], *([] if alike else [row["scheme"]]), row["workers"], row["metric"]]
        published = f"{'at least ' if row['bound'] else ''}{row['published']:.5g}"
        errors = [f"{row[error]:+.1%}" for error in ("relative_error", "perfect_error")]
        lines.append([*names, published, f"{row['predicted']:.5g}", *errors])
    yield from columns(lines, left=len(heads))


def _assumed(rows: pd.DataFrame) -> Iterator[str]:
    """Yield what was assumed: for all rows of a system, and for some."""
    where: dict[str, list[int]] = {}
    for number, text in zip(rows["row"], rows["assumed"], strict=True):
        for one in str(text).split("; "):
            where.setdefault(one, []).append(number)
    together: dict[tuple[int, ...], list[str]] = {}
    for one, numbers in where.items():
        together.setdefault(tuple(numbers), []).append(one)
    for some, inputs in sorted(together.items(), key=lambda item: -len(item[0])):
        which = "" if len(some) == len(rows) else f" in {_numbers(some)}"
        yield f"  assumed{which}: {'; '.join(inputs)}"


def _left_out(table: pd.DataFrame) -> Iterator[str]:
    """Yield the rows that aren't predicted, by reason."""
    for (system, outcome, reason), rows in table.groupby(["system", "outcome", "reason"], sort=False):
        yield f"  {_numbers(rows['row'].tolist())} {system} ({outcome}): {reason}"


def _numbers(rows: Sequence[int]) -> str:
    """Return the numbers of rows, with ranges."""
    ranges: list[list[int]] = []
    for row in rows:
        if ranges and row == ranges[-1][1] + 1:
            ranges[-1][1] = row
        else:
            ranges.append([row, row])
    said = ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in ranges)
    return f"{'row' if len(rows) == 1 else 'rows'} {said}"


def _summary(errors: pd.DataFrame) -> list[str]:
    """Return the errors by system as a table."""
    lines = [["system", "results", "median error", "worst", "perfect scaling", "speed ratio"]]
    for row in errors.to_dict("records"):
        shares = [f"{row[error]:.1%}" for error in ("median_error", "worst_error", "median_perfect_error")]
        lines.append([row["system"], f"{row['results']}", *shares, f"{row['median_speed_ratio']:.3f}"])
    return columns(lines)
