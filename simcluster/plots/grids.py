"""Tables over two parameters as a matrix: what the heat map and the break-even map share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.ticker import MaxNLocator

from simcluster.plots import labels, style, tables
from simcluster.plots.lines import plain_log_ticks


@dataclass(frozen=True)
class Grid:
    """One value for each pair of parameters.

    Attributes
    ----------
    across, up : list
        Values of the parameters along the x and y axes.
    values : ndarray, shape (len(up), len(across))
        NaN where the table has no row with finite numbers.
    remark : str
        What had to be left out.
    """

    across: list[object]
    up: list[object]
    values: np.ndarray
    remark: str


def grid(table: pd.DataFrame, x: str, by: str, columns: Sequence[str]) -> tuple[Grid, ...]:
    """Return a matrix for each of some columns.

    Raises
    ------
    ValueError
        If a column is missing, the two parameters are the same, no row has finite values, or two rows share a place.
    """
    if x == by:
        raise ValueError(f"a map needs two parameters, not '{x}' along both axes")
    rows, lost = tables.usable(table, [x, by], columns)
    tables.one_row_each(rows, [x, by])
    across, up = tables.in_order(rows[x]), tables.in_order(rows[by])
    grids = []
    for column in columns:
        values = np.full((len(up), len(across)), np.nan)
        values[rows[by].map(up.index).to_numpy(int), rows[x].map(across.index).to_numpy(int)] = rows[column]
        grids.append(Grid(across, up, values, lost))
    return tuple(grids)


def scale_bar(ax: Axes, shown: ScalarMappable, label: str, ticks: Sequence[tuple[float, str]] | None = None) -> None:
    """Put the scale of the colours above the axes.

    Parameters
    ----------
    ax : Axes
    shown : ScalarMappable
        What has the colours.
    label : str
    ticks : sequence of (float, str), optional
        Values to name; by default a few round ones.
    """
    bar = ax.figure.colorbar(shown, ax=ax, location="top", pad=0.03, aspect=30)
    bar.set_label(label, fontsize=style.NORMAL)
    bar.ax.tick_params(which="both", labelsize=style.SMALL, width=0.6, length=2.5, pad=2)
    bar.outline.set_linewidth(0.6)
    if ticks is not None:
        bar.set_ticks([value for value, _ in ticks], labels=[text for _, text in ticks])
        bar.ax.minorticks_off()
    elif bar.ax.get_xscale() == "log":
        plain_log_ticks(bar.ax.xaxis, *bar.ax.get_xlim())
    else:
        bar.ax.xaxis.set_major_locator(MaxNLocator(6))


def texts(column: str, values: Sequence[object]) -> tuple[list[str], labels.Unit]:
    """Return the values of a parameter as they stand at an axis, and their unit."""
    series = pd.Series(list(values))
    if not labels.is_numeric(series):
        return [style.literal(style.shorten(value, 14)) for value in values], labels.Unit()
    unit = labels.unit_of(column, series)
    return labels.numbers(series.to_numpy(float) * unit.factor), unit
