"""What ``simcluster sweep`` prints and writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
import pandas as pd

from simcluster.cli.output import Folder
from simcluster.cli.plotting import Wanted, figure_of
from simcluster.cli.text import columns as aligned
from simcluster.cli.text import number
from simcluster.cli.theory_columns import theory_columns
from simcluster.errors import UnfinishedError, UserInputError
from simcluster.experiments import Plan, Swept, to_csv, with_intervals, write_csv
from simcluster.plots import KINDS, save

SWEEP_PLOTS = tuple(kind for kind, plot in KINDS.items() if plot.table == "sweep")

_SHOWN = ("update_time_s", "computation_s", "transfer_s", "speedup", "limited_by")
_MOST_ERRORS = 20


def wanted(plots: Sequence[str]) -> list[Wanted]:
    """Return the pictures that ``--plot`` asks for."""
    return [Wanted.parse(text, SWEEP_PLOTS) for text in plots]


def shown_columns(text: str | None) -> tuple[str, ...]:
    """Return the metrics to print."""
    return _SHOWN if text is None else tuple(name.strip() for name in text.split(","))


def headline(plan: Plan, replications: int, stored: int) -> str:
    """Say how many runs there are to do."""
    text = f"{len(plan.runs)} runs"
    if replications > 1:
        text += f": {len(plan.points)} points, {replications} replications of each"
    return f"{text}; {stored} are in the store, {len(plan.runs) - stored} are to do" if stored else text


class Report:
    """The table of a sweep with theory beside it, printed, written and drawn.

    Parameters
    ----------
    plan : Plan
    swept : Swept
    replications : int
    """

    def __init__(self, plan: Plan, swept: Swept, replications: int) -> None:
        self._plan = plan
        self._swept = swept
        self._replicated = replications > 1
        theory = {point: theory_columns(plan.points[point].scenario) for point in dict.fromkeys(swept.points)}
        beside = pd.DataFrame([theory[point] for point in swept.points], index=swept.table.index)
        self.table = pd.concat([swept.table, beside], axis=1)
        #: One row a point: what is printed and drawn.
        self._points = with_intervals(self.table) if self._replicated else self.table

    def csv(self) -> str:
        """Return all columns of all runs as CSV."""
        return to_csv(self.table)

    def echo(self, shown: Sequence[str]) -> None:
        """Print the settings of each point as they were written, and some of its metrics.

        Raises
        ------
        UserInputError
            If a column doesn't exist.
        """
        for name in shown if len(self.table) else ():
            if name not in self.table.columns:
                near = get_close_matches(name, list(self.table.columns), n=1)
                hint = f" (did you mean {near[0]!r}?)" if near else ""
                raise UserInputError(f"--columns: there is no metric {name!r}{hint}")
        settings = [column.setting for column in self._plan.columns]
        points = dict.fromkeys(self._swept.points) if self._replicated else self._swept.points
        cells = []
        for point, row in zip(points, self._points.to_dict("records"), strict=True):
            written = self._plan.points[point].settings
            cells.append([*(str(written[name]) for name in settings), *(self._cell(name, row) for name in shown)])
        click.echo("\n".join(aligned([[*settings, *shown], *cells], left=0)))

    def _cell(self, name: str, row: Mapping[Any, Any]) -> str:
        value = row[name]
        text = number(name, value) if isinstance(value, float) else str(value)
        if f"{name}_high" not in row:
            return text
        half_width = row[f"{name}_high"] - value
        return text if half_width <= 1e-9 * abs(value) else f"{text} ± {number(name, half_width)}"

    def write(self, folder: Folder, pictures: Sequence[Wanted]) -> Iterator[Path]:
        """Write the table and then the pictures; yield each file. A picture that can't be drawn loses no run."""
        place = folder.make()
        path = place / "sweep.csv"
        write_csv(self.table, path)
        yield path
        for wanted in pictures:
            picture = self._completed(wanted)
            for rows, name in self._parted(picture):
                yield from save(figure_of(picture, rows), place / name)

    def _completed(self, picture: Wanted) -> Wanted:
        """Choose the axes of a picture where the user didn't: the first numeric setting along x, another as lines."""
        names = {column.setting: column.name for column in self._plan.columns}
        known = KINDS[picture.kind].options()
        options = {option: names.get(value, value) for option, value in picture.options.items()}
        free = [name for name in names.values() if name not in options.values()]
        if picture.kind == "feasible-region":
            return picture
        if "x" in known and "x" not in options and free:
            numeric = [name for name in free if pd.api.types.is_numeric_dtype(self._points[name])]
            words = [name for name in free if name not in numeric]
            first = words if picture.kind == "totals" else numeric
            options["x"] = (first or free)[0]
            free.remove(str(options["x"]))
        if "by" in known and "by" not in options and free:
            options["by"] = free[0]
        return replace(picture, options=options)

    def _parted(self, picture: Wanted) -> list[tuple[pd.DataFrame, str]]:
        """Return the rows and the file name of one picture for each value of the settings that it doesn't show."""
        kept = {str(value) for value in picture.options.values()}
        if picture.kind == "feasible-region":
            kept |= {"compression.codec.rho", "compression.operation_overhead"}
        rest = [column.name for column in self._plan.columns if column.name not in kept]
        if not rest:
            return [(self._points, picture.kind)]
        return [
            (rows, "-".join([picture.kind, *(_file_word(value) for value in values)]))
            for values, rows in self._points.groupby(rest, sort=False)
        ]

    def raise_failures(self, store: Path | None) -> None:
        """Say which runs failed, and why.

        Raises
        ------
        UnfinishedError
            If any did.
        """
        errors = list(self._swept.errors.items())
        for settings, error in errors[:_MOST_ERRORS]:
            click.echo(f"failed: {settings}: {error}", err=True)
        if errors:
            again = "" if store is None else "; --retry-failed tries them again"
            raise UnfinishedError(f"{len(errors)} of {self._swept.progress.total} runs failed{again}")


def _file_word(value: object) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "_", str(value))
