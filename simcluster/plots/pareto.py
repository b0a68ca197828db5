"""Soon or good: the time to a target against the final accuracy, a point a training, and those that nobody beats.

A training is beaten if another one is at least as soon and at least as good, and better in one of the two.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from simcluster.plots import labels, style, tables


def pareto(
    table: pd.DataFrame,
    ax: Axes,
    *,
    x: str = "time_to_target_s",
    y: str = "final_accuracy",
    by: str = "compression.codec",
) -> Axes:
    """Draw one point a row, and a step line through those that no other one beats.

    Parameters
    ----------
    table : DataFrame
        A sweep table. Where it has intervals, ``<metric>_low`` and ``<metric>_high``, points have bars. Rows that did
        not reach their target are left out, and the picture says how many.
    ax : Axes
        Where to draw.
    x, y : str
        The columns along the axes: of ``x`` less is better, of ``y`` more.
    by : str
        The column that names the points.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, or no row has finite values.
    """
    rows, lost = tables.usable(table, [by], [x, y])
    unit_x, unit_y = labels.unit_of(x, rows[x]), labels.unit_of(y, rows[y])
    across, up = rows[x].to_numpy(float) * unit_x.factor, rows[y].to_numpy(float) * unit_y.factor
    handles: list[Line2D] = []
    names = tables.in_order(rows[by])
    for index, value in enumerate(names):
        color, marker, _ = style.category(index)
        own = (rows[by] == value).to_numpy()
        (line,) = ax.plot(across[own], up[own], color=color, marker=marker, markersize=4.5, linestyle="none", zorder=3)
        handles.append(line)
        for bars, column, unit in (("xerr", x, unit_x), ("yerr", y, unit_y)):
            if {f"{column}_low", f"{column}_high"} <= set(rows.columns):
                ends = [abs(rows[f"{column}_{end}"] - rows[column])[own] * unit.factor for end in ("low", "high")]
                ax.errorbar(
                    across[own], up[own], **{bars: np.stack(ends)}, fmt="none", ecolor=color, elinewidth=0.8,
                    capsize=1.8, capthick=0.8,
                )  # fmt: skip
    best = unbeaten(across, up)
    ax.step(across[best], up[best], where="post", color="#777777", linewidth=0.8, linestyle="--", zorder=2)
    ax.set_xlim(left=0)
    ax.set_xlabel(labels.axis_label(x, unit_x))
    ax.set_ylabel(labels.axis_label(y, unit_y))
    style.dress(ax, grid="both")
    style.legend(ax, handles, [labels.value_label(by, one, rows[by]) for one in names])
    style.remark(ax, lost)
    return ax


def unbeaten(across: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Return the places of the points that no other one beats, by rising x.

    Parameters
    ----------
    across : ndarray, shape (n,)
        Less is better.
    up : ndarray, shape (n,)
        More is better.
    """
    order = np.lexsort((-up, across))
    before = np.concatenate([[-np.inf], np.maximum.accumulate(up[order])[:-1]])
    return np.asarray(order[up[order] > before])
