"""A metric over two parameters: a cell for each pair of values, whatever the distance between these."""

from __future__ import annotations

import math
import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm, Normalize

from simcluster.plots import bars, grids, labels, style

#: From dark to light in the eyes of everybody, and in grey.
_COLORS = "cividis"
_MISSING = "#DDDDDD"
#: More rows than this have neither numbers nor a label each.
_MOST_ROWS = 25
#: With up to so many rows, what is written along them has lines of so many letters.
_LOW, _SHORT = 12, 18
#: Up to so many cells have white lines between them.
_SEPARATED = 400


def heat_map(
    table: pd.DataFrame,
    ax: Axes,
    *,
    x: str = "cluster.workers",
    by: str = "compression.codec.rho",
    value: str = "update_time_s",
    log: str = "",
) -> Axes:
    """Draw a metric as the colour of cells, and as numbers where these fit.

    Parameters
    ----------
    table : DataFrame
        A sweep table: one row for each pair of values. Pairs without a row, or without a finite number, are grey.
    ax : Axes
        Where to draw; the scale of the colours is put above it.
    x, by : str
        The parameters along the x and the y axis: numbers are sorted, names keep their order.
    value : str
        The metric.
    log : {'', 'value'}
        Whether colours follow the logarithm of the metric.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, no row has finite values, two rows share a pair, ``log`` is unknown, or the logarithm of
        a number that isn't positive is needed.
    """
    if log not in {"", "value"}:
        raise ValueError(f"log must be '' or 'value', not {log!r}")
    (cells,) = grids.grid(table, x, by, [value])
    unit = labels.unit_of(value, pd.Series(cells.values.ravel()).dropna())
    shown = np.ma.array(cells.values * unit.factor, mask=np.isnan(cells.values))
    if log and shown.min() <= 0:
        raise ValueError(f"a logarithmic scale needs positive numbers: '{value}' has others")
    ax.set_facecolor(_MISSING)
    norm = LogNorm() if log else Normalize()
    few = shown.size <= _SEPARATED
    edges = (np.arange(count + 1) - 0.5 for count in (len(cells.across), len(cells.up)))
    mesh = ax.pcolormesh(
        *edges, shown, cmap=_COLORS, norm=norm, edgecolor="white" if few else "face", linewidth=0.4 if few else 0.1
    )
    grids.scale_bar(ax, mesh, labels.axis_label(value, unit))
    bars.ticks(ax, x, cells.across)
    names, unit_up = grids.texts(by, cells.up)
    kept = range(0, len(names), math.ceil(len(names) / _MOST_ROWS))
    ax.set_yticks(list(kept), [names[index] for index in kept])
    if not labels.is_numeric(pd.Series(cells.up)):
        ax.invert_yaxis()
    ax.set_xlabel(labels.axis_label(x, labels.unit_of(x, pd.Series(cells.across))))
    title = labels.axis_label(by, unit_up)
    ax.set_ylabel(title if len(cells.up) > _LOW else textwrap.fill(title, _SHORT))
    _write(ax, mesh, shown)
    style.dress(ax, grid="")
    style.remark(ax, cells.remark, "grey: no value" if shown.mask.any() else "")
    return ax


def _write(ax: Axes, mesh: QuadMesh, shown: np.ma.MaskedArray) -> None:
    """Write the numbers into their cells, if all of them fit."""
    there = [(up, across, labels.three_digits(shown[up, across])) for up, across in np.argwhere(~shown.mask)]
    slot = style.axes_width(ax) * 0.85 / shown.shape[1]
    if shown.shape[0] > _MOST_ROWS or max(style.text_width(text) for _, _, text in there) + 4.0 > slot:
        return
    for up, across, text in there:
        red, green, blue, _ = mesh.to_rgba(shown[up, across])
        dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
        color = "white" if dark else style.BLACK
        ax.text(across, up, text, color=color, ha="center", va="center_baseline", fontsize=style.SMALL)
