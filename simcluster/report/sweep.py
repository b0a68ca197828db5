"""The report of a sweep: what became of it, which settings were tried, how the result depends on them, all points."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from simcluster.plots import labels
from simcluster.report.html import Html, page, prose, table, tag, with_remark
from simcluster.report.pieces import Gallery, key_figures, number, settings_table

#: Confidence of the intervals, unless whoever made the points says another one.
CONFIDENCE = 0.95

#: Metrics of the table of all points.
_SHOWN = ("update_time_s", "computation_s", "transfer_s", "speedup", "efficiency", "limited_by")
#: Further ones, where something is learned.
_LEARNED = ("time_to_target_s", "final_accuracy", "final_loss", "coupling")
_MOST_ROWS = 1000
_MOST_FAILURES = 100
#: Pictures of one kind, one for each combination of the settings that it can't show.
_MOST_PICTURES = 6
_COMPARED = 4
#: More lines than this are a thicket, and a map has to do.
_LINES = 7
_PAIR = 2
_VANILLA = "vanilla_update_time_s"
#: An interval that is narrower than this share of its mean is a single number.
_SAME = 1e-9


def sweep_page(
    title: str,
    points: pd.DataFrame,
    settings: Sequence[str],
    *,
    runs: pd.DataFrame | None = None,
    scenario: Mapping[str, Any] | None = None,
    confidence: float = CONFIDENCE,
) -> str:
    """Return the report of a sweep as a whole HTML document.

    Parameters
    ----------
    title : str
        Name of the scenario.
    points : DataFrame
        One row for each point of which a run is done: its settings and metrics; with replications their means, their
        number in ``replications``, and intervals in ``<metric>_low`` and ``<metric>_high``.
    settings : sequence of str
        The columns that are settings, in the order of the grid.
    runs : DataFrame, optional
        One row for each run that was planned: its settings, ``replication``, ``seed``, ``status`` (``done``, ``failed``
        or ``waiting``) and ``error``. Without, all that is known is what is done.
    scenario : mapping, optional
        The resolved scenario of the first point that is done.
    confidence : float
        Of the intervals.

    Raises
    ------
    ValueError
        If there are neither points nor runs that failed.
    """
    if points.empty and (runs is None or not (runs["status"] == "failed").any()):
        raise ValueError("nothing to report: the sweep has no points that are done")
    known = points if runs is None else runs
    named = [name for name in settings if name in known.columns]
    return page(title, _sections(title, points, named, runs, scenario or {}, confidence))


def _sections(
    title: str,
    points: pd.DataFrame,
    settings: Sequence[str],
    runs: pd.DataFrame | None,
    scenario: Mapping[str, Any],
    confidence: float,
) -> Iterator[Html]:
    gallery = Gallery()
    yield tag("h1", title)
    if scenario.get("description"):
        yield tag("p", str(scenario["description"]))
    yield tag("p", " ".join(_headline(points, runs)))
    if not points.empty:
        yield key_figures(list(_extremes(points, settings)))
    yield from _varied(points if runs is None else runs, settings)
    if runs is not None:
        yield from _failures(runs, settings)
    if not points.empty:
        varied = [name for name in settings if points[name].nunique() > 1]
        yield from _pictures(points, varied, gallery)
    if scenario:
        yield tag("h2", "The scenario")
        yield tag("p", "Every setting as the first point that is done has it, all presets and overrides applied.")
        yield settings_table(scenario)
    if not points.empty:
        yield tag("h2", "All points")
        yield from _all_points(points, settings, confidence)


def _headline(points: pd.DataFrame, runs: pd.DataFrame | None) -> Iterator[str]:
    """Yield how large the sweep is, how often each point runs, and how far it came."""
    if runs is None:
        yield f"A sweep of {len(points)} points."
        if "replications" in points.columns:
            least, most = int(points["replications"].min()), int(points["replications"].max())
            yield f"{most if least == most else f'{least} to {most}'} replications of each."
        yield "What failed and what the scenario is, a page about a file of 'simcluster sweep --store' tells."
        return
    replications = runs["replication"].nunique()
    yield f"A sweep of {len(runs) // replications} points."
    if replications > 1:
        yield f"{replications} replications of each."
    done, failed, waiting = (int((runs["status"] == status).sum()) for status in ("done", "failed", "waiting"))
    yield f"{done} of {len(runs)} runs done, {failed} failed" + (f", {waiting} still to do." if waiting else ".")
    if done < len(runs):
        yield "What follows is about those that are done."


def _varied(tried: pd.DataFrame, settings: Sequence[str]) -> Iterator[Html]:
    """Yield the values of each setting, also those that are still to be tried."""
    yield tag("h2", "What was varied")
    rows = [[_title(name), prose(_values(name, tried[name]))] for name in settings]
    yield table(["setting", "values"], rows, text=(0, 1))


def _failures(runs: pd.DataFrame, settings: Sequence[str]) -> Iterator[Html]:
    """Yield which runs failed, and why."""
    failed = runs[runs["status"] == "failed"]
    if failed.empty:
        return
    yield tag("h2", "Failed runs")
    if len(failed) > _MOST_FAILURES:
        yield tag("p", f"The first {_MOST_FAILURES} of {len(failed)}.")
    rows = [
        [prose(_point(row, settings)), str(row["replication"]), str(row["seed"]), prose(str(row["error"]))]
        for _, row in failed.head(_MOST_FAILURES).iterrows()
    ]
    yield table(["point", "replication", "seed", "error"], rows, text=(0, 3))


def _all_points(points: pd.DataFrame, settings: Sequence[str], confidence: float) -> Iterator[Html]:
    """Yield the table of all points, with intervals where there are replications."""
    replicated = "replications" in points.columns
    if replicated:
        said = f"{100 * confidence:.4g} %"
        yield tag("p", f"Means over the replications; ± is half the width of the interval at a confidence of {said}.")
    if len(points) > _MOST_ROWS:
        yield tag("p", f"The first {_MOST_ROWS} of {len(points)}.")
    wanted = [*(["replications"] if replicated else []), *_SHOWN]
    wanted += [name for name in _LEARNED if name in points.columns and points[name].notna().any()]
    columns = [*settings, *(name for name in wanted if name in points.columns)]
    rows = points.head(_MOST_ROWS).to_dict("records")
    cells = [[_cell(name, row) for name in columns] for row in rows]
    words = [place for place, name in enumerate(columns) if not labels.is_numeric(points[name])]
    yield table([_title(name) for name in columns], cells, text=words)


def _cell(name: str, row: Mapping[Any, Any]) -> str:
    """Return a value, with half the width of its interval below if it has one."""
    value = row[name]
    text = number(name, value)
    half_width = row[f"{name}_high"] - value if f"{name}_high" in row else math.nan
    if not math.isfinite(half_width) or half_width <= _SAME * abs(value):
        return text
    return with_remark(text, f"± {number(name, half_width)}")


def _title(column: str) -> str:
    """Return what a column is called, without a unit: each value has its own."""
    known = labels.axis_label(column).replace(r"\$", "$") or column
    return column.replace("_", " ") if known == column and "." not in column else known


def _point(row: pd.Series, settings: Sequence[str]) -> str:
    """Return the settings of a point in words."""
    said = []
    for name in settings:
        value = labels.value_label(name, row[name]).replace(r"\$", "$")
        said.append(value if " = " in value or name == "preset" else f"{_title(name)} {value}")
    return ", ".join(said)


def _values(column: str, values: pd.Series) -> str:
    """Return the distinct values of a setting in words: all of them, or how many there are and where they end."""
    distinct = list(values.drop_duplicates())
    if len(distinct) <= 12:
        return ", ".join(number(column, value) for value in distinct)
    return f"{len(distinct)} values from {number(column, distinct[0])} to {number(column, distinct[-1])}"


def _extremes(points: pd.DataFrame, settings: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield the points with the shortest and the longest update."""
    times = points["update_time_s"]
    for name, place in (("shortest update", times.argmin()), ("longest update", times.argmax())):
        row = points.iloc[int(place)]
        yield name, number("update_time_s", float(row["update_time_s"])), _point(row, settings)
    best = points.iloc[int(points["speedup"].argmax())]
    yield "highest speed-up", number("speedup", float(best["speedup"])), _point(best, settings)


