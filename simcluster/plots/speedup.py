"""Speed-up over nodes against its ideal and its bounds: figure 6a of the paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from simcluster.plots import labels, series, style, tables

_IDEAL = "ideal_speedup"
#: The ideal leaves the picture at this multiple of what is reached, which would be a flat line at the bottom otherwise.
_HEADROOM = 1.7


def speedup(
    table: pd.DataFrame,
    ax: Axes,
    *,
    x: str = "cluster.workers",
    by: str | None = None,
    bounds: Sequence[str] = (),
) -> Axes:
    """Draw the speed-up over one node, one line a category.

    Parameters
    ----------
    table : DataFrame
        A sweep table: one row for each value of ``x`` and ``by``, with the column ``speedup``; ``ideal_speedup`` is
        drawn as a dotted line, if the table has it.
    ax : Axes
        Where to draw.
    x : str
        The parameter along the x axis: numbers.
    by : str, optional
        The column that tells the lines apart.
    bounds : sequence of str
        Columns of further speed-ups, such as theoretical bounds: dashed, in the colour of their category.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, no row has finite values, or two rows of one line share a value of ``x``.
    """
    ideal = [_IDEAL] if _IDEAL in table.columns else []
    rows, lost = tables.usable(table, [] if by is None else [by], [x, "speedup", *bounds, *ideal])
    handles: list[Artist] = []
    names: list[str] = []
    for one in series.split(rows, x, by, "simulated"):
        at = one.rows[x].to_numpy(float)
        for column in bounds:
            ax.plot(at, one.rows[column], color=one.color, linewidth=0.9, linestyle=(0, (4, 1.5)))
        handles.append(series.draw(ax, one, at, one.rows["speedup"].to_numpy(float)))
        names.append(one.label)
    for name, line in _references(ax, rows, x, bounds):
        handles.append(line)
        names.append(name)
    _limit(ax, rows, x, ["speedup", *bounds])
    ax.set_xlabel(labels.axis_label(x))
    ax.set_ylabel(labels.axis_label("speedup"))
    style.number_ticks(ax, rows[x].to_list())
    ax.locator_params(axis="y", nbins=6)
    style.dress(ax, grid="both")
    style.legend(ax, handles, names)
    style.remark(ax, lost)
    return ax


def _references(ax: Axes, rows: pd.DataFrame, x: str, bounds: Sequence[str]) -> list[tuple[str, Artist]]:
    """Draw the ideal and the speed-up of one node, and return these with the legend's sample of a bound."""
    said: list[tuple[str, Artist]] = []
    if bounds:
        names = ", ".join(style.literal(column.removesuffix("_speedup")) for column in bounds)
        said.append((names, Line2D([], [], color=style.BLACK, linewidth=0.9, linestyle=(0, (4, 1.5)))))
    if _IDEAL in rows.columns and rows[x].nunique() > 1:
        once = rows.drop_duplicates(x).sort_values(x)
        (line,) = ax.plot(once[x], once[_IDEAL], color=style.BLACK, linewidth=1.1, linestyle=(0, (1, 1)), zorder=1.9)
        said.append(("ideal", line))
    said.append(("one node", ax.axhline(1.0, color="#777777", linewidth=0.8, zorder=1.5)))
    return said


def _limit(ax: Axes, rows: pd.DataFrame, x: str, columns: Sequence[str]) -> None:
    reached = float(np.max(rows[list(columns)].to_numpy(float)))
    ideal = float(rows[_IDEAL].max()) if _IDEAL in rows.columns else reached
    ax.set_ylim(0, max(min(ideal * 1.02, reached * _HEADROOM), reached * 1.05, 1.1))
    left, right = float(rows[x].min()), float(rows[x].max())
    margin = 0.02 * (right - left) or 0.5
    ax.set_xlim(left - margin, right + margin)
