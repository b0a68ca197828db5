"""The homomorphic map: every candidate's size and overhead beside the line of Eq. 5."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator
from numpy.typing import NDArray

from simcluster.plots import labels, style, tables

Numbers = NDArray[np.float64]
#: Left, bottom, right and top [pt].
Box = tuple[float, float, float, float]

#: Marker and colour of each way in which a candidate is used, and what it is called.
_WAYS = {
    "homomorphic": ("o", style.BLUE, "computed on"),
    "recoded": ("s", style.VERMILLION, "decoded"),
    "model": ("D", style.GREEN, "other model"),
}
#: Size of a marker [pt], and the points of a line.
_SIZE, _FINE = 4.5, 400
#: Where a name may be, as seen from its marker [pt]: the first eight are near enough to need no line to it.
_NEAR = 8
_LEADER = {"arrowstyle": "-", "linewidth": 0.5, "color": "#555555", "shrinkA": 0, "shrinkB": 2}
_PLACES = [
    (far * right, far * up)
    for far in (1, 1.5, 2, 3, 4)
    for right, up in ((6, 0), (-6, 0), (0, 8), (0, -8), (5, 7), (-5, 7), (5, -7), (-5, -7))
]
#: Height of a name [pt], and that of the axes for which names are placed; a few more don't matter.
_TALL, _HEIGHT = 1.2 * style.SMALL, 187.0


def homomorphic_map(
    points: pd.DataFrame,
    ax: Axes,
    *,
    x: str = "rho",
    y: str = "charged_overhead",
    bound: str = "bound",
    slope: str = "slope",
) -> Axes:
    """Draw the line of Eq. 5 with the region under it, lines of equal speed-up, and the candidates.

    Parameters
    ----------
    points : DataFrame
        A row for each candidate: ``candidate``, ``way``, ``inside`` (by the simulation: a filled marker), ``workers``
        (M, the same in all rows), and the columns below.
    ax : Axes
        Where to draw; both axes become logarithmic.
    x, y : str
        The columns along the axes: rho, and h.
    bound, slope : str
        The columns of r and of the slope of Eq. 5, the same in all rows: the line is ``h = r - slope * rho``.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, no row has finite values, or the rows have more than one line.
    """
    wanted = ["candidate", "way", "inside"]
    rows, lost = tables.usable(points, wanted, [x, y, bound, slope, "workers"])
    if len(rows[[bound, slope, "workers"]].drop_duplicates()) > 1:
        raise ValueError("one map has one line: rows have different bounds, slopes or workers")
    reach, fall, workers = (float(rows[column].iloc[0]) for column in (bound, slope, "workers"))
    left, right = rows[x].min() / 1.8, max(rows[x].max(), 1.0) * 1.3
    bottom, top = rows[y].min() / 1.6, max(rows[y].max(), reach) * 1.6
    at = np.geomspace(left, right, _FINE)
    _draw_region(ax, at, reach - fall * at, bottom)
    _draw_speedups(ax, at, fall, workers, (bottom, top))
    handles: list[Artist] = [ax.lines[0], *_keys(rows)]
    for _, row in rows.iterrows():
        marker, color, _ = _WAYS[row["way"]]
        face = color if row["inside"] else "white"
        ax.plot([row[x]], [row[y]], color=color, markerfacecolor=face, marker=marker, markersize=_SIZE, zorder=3)
    _scale(ax, (left, right), (bottom, top))
    ax.set_xlabel(labels.axis_label("compression.codec.rho"))
    ax.set_ylabel("Overhead h, all that is not sent")
    style.dress(ax, grid="both")
    _write_names(ax, rows, x, y)
    style.legend(ax, handles, ["Eq. 5", *_key_names(rows)])
    style.remark(ax, lost)
    return ax


def _draw_region(ax: Axes, at: Numbers, heights: Numbers, bottom: float) -> None:
    feasible = heights > bottom
    ax.plot(at[feasible], heights[feasible], color=style.BLACK, linewidth=1.2, zorder=2)
    ax.fill_between(at[feasible], bottom, heights[feasible], color=style.SKY, alpha=0.18, linewidth=0)


def _draw_speedups(ax: Axes, at: Numbers, fall: float, workers: float, span: tuple[float, float]) -> None:
    """Draw where an update gives a speed-up of 1, 2, 4 ... over one device, and write it at the left."""
    for power in range(int(np.log2(max(workers, 1))) + 1):
        heights = workers / 2**power - fall * at
        seen = (heights > span[0]) & (heights < span[1])
        if seen[0]:
            ax.plot(at[seen], heights[seen], color="#888888", linewidth=0.6, linestyle=":", zorder=1)
            ax.text(at[0] * 1.05, heights[0], f"{2**power}×", fontsize=style.SMALL, color="#666666", va="bottom")


def _write_names(ax: Axes, rows: pd.DataFrame, x: str, y: str) -> None:
    """Write each candidate's name beside its marker, from left to right: in the first place of several that is free."""
    (left, right), (bottom, top) = np.log(ax.get_xlim()), np.log(ax.get_ylim())
    wide, half = style.axes_width(ax), _SIZE / 2 + 1
    ordered = rows.sort_values([x, y], kind="stable")
    across = (np.log(ordered[x].to_numpy()) - left) / (right - left) * wide
    up = (np.log(ordered[y].to_numpy()) - bottom) / (top - bottom) * _HEIGHT
    taken = [(one - half, two - half, one + half, two + half) for one, two in zip(across, up, strict=True)]
    for text in ax.texts:  # the speed-ups, at the left
        height = (np.log(text.get_position()[1]) - bottom) / (top - bottom) * _HEIGHT
        taken.append((0.0, height, 4 + style.text_width(text.get_text()), height + style.SMALL))
    for name, point, one, two in zip(
        ordered["candidate"], ordered[[x, y]].itertuples(index=False, name=None), across, up, strict=True
    ):
        text_drawn = style.literal(style.shorten(name))
        place, box = _free_place(one, two, style.text_width(text_drawn) + 1, wide, taken)
        taken.append(box)
        look: dict[str, Any] = {"fontsize": style.SMALL, "ha": _side(place[0]), "va": "center_baseline", "zorder": 4}
        if place not in _PLACES[:_NEAR]:
            near_end = ({"left": 0.0, "right": 1.0}.get(_side(place[0]), 0.5), 0.5)
            look["arrowprops"] = _LEADER | {"relpos": near_end}
        ax.annotate(text_drawn, point, place, textcoords="offset points", **look)


