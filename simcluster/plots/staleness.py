"""How stale what was applied was: the distribution of staleness over all updates of a run."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simcluster.plots import style, tables

#: More values than this are drawn in classes of equal width.
_MOST_BARS = 40


def staleness(updates: pd.DataFrame, ax: Axes, *, most: int = _MOST_BARS) -> Axes:
    """Draw which share of the applied updates had which staleness, with their mean.

    Parameters
    ----------
    updates : DataFrame
        The table of updates: columns ``update`` (0 of those that were never applied, which don't count) and
        ``staleness`` [updates].
    ax : Axes
        Where to draw.
    most : int
        Bars that fit: a wider range is drawn in classes.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, nothing was applied, or ``most`` is less than 2.
    """
    if most < 2:
        raise ValueError(f"most must be 2 or more, not {most}")
    rows, lost = tables.usable(updates, ["update"], ["staleness"])
    applied = rows[rows["update"] > 0]["staleness"].to_numpy(float)
    if not len(applied):
        raise ValueError("nothing to draw: no update was applied")
    largest = int(applied.max())
    width = -(-(largest + 1) // most)
    counts = np.bincount((applied // width).astype(int)) / len(applied)
    middles = np.arange(len(counts)) * width + (width - 1) / 2
    ax.bar(middles, counts * 100, 0.86 * width, color=style.BLUE, linewidth=0)
    mean = float(applied.mean())
    ax.axvline(mean, color=style.VERMILLION, linewidth=1.0, linestyle="--")
    ax.annotate(
        f"mean {mean:.3g}", (mean, 1.0), (0, 2), xycoords=("data", "axes fraction"), textcoords="offset points",
        ha="center", va="bottom", fontsize=style.SMALL, color=style.VERMILLION,
    )
    ax.set_xlim(-0.6 * width, middles[-1] + 0.6 * width)
    ax.set_ylim(0, counts.max() * 108)
    ax.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10], integer=True))
    ax.set_xlabel("Staleness [updates]")
    ax.set_ylabel("Share of updates [%]")
    style.dress(ax)
    middle, late = np.quantile(applied, [0.5, 0.95], method="inverted_cdf")
    said = f"{len(applied)} updates; median {middle:.0f}, 95th percentile {late:.0f}, largest {largest}"
    style.remark(ax, said, f"classes of {width} updates" if width > 1 else "", lost)
    return ax
