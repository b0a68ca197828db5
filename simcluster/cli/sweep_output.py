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

from simcluster.cli.output import Folder, say_written
from simcluster.cli.plotting import Wanted, figure_of
from simcluster.cli.text import columns as aligned
from simcluster.cli.text import number
from simcluster.cli.theory_columns import theory_columns
from simcluster.errors import UnfinishedError, UserInputError
from simcluster.experiments import Plan, Swept, to_csv, with_intervals, write_csv
from simcluster.learning.options import CLASSIFIERS
from simcluster.plots import KINDS, save
from simcluster.results.summary import NUMBERS, WORDS

SWEEP_PLOTS = tuple(kind for kind, plot in KINDS.items() if plot.table == "sweep")

_SHOWN = ("update_time_s", "computation_s", "transfer_s", "speedup", "limited_by")
#: What is shown instead, where something is learned: the time to the target, and how good it got.
_LEARNED = ("update_time_s", "time_to_target_s", "final_accuracy", "final_loss", "coupling")
_MOST_ERRORS = 20
_UNLIKE = (
    "note: not all points mean the same by an update, which has the contributions of all workers or of a few: "
    "compare speedup or samples_per_s, not times of an update"
)


def wanted(plots: Sequence[str]) -> list[Wanted]:
    """Return the pictures that ``--plot`` asks for."""
    return [Wanted.parse(text, SWEEP_PLOTS) for text in plots]


def shown_columns(text: str | None, plan: Plan) -> tuple[str, ...]:
    """Return the metrics to print, before anything runs.

    Raises
    ------
    UserInputError
        If one doesn't exist.
    """
    if text is None:
        return _usual(plan)
    names = tuple(name.strip() for name in text.split(","))
    known = dict.fromkeys([*NUMBERS, *WORDS, "replication", "seed", *(column.name for column in plan.columns)])
    for name in names:
        if name not in known:  # what theory says of some points only is asked for seldom, and takes a while
            known |= dict.fromkeys(column for point in plan.points for column in theory_columns(point.scenario))
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else f"; there are {', '.join(known)}"
            raise UserInputError(f"--columns: there is no metric {name!r}{hint}")
    return names


def _usual(plan: Plan) -> tuple[str, ...]:
    """Return the metrics that are printed unless somebody asks for others."""
    learning = [section for point in plan.points if (section := point.scenario.learning) is not None]
    if not learning:
        return _SHOWN
    unasked = set() if any(one.goal is not None for one in learning) else {"time_to_target_s"}
    if all(one.problem.kind not in CLASSIFIERS for one in learning):
        unasked.add("final_accuracy")
    return tuple(name for name in _LEARNED if name not in unasked)


def headline(plan: Plan, replications: int, stored: int, failed: int) -> str:
    """Say how many runs there are to do.

    Parameters
    ----------
    plan : Plan
    replications : int
    stored, failed : int
        Runs that the store has; runs that it knows to have failed, and that aren't tried again.
    """
    todo = len(plan.runs) - stored - failed
    text = _counted(len(plan.runs), "run")
    if replications > 1:
        text += f": {_counted(len(plan.points), 'point')}, {replications} replications of each"
    if not stored and not failed:
        return text
    known = f"; {stored} {'is' if stored == 1 else 'are'} in the store"
    lost = f", {failed} failed before (--retry-failed tries again)" if failed else ""
    return f"{text}{known}{lost}, {todo} {'is' if todo == 1 else 'are'} to do"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


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

    def csv(self, shown: Sequence[str] | None) -> str:
        """Return all runs as CSV: all columns, or the settings, replication, seed and some metrics."""
        if shown is None:
            return to_csv(self.table)
        settings = [column.name for column in self._plan.columns]
        names = dict.fromkeys([*settings, "replication", "seed", *shown])
        return to_csv(self.table.reindex(columns=list(names)))

    def echo(self, shown: Sequence[str]) -> None:
        """Print the settings of each point as they were written, and some of its metrics."""
        settings = [column.setting for column in self._plan.columns]
        points = dict.fromkeys(self._swept.points) if self._replicated else self._swept.points
        cells = []
        for point, row in zip(points, self._points.to_dict("records"), strict=True):
            written = self._plan.points[point].settings
            cells.append([*(str(written[name]) for name in settings), *(self._cell(name, row) for name in shown)])
        click.echo("\n".join(aligned([[*settings, *shown], *cells], left=0)))
        scenarios = [self._plan.points[point].scenario for point in points]
        schemes = dict.fromkeys(scenario.training.scheme for scenario in scenarios)
        if len(schemes) > 1 and len(dict.fromkeys(scenario.contributing_share for scenario in scenarios)) > 1:
            click.echo(_UNLIKE, err=True)

    def _cell(self, name: str, row: Mapping[Any, Any]) -> str:
        value = row.get(name)
        if value is None:
            return "-"
        text = number(name, value) if isinstance(value, float) else str(value)
        if f"{name}_high" not in row:
            return text
        half_width = row[f"{name}_high"] - value
        return text if half_width <= 1e-9 * abs(value) else f"{text} ± {number(name, half_width)}"

    def write(self, folder: Folder, pictures: Sequence[Wanted]) -> Iterator[Path]:
        """Write the table and then the pictures; yield each file.

        Raises
        ------
        UserInputError
            After all others are drawn, if there are pictures that can't be: a line for each.
        """
        place = folder.make()
        path = place / "sweep.csv"
        write_csv(self.table, path)
        yield path
        problems: dict[str, None] = {}
        for wanted in pictures:
            picture = self._completed(wanted)
            for rows, name in self._parted(picture):
                try:
                    yield from save(figure_of(picture, rows), place / name)
                except UserInputError as error:
                    problems[str(error)] = None
        if problems:
            raise UserInputError("\n".join(problems))

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

    def finish(self, folder: Folder | None, pictures: Sequence[Wanted], store: Path | None) -> None:
        """Say which runs failed and why, write all files, and end with an error if something is missing.

        Raises
        ------
        UserInputError
            If a picture can't be drawn, and all runs are done.
        UnfinishedError
            If runs failed.
        """
        errors = list(self._swept.errors.items())
        for settings, error in errors[:_MOST_ERRORS]:
            click.echo(f"failed: {settings}: {error}", err=True)
        if len(errors) > _MOST_ERRORS:
            click.echo(f"failed: and {len(errors) - _MOST_ERRORS} more", err=True)
        try:
            for path in () if folder is None else self.write(folder, pictures):
                say_written(path)
        except UserInputError as problem:
            if not errors:
                raise
            click.echo(problem, err=True)
        if errors:
            again = "" if store is None else f"; --retry-failed tries {'it' if len(errors) == 1 else 'them'} again"
            total = _counted(self._swept.progress.total, "run")
            raise UnfinishedError(f"{len(errors)} of {total} failed{again}")


def _file_word(value: object) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "_", str(value))
