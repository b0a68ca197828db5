"""How a model gets better: accuracy, loss or another measure over simulated time, or over updates.

Several trainings, told apart by a column, make one line each; of several replications each has a thin line.
"""

from __future__ import annotations

from typing import Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from simcluster.plots import labels, style, tables
from simcluster.plots.lines import check_log, scale


def learning_curve(
    table: pd.DataFrame,
    ax: Axes,
    *,
    x: Literal["time_s", "update"] = "time_s",
    y: Literal["accuracy", "loss", "gradient_norm", "consensus_distance"] = "accuracy",
    by: str = "entity",
    log: Literal["", "x", "y", "xy"] = "",
) -> Axes:
    """Draw what was learned over time or updates, one line a category and run.

    Parameters
    ----------
    table : DataFrame
        A learning table, of one run or of several: one row for each evaluation, in their order.
    ax : Axes
        Where to draw.
    x : {'time_s', 'update'}
        Simulated time [s], or updates.
    y : str
        The measure.
    by : str
        The column that tells the lines apart; ``entity`` shows the workers' own parameters, too, which are left out
        otherwise.
    log : {'', 'x', 'y', 'xy'}
        The axes with a logarithmic scale.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, no row has finite values, or a logarithmic axis has numbers that aren't positive.
    """
    rows, lost = tables.usable(table, [by, "entity"], [x, y])
    if by != "entity":
        rows = rows[~rows["entity"].astype(str).str.startswith("worker-")]
    if "x" in log:
        rows = rows[rows[x] > 0]  # a training begins at 0, where it has learned nothing
    check_log(rows, log, x, y)
    unit_x, unit_y = labels.unit_of(x, rows[x]), labels.unit_of(y, rows[y])
    runs = [by, *(column for column in ("entity", "replication") if column in rows and column != by)]
    several = len(rows[runs].drop_duplicates()) > rows[by].nunique()
    handles: list[Line2D] = []
    for index, value in enumerate(tables.in_order(rows[by])):
        color = style.category(index)[0]
        for _, run in rows[rows[by] == value].groupby(runs, sort=False):
            across, up = run[x].to_numpy(float) * unit_x.factor, run[y].to_numpy(float) * unit_y.factor
            (line,) = ax.plot(across, up, color=color, linewidth=0.6 if several else 1.1)
        handles.append(line)
    for letter in log:
        scale(ax, letter)
    if y == "accuracy" and "y" not in log:
        ax.set_ylim(top=1.0)
    ax.set_xlabel(labels.axis_label(x, unit_x))
    ax.set_ylabel(labels.axis_label(y, unit_y))
    style.dress(ax, grid="both")
    style.legend(ax, handles, [labels.value_label(by, one, rows[by]) for one in tables.in_order(rows[by])])
    style.remark(ax, lost, *tables.couplings(table))
    return ax
