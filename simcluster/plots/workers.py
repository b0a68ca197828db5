"""What the workers' devices do over time: a row a worker, which computes or waits for something.

Computations show the number of the update, where there is room, and alternate between two shades; so a worker that runs
ahead of others is seen at once.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from simcluster.plots import labels, rows, style, tables

#: Part of a row that a span takes.
_FILLED = 0.84
_COMPUTE = "compute"
#: Looks of what is waited for that is no part of an update, in the order of their appearance.
_GREYS = ("#BBBBBB", "#DDDDDD", "#999999", "#CCCCCC")


def workers(spans: pd.DataFrame, ax: Axes, *, updates: int = 6, most: int = 24) -> Axes:
    """Draw the compute lanes of the workers from the start on.

    Parameters
    ----------
    spans : DataFrame
        Columns ``entity``, ``lane``, ``activity``, ``update``, ``start_s``, ``end_s`` [s] and ``cause``.
    ax : Axes
        Where to draw.
    updates : int
        The picture ends when the first worker begins another update after so many of its own.
    most : int
        Workers that fit: of more, the first and the last ones are drawn, and the picture says how many are not.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, nobody computes, or ``updates`` or ``most`` is less than 1.
    """
    if min(updates, most) < 1:
        raise ValueError(f"updates and most must be 1 or more, not {updates} and {most}")
    known, lost = tables.usable(spans, ["entity", "lane", "activity", "update"], ["start_s", "end_s"])
    tables.require(spans, ["cause"])
    lanes = known[(known["lane"] == _COMPUTE) & (known["end_s"] > known["start_s"])]
    if not (lanes["activity"] == _COMPUTE).any():
        raise ValueError("nothing to draw: nobody computes")
    end = _window(lanes, updates)
    names = sorted(lanes["entity"].unique(), key=rows.entity_order)
    shown = names if len(names) <= most else [*names[: -(-most // 2)], *names[len(names) - most // 2 :]]
    unit = labels.time_unit(end)
    seen = lanes[lanes["entity"].isin(shown) & (lanes["start_s"] < end)]
    seen = seen.assign(
        place=seen["entity"].map({name: place for place, name in enumerate(shown)}),
        start=seen["start_s"] * unit.factor,
        end=seen["end_s"].clip(upper=end) * unit.factor,
        part=[_part(activity, cause) for activity, cause in zip(seen["activity"], seen["cause"], strict=True)],
    )
    looks = _draw(ax, seen)
    style.legend(ax, style.proxies(list(looks.values())), [look.label for look in looks.values()])
    ax.set_xlim(0, end * unit.factor)
    ax.set_ylim(len(shown), 0)
    ax.set_yticks(np.arange(len(shown)) + 0.5, [style.literal(style.shorten(name)) for name in shown])
    ax.set_xlabel(f"Time [{unit.symbol}]")
    style.dress(ax, grid="x")
    ax.tick_params(axis="y", length=0)
    _number(ax, seen[seen["part"] == _COMPUTE])
    left_out = f"{len(names) - len(shown)} of {len(names)} workers not shown" if len(shown) < len(names) else ""
    style.remark(ax, left_out, lost)
    return ax


def _window(lanes: pd.DataFrame, updates: int) -> float:
    """Return when the first worker begins to compute an update after so many others, or the end of all [s]."""
    computing = lanes[lanes["activity"] == _COMPUTE].sort_values("start_s", kind="stable")
    began = computing.drop_duplicates(["entity", "update"])
    next_ones = began[began.groupby("entity").cumcount() == updates]["start_s"]
    return float(next_ones.min()) if len(next_ones) else float(lanes["end_s"].max())


def _part(activity: object, cause: object) -> str:
    """Return what a span is: computing, or the part of an update or other cause that it waits for."""
    return _COMPUTE if activity == _COMPUTE else str(cause).replace(" ", "_")


def _looks(parts: pd.Series) -> dict[str, style.Look]:
    """Return how each part looks, in the order of an update, and then of appearance."""
    present = list(dict.fromkeys(parts))
    found = {_COMPUTE: style.PARTS["computation"]} if _COMPUTE in present else {}
    found |= {name: look for name, look in style.PARTS.items() if name in present}
    others = [name for name in present if name not in found]
    for place, name in enumerate(others):
        grey, hatch = _GREYS[place % len(_GREYS)], style.HATCHES[place % len(style.HATCHES)]
        found[name] = style.Look(style.literal(name.replace("_", " ")), grey, hatch)
    return found


def _draw(ax: Axes, spans: pd.DataFrame) -> dict[str, style.Look]:
    looks = _looks(spans["part"])
    for part, look in looks.items():
        some = spans[spans["part"] == part]
        if part == _COMPUTE:
            odd = some["update"].to_numpy(int) % 2 == 1
            shades = np.where(odd[:, None], style.tint(look.color, 1.0), style.tint(look.color, 0.65))
            drawn = PolyCollection(_corners(some), facecolor=shades, linewidth=0.0, zorder=2)
        else:
            with style.thin_hatches():
                drawn = PolyCollection(_corners(some), zorder=2, **look.patch())
        ax.add_collection(drawn, autolim=False)
    return looks


def _corners(spans: pd.DataFrame) -> list[np.ndarray]:
    low = spans["place"].to_numpy(float) + 0.5 - _FILLED / 2
    high = low + _FILLED
    start, end = spans["start"].to_numpy(float), spans["end"].to_numpy(float)
    return list(np.stack([np.stack([start, end, end, start], 1), np.stack([low, low, high, high], 1)], 2))


def _number(ax: Axes, spans: pd.DataFrame) -> None:
    """Write the number of the update into each computation that is wide enough."""
    scale = style.axes_width(ax) * 0.85 / (ax.get_xlim()[1] or 1.0)
    for start, end, place, update in zip(spans["start"], spans["end"], spans["place"], spans["update"], strict=True):
        if style.text_width(str(update)) + 3.0 <= (end - start) * scale:
            at = (start + end) / 2, place + 0.5
            ax.text(*at, str(update), ha="center", va="center_baseline", fontsize=style.SMALL, color="white")
