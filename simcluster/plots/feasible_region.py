"""Where compression pays: the region of compressed size and operation overhead under Eq. 5, with simulated points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from simcluster.plots import labels, series, style, tables

#: Markers of points; rings, so that points of several lines at one place are all seen, each a size larger.
_FEASIBLE: dict[str, Any] = {"marker": "o", "markeredgewidth": 0.9, "markerfacecolor": "none"}
_INFEASIBLE: dict[str, Any] = {"marker": "x", "markeredgewidth": 0.9}
#: Size of the smallest marker [pt].
_SIZE = 3.2
_VANILLA = "vanilla_update_time_s"


def feasible_region(
    points: pd.DataFrame,
    ax: Axes,
    *,
    bound: str = "max_operation_overhead",
    limit: str | None = None,
    x: str = "compression.codec.rho",
    y: str = "compression.operation_overhead",
    by: str | None = None,
) -> Axes:
    """Draw the line below which h and rho are feasible, the region under it, and simulated points by their shape.

    Parameters
    ----------
    points : DataFrame
        A sweep table: one row for each simulated point.
    ax : Axes
        Where to draw.
    bound : str
        Column of the largest ``y`` that is feasible at the row's ``x``, such as Eq. 5's: the line.
    limit : str, optional
        Column [s] of the time within which a simulated update (``update_time_s``) has to end for its point to count as
        feasible; by default ``vanilla_update_time_s`` if the table has it. Without any, points are told by the bound.
    x, y : str
        The columns along the axes.
    by : str, optional
        The column that tells several lines, and their points, apart.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, no row has finite values, or rows with the same ``x`` and ``by`` have different bounds.
    """
    limit = _VANILLA if limit is None and _VANILLA in points.columns else limit
    times = [] if limit is None else ["update_time_s", limit]
    rows, lost = tables.usable(points, [] if by is None else [by], [x, y, bound, *times])
    keys = [x] if by is None else [by, x]
    curves = rows[[*keys, bound]].drop_duplicates()
    tables.one_row_each(curves, keys)
    bottom, top = _span(rows[y])
    handles: list[Artist] = []
    names = []
    for one in series.split(curves, x, by, "bound"):
        at, height = one.rows[x].to_numpy(float), one.rows[bound].to_numpy(float)
        handles += ax.plot(at, height, color=one.color, linewidth=1.1, zorder=2)
        names.append(one.label)
        ax.fill_between(at, bottom, np.maximum(height, bottom), color=one.color, alpha=0.12, linewidth=0)
        some = rows if by is None else rows[rows[by] == one.rows[by].iloc[0]]
        good = some[y] <= some[bound] if limit is None else some["update_time_s"] <= some[limit]
        look: dict[str, Any] = {"color": one.color, "markersize": _SIZE + 2.2 * one.index}
        for shape, which in ((_FEASIBLE, good), (_INFEASIBLE, ~good)):
            ax.plot(some[x][which], some[y][which], linestyle="", zorder=3, **shape, **look)
    for shape in (_FEASIBLE, _INFEASIBLE):
        handles.append(Line2D([], [], linestyle="", color=style.BLACK, markersize=_SIZE, **shape))
    names += ["feasible", "infeasible"] if limit is None else ["simulated feasible", "infeasible"]
    ax.set_ylim(bottom, top)
    style.number_ticks(ax, rows[x].to_list())
    ax.set_xlabel(labels.axis_label(x))
    ax.set_ylabel(labels.axis_label(y))
    style.dress(ax, grid="both")
    style.legend(ax, handles, names)
    style.remark(ax, lost)
    return ax


def _span(heights: pd.Series) -> tuple[float, float]:
    low, high = float(heights.min()), float(heights.max())
    margin = 0.06 * (high - low) or 0.5
    return low - margin, high + margin
