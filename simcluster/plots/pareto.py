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
    soon: str = "time_to_target_s",
    good: str = "final_accuracy",
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
    soon, good : str
        The columns along x, of which less is better, and along y, of which more is.
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
    rows, lost = tables.usable(table, [by], [soon, good])
    unit_x, unit_y = labels.unit_of(soon, rows[soon]), labels.unit_of(good, rows[good])
    across, up = rows[soon].to_numpy(float) * unit_x.factor, rows[good].to_numpy(float) * unit_y.factor
    handles: list[Line2D] = []
    names = tables.in_order(rows[by])
    for index, value in enumerate(names):
        color, marker, _ = style.category(index)
        own = (rows[by] == value).to_numpy()
        (line,) = ax.plot(across[own], up[own], color=color, marker=marker, markersize=4.5, linestyle="none", zorder=3)
        handles.append(line)
        _draw_interval(ax, rows[own], across[own], up[own], soon, unit_x.factor, color, along="x")
        _draw_interval(ax, rows[own], across[own], up[own], good, unit_y.factor, color, along="y")
    best = unbeaten(across, up)
    ax.step(across[best], up[best], where="post", color="#777777", linewidth=0.8, linestyle="--", zorder=2)
    ax.margins(x=0.05)
    ax.set_xlim(0, ax.get_xlim()[1])
    ax.set_xlabel(labels.axis_label(soon, unit_x))
    ax.set_ylabel(labels.axis_label(good, unit_y))
    style.dress(ax, grid="both")
    style.legend(ax, handles, [labels.value_label(by, one, rows[by]) for one in names])
    style.remark(ax, lost, *_targets(table, soon), *tables.couplings(table))
    return ax


def _targets(table: pd.DataFrame, soon: str) -> tuple[str, ...]:
    """Return what the time to the target is for, if that is drawn and all rows say the same."""
    known = set(table["target"].dropna()) if soon == "time_to_target_s" and "target" in table else set()
    return (f"target: {known.pop()}",) if len(known) == 1 else ()


def _draw_interval(
    ax: Axes, rows: pd.DataFrame, across: np.ndarray, up: np.ndarray, column: str, factor: float, color: str, along: str
) -> None:
    """Draw the intervals of a column along one axis, if the table has any."""
    if not {f"{column}_low", f"{column}_high"} <= set(rows.columns):
        return
    ends = np.stack([abs(rows[f"{column}_{end}"] - rows[column]).to_numpy(float) * factor for end in ("low", "high")])
    xerr, yerr = (ends, None) if along == "x" else (None, ends)
    ax.errorbar(
        across, up, xerr=xerr, yerr=yerr, fmt="none", ecolor=color, elinewidth=0.8, capsize=1.8, capthick=0.8
    )


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