def _free_place(
    across: float, up: float, length: float, wide: float, taken: Sequence[Box]
) -> tuple[tuple[float, float], Box]:
    """Return a place for a name of some length [pt], as seen from its marker, and the box that it takes."""
    boxes = []
    for shift, lift in _PLACES:
        begin = across + shift - length * {"center": 0.5, "right": 1.0, "left": 0.0}[_side(shift)]
        box = (begin, up + lift - _TALL / 2, begin + length, up + lift + _TALL / 2)
        if box[0] >= 0 and box[2] <= wide:
            boxes.append(((shift, lift), box))
            if not any(_overlap(box, other) for other in taken):
                return boxes[-1]
    return boxes[0] if boxes else (_PLACES[0], (across, up, across + length, up))


def _side(shift: float) -> str:
    """Return how a text is aligned that is shifted from its marker."""
    return "center" if not shift else "right" if shift < 0 else "left"


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _keys(rows: pd.DataFrame) -> list[Artist]:
    keys: list[Artist] = []
    for way in _ways(rows):
        marker, color, _ = _WAYS[way]
        keys.append(Line2D([], [], linestyle="", marker=marker, color=color, markersize=_SIZE))
    if not rows["inside"].all():
        look: dict[str, Any] = {"linestyle": "", "color": "#777777", "markerfacecolor": "white"}
        keys.append(Line2D([], [], marker="o", markersize=_SIZE, **look))
    return keys


def _key_names(rows: pd.DataFrame) -> list[str]:
    names = [_WAYS[way][2] for way in _ways(rows)]
    return names if rows["inside"].all() else [*names, "outside"]


def _ways(rows: pd.DataFrame) -> list[str]:
    present = set(rows["way"])
    return [way for way in _WAYS if way in present]


def _scale(ax: Axes, across: tuple[float, float], up: tuple[float, float]) -> None:
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(*across)
    ax.set_ylim(*up)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
        axis.set_minor_locator(LogLocator(10, subs=()))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