def _pictures(points: pd.DataFrame, settings: Sequence[str], gallery: Gallery) -> Iterator[Html]:
    """Yield what suits the settings: numbers along axes first, and one picture for each value of those left over."""
    numeric = [name for name in settings if labels.is_numeric(points[name])]
    ordered = [*numeric, *(name for name in settings if name not in numeric)]
    if not ordered:
        return
    shown, left = ordered[:2], ordered[2:]
    yield tag("h2", "How the result depends on it")
    for count, (where, rows) in enumerate(_parted(points, left)):
        if count == _MOST_PICTURES:
            yield tag("p", "Pictures of further combinations are left out; the table has all of them.")
            return
        if where:
            yield tag("h3", where)
        yield from _of_two(rows, shown, numeric, gallery)


def _parted(points: pd.DataFrame, left: Sequence[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the rows of each combination of the settings that pictures don't show, and what it is called."""
    if not left:
        yield "", points
        return
    # Names come in the order of the grid; numbers by size, as the first that is done need not be the first planned.
    numeric = all(labels.is_numeric(points[name]) for name in left)
    for _, rows in points.groupby(list(left), sort=numeric):
        yield _point(rows.iloc[0], left), rows


def _of_two(rows: pd.DataFrame, shown: Sequence[str], numeric: Sequence[str], gallery: Gallery) -> Iterator[Html]:
    """Yield the pictures of a sweep over one or two settings."""
    x, by = shown[0], shown[1] if len(shown) > 1 else None
    if by is None or rows[by].nunique() <= _LINES:
        kind = "lines" if x in numeric else "totals"
        options = {"x": x} if by is None else {"x": x, "by": by}
        yield gallery.picture(kind, rows, "Time per update.", narrow=True, y="update_time_s", **options)
        yield gallery.picture(kind, rows, "Speed-up.", narrow=True, y="speedup", **options)
    if by is None:
        if len(rows) <= _COMPARED:
            yield gallery.picture("comparison", rows, "The parts of an update, side by side.", narrow=True, by=x)
        else:
            yield gallery.picture("breakdown", rows, "The parts of an update.", x=x)
        return
    if by not in numeric and x in numeric and rows[by].nunique() <= _COMPARED:
        for name, some in rows.groupby(by, sort=False):
            yield gallery.picture("breakdown", some, f"The parts of an update: {name}.", narrow=True, x=x)
    elif min(rows[x].nunique(), rows[by].nunique()) > _PAIR:
        yield gallery.picture("heat-map", rows, "Time per update.", narrow=True, x=x, by=by)
    if _has_break_even(rows, x, by, numeric):
        caption = "Where it is faster than the same cluster without compression."
        yield gallery.picture("break-even", rows, caption, narrow=True, x=x, by=by)


def _has_break_even(rows: pd.DataFrame, x: str, by: str, numeric: Sequence[str]) -> bool:
    """Whether a map of break-evens says anything: two axes of numbers, and compression that makes a difference."""
    if not {x, by} <= set(numeric) or _VANILLA not in rows.columns or rows[_VANILLA].isna().any():
        return False
    differs = (rows[_VANILLA] / rows["update_time_s"] - 1).abs() > 1e-6
    return bool(differs.any()) and min(rows[x].nunique(), rows[by].nunique()) > 1
