"""Shares of operations in the computation of a minibatch: figures 3 and 8 of the paper."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from simcluster.plots import style, tables


def operation_shares(shares: pd.DataFrame, ax: Axes, *, most: int = 12) -> Axes:
    """Draw the share of each operation as a lying bar, the largest on top.

    Parameters
    ----------
    shares : DataFrame
        One row an operation: columns ``operation`` (its name) and ``share`` (of the time of a minibatch, 0 to 1).
    ax : Axes
        Where to draw.
    most : int
        More operations than this are drawn as one bar, which says how many they are.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, no row has finite values, an operation comes twice, or ``most`` is less than 2.
    """
    if most < 2:
        raise ValueError(f"most must be 2 or more, not {most}")
    rows, lost = tables.usable(shares, ["operation"], ["share"])
    tables.one_row_each(rows, ["operation"])
    rows = rows.sort_values("share", ascending=False, kind="stable")
    names = [style.literal(style.shorten(name)) for name in rows["operation"]]
    lengths = 100 * rows["share"].to_numpy(float)
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} others"]
        lengths = np.append(lengths[: most - 1], lengths[most - 1 :].sum())
    at = np.arange(len(names), dtype=float)
    drawn = ax.barh(at, lengths, 0.75, color=style.PARTS["computation"].color)
    ax.bar_label(drawn, [f"{length:.1f} %" for length in lengths], padding=2, fontsize=style.SMALL)
    ax.set_yticks(at, names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(0, float(lengths.max()) * 1.2 or 1.0)
    ax.set_xlabel("Share of the minibatch's time [%]")
    style.dress(ax, grid="x")
    ax.tick_params(axis="y", length=0)
    style.remark(ax, lost)
    return ax
