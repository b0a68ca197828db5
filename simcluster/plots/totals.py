"""Total training time by category: figure 7a of the paper."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from simcluster.plots import labels, style, tables


def totals(
    table: pd.DataFrame,
    ax: Axes,
    *,
    x: str = "preset",
    y: str = "total_time_s",
    by: str | None = None,
) -> Axes:
    """Draw one lying bar for each category, with its value beside it.

    Parameters
    ----------
    table : DataFrame
        A sweep table: one row for each value of ``x`` and ``by``.
    ax : Axes
        Where to draw.
    x : str
        The category: names or numbers.
    y : str
        The metric; units follow from its name.
    by : str, optional
        A second category: its bars stand together for each value of ``x``, told apart by colour and hatch.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, no row has finite values, or two rows share a place.
    """
    rows, lost = tables.usable(table, [x] if by is None else [x, by], [y])
    tables.one_row_each(rows, [x] if by is None else [x, by])
    unit = labels.unit_of(y, rows[y])
    groups = tables.in_order(rows[x])
    members = [None] if by is None else tables.in_order(rows[by])
    pitch = len(members) + (0.6 if len(members) > 1 else 0.25)
    looks = []
    for index, member in enumerate(members):
        name = "" if by is None else labels.value_label(by, member, rows[by])
        looks.append(style.series_look(index, name))
        some = rows if by is None else rows[rows[by] == member]
        at = some[x].map(groups.index).to_numpy(float) * pitch + index
        _draw(ax, at, some[y].to_numpy(float) * unit.factor, looks[-1])
    middles = np.arange(len(groups)) * pitch + (len(members) - 1) / 2
    ax.set_yticks(middles, [labels.value_label(x, group, rows[x]) for group in groups])
    ax.set_ylim(len(groups) * pitch - pitch + len(members) - 0.4, -0.6)
    ax.set_xlim(0, float(rows[y].max()) * unit.factor * 1.18 or 1.0)
    ax.set_xlabel(labels.axis_label(y, unit))
    style.dress(ax, grid="x")
    ax.tick_params(axis="y", length=0)
    if by is not None:
        style.legend(ax, style.proxies(looks), [look.label for look in looks])
    style.remark(ax, lost)
    return ax


def _draw(ax: Axes, at: np.ndarray, lengths: np.ndarray, look: style.Look) -> None:
    with style.thin_hatches():
        drawn = ax.barh(at, lengths, 0.86, label=look.label, **look.patch())
    ax.bar_label(drawn, [labels.three_digits(length) for length in lengths], padding=2, fontsize=style.SMALL)
