"""Any metric over any parameter: the picture when nothing special is asked.

Where the table has intervals of the metric, in columns ``<metric>_low`` and ``<metric>_high``, or in
``<metric>_half_width``, points have bars, and lines of many points a band.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from simcluster.plots import bars, labels, series, style, tables

_LOW, _HIGH = "interval low", "interval high"
#: Intervals narrower than this share of the value aren't seen, and not spoken of.
_SEEN = 1e-6
#: A line of more points than this has a band.
_MOST_BARS = 15


def lines(
    table: pd.DataFrame,
    ax: Axes,
    *,
    x: str = "cluster.workers",
    y: str = "update_time_s",
    by: str | None = None,
    log: Literal["", "x", "y", "xy"] = "",
) -> Axes:
    """Draw a metric over a parameter, one line a category.

    Parameters
    ----------
    table : DataFrame
        A sweep table: one row for each value of ``x`` and ``by``.
    ax : Axes
        Where to draw.
    x, y : str
        The columns along the axes; ``x`` holds numbers or names, ``y`` numbers. Units follow from the columns' names.
    by : str, optional
        The column that tells the lines apart.
    log : {'', 'x', 'y', 'xy'}
        The axes with a logarithmic scale.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, no row has finite values, two rows of one line share a value of ``x``, ``log`` is
        unknown, or an axis with a logarithmic scale has names or numbers that aren't positive.
    """
    rows, lost = tables.usable(table, [x] if by is None else [x, by], [y])
    named = not labels.is_numeric(rows[x])
    check_log(rows, log, x, y)
    unit_x, unit_y = labels.unit_of(x, rows[x]), labels.unit_of(y, rows[y])
    places = tables.in_order(rows[x])
    rows, intervals = _with_intervals(rows, y)
    handles = []
    for one in series.split(rows, x, by):
        at = one.rows[x].map(places.index) if named else one.rows[x] * unit_x.factor
        height = one.rows[y].to_numpy(float) * unit_y.factor
        handles.append(series.draw(ax, one, at.to_numpy(float), height))
        if intervals:
            low, high = (one.rows[end].to_numpy(float) * unit_y.factor for end in (_LOW, _HIGH))
            _draw_interval(ax, one, at.to_numpy(float), height, low, high)
    if named:
        bars.ticks(ax, x, places)
        ax.set_xlim(-0.5, len(places) - 0.5)
    elif "x" not in log:
        style.number_ticks(ax, [value * unit_x.factor for value in rows[x]])
    for letter in log:
        scale(ax, letter)
    if "y" not in log and bool((rows[y] >= 0).all()):
        ax.locator_params(axis="y", nbins=6)
        ax.set_ylim(0, float(np.nanmax(rows[[y, _HIGH]])) * unit_y.factor * 1.05 or 1.0)
    ax.set_xlabel(labels.axis_label(x, unit_x))
    ax.set_ylabel(labels.axis_label(y, unit_y))
    style.dress(ax, grid="both")
    if by is not None:
        style.legend(ax, handles, [str(handle.get_label()) for handle in handles])
    style.remark(ax, lost, intervals)
    return ax


def _with_intervals(rows: pd.DataFrame, y: str) -> tuple[pd.DataFrame, str]:
    """Return the rows with the ends of the intervals, NaN where there are none, and a remark on them."""
    columns = set(rows.columns)
    if {f"{y}_low", f"{y}_high"} <= columns:
        low, high = (pd.to_numeric(rows[f"{y}_{end}"], errors="coerce") for end in ("low", "high"))
    elif f"{y}_half_width" in columns:
        half = pd.to_numeric(rows[f"{y}_half_width"], errors="coerce")
        low, high = rows[y] - half, rows[y] + half
    else:
        return rows.assign(**{_LOW: np.nan, _HIGH: np.nan}), ""
    if bool(((low > rows[y]) | (high < rows[y])).any()):
        raise ValueError(f"an interval of {y} does not contain the value that it is of")
    wide = bool((high - low > _SEEN * rows[y].abs()).any())
    return rows.assign(**{_LOW: low, _HIGH: high}), "bars and bands: confidence intervals" if wide else ""


def _draw_interval(
    ax: Axes, one: series.Series, at: np.ndarray, height: np.ndarray, low: np.ndarray, high: np.ndarray
) -> None:
    if len(at) > _MOST_BARS:
        ax.fill_between(at, low, high, color=one.color, alpha=0.2, linewidth=0)
    else:
        ends = np.stack([height - low, high - height])
        ax.errorbar(at, height, ends, fmt="none", ecolor=one.color, elinewidth=0.8, capsize=1.8, capthick=0.8)


def scale(ax: Axes, letter: str) -> None:
    """Make the axis ``x`` or ``y`` logarithmic."""
    axis = ax.xaxis if letter == "x" else ax.yaxis
    low, high = axis.get_data_interval()
    (ax.set_xscale if letter == "x" else ax.set_yscale)("log")
    plain_log_ticks(axis, low, high)


def plain_log_ticks(axis: Axis, low: float, high: float) -> None:
    """Give a logarithmic axis 1, 2, 5, 10 ... as plain numbers, or powers of ten alone over many decades."""
    if high / low < 2000:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def check_log(rows: pd.DataFrame, log: str, x: str, y: str) -> None:
    """Check that axes with a logarithmic scale have positive numbers.

    Raises
    ------
    ValueError
        If they don't, or ``log`` is unknown.
    """
    if log not in {"", "x", "y", "xy"}:
        raise ValueError(f"log must be '', 'x', 'y' or 'xy', not {log!r}")
    for axis, column in (("x", x), ("y", y)):
        if axis in log and not (labels.is_numeric(rows[column]) and bool(np.all(rows[column] > 0))):
            raise ValueError(f"a logarithmic axis needs positive numbers: '{column}' has others")
