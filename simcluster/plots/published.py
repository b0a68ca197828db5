"""How far predictions are off published results: a line for each system, a point for each result."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simcluster.plots import style, tables

_RATIO, _SHARE = "speed_ratio", "published_efficiency"
#: Relative error of the band.
_BAND = 0.1
_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)
_PREDICTED: dict[str, Any] = {"color": style.BLUE, "marker": "o", "markersize": 3.4, "alpha": 0.7, "linestyle": "none"}
_PERFECT: dict[str, Any] = {
    "color": style.VERMILLION, "marker": "|", "markersize": 6.0, "markeredgewidth": 0.7, "linestyle": "none",
}


def published(table: pd.DataFrame, ax: Axes, *, by: str = "system") -> Axes:
    """Draw predicted / published speed of each result, and the same for a cluster that sends nothing.

    Parameters
    ----------
    table : DataFrame
        One row a result: ``speed_ratio`` (predicted / published speed), ``published_efficiency`` (the published share
        of what as many workers reach that send nothing), and ``by``. Rows without these numbers are left out, as the
        remark says.
    ax : Axes
        Where to draw.
    by : str
        The column that tells the systems apart: a line each.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, or no row has both numbers.
    """
    rows, lost = tables.usable(table, [by], [_RATIO, _SHARE])
    systems = tables.in_order(rows[by])
    places = rows[by].map({system: place for place, system in enumerate(systems)})
    ratios, perfect = rows[_RATIO], 1 / rows[_SHARE]
    ax.axvspan(1 - _BAND, 1 + _BAND, color="#E2E2E2", linewidth=0)
    ax.axvline(1.0, color=style.BLACK, linewidth=0.7)
    ax.plot(perfect, places, **_PERFECT)
    ax.plot(ratios, places, **_PREDICTED)
    low, high = min(0.9, ratios.min(), perfect.min()) / 1.15, max(1.1, ratios.max(), perfect.max()) * 1.15
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    ticks = [tick for tick in _TICKS if low <= tick <= high]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_xticks([], minor=True)
    ax.set_yticks(range(len(systems)), [style.literal(style.shorten(system, 40)) for system in systems])
    ax.set_ylim(len(systems) - 0.4, -0.6)
    ax.set_xlabel("predicted / published speed")
    style.dress(ax, grid="x")
    samples: list[Artist] = [Line2D([], [], **_PREDICTED), Line2D([], [], **_PERFECT), Patch(facecolor="#E2E2E2")]
    style.legend(ax, samples, ["prediction", "perfect scaling", f"within {_BAND:.0%}"])
    style.remark(ax, lost)
    return ax
