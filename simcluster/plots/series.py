"""Lines of a metric by category: what the speed-up and the generic plot share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from simcluster.plots import labels, style, tables

#: About so many markers a line, however many points it has.
_MARKERS_A_LINE = 9


@dataclass(frozen=True)
class Series:
    """The rows of one category, sorted along x, with its name, colour and marker."""

    rows: pd.DataFrame
    label: str
    color: str
    marker: str
    index: int


def split(rows: pd.DataFrame, x: str, by: str | None, label: str = "") -> Iterator[Series]:
    """Yield one series for each value of ``by``, or one named ``label`` without it.

    Raises
    ------
    ValueError
        If two rows of one series share a value of ``x``.
    """
    tables.one_row_each(rows, [x] if by is None or by == x else [by, x])
    values = [None] if by is None else tables.in_order(rows[by])
    for index, value in enumerate(values):
        some = rows if by is None else rows[rows[by] == value]
        name = label if by is None else labels.value_label(by, value, rows[by])
        color, marker, _ = style.category(index)
        yield Series(some.sort_values(x) if labels.is_numeric(rows[x]) else some, name, color, marker, index)


def draw(ax: Axes, series: Series, x: np.ndarray, y: np.ndarray) -> Line2D:
    """Draw one series; its markers are staggered, so that lines on top of each other still show both."""
    every = max(1, round(len(x) / _MARKERS_A_LINE))
    (line,) = ax.plot(
        x,
        y,
        color=series.color,
        marker=series.marker,
        markersize=3.2,
        markevery=(series.index * every // 3 % max(every, 1), every),
        linewidth=1.1,
        label=series.label,
    )
    return line
