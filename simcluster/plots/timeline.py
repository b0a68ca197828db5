"""One update on the time axis: who computes, encodes, sends and waits when. Figures 1 and 2 of the paper.

Waiting for a part of the update has a pale tint of that part's colour, and says its cause where there is room; a lane
that is idle outside of the update is blank. What neighbouring updates do in the meantime is faint. Workers that
are down, recover, or stop for a checkpoint are shown as if that were something that they do.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from simcluster.plots import labels, rows, style, tables

_PART_OF = {"compute": "computation"}
_WAIT = "wait"
#: Part of a row that a span takes.
_FILLED = 0.84
#: Spans narrower than this have no white line after them, which would hide them [pt].
_SEPARATED = 4.0


def timeline(
    spans: pd.DataFrame, ax: Axes, *, update: int | Literal["all"] | None = None, max_rows: int = 30
) -> Axes:
    """Draw one update as a Gantt chart: a row a lane, grouped by entity, the server first.

    Parameters
    ----------
    spans : DataFrame
        Columns ``entity``, ``lane``, ``activity``, ``update``, ``start_s``, ``end_s`` [s] and ``cause``.
    ax : Axes
        Where to draw.
    update : int or 'all', optional
        The update, counted from 1; by default the first in the table. ``all`` shows the whole run, with what happens
        before the first update and after the last.
    max_rows : int
        With more lanes than this, an entity has one row; with more entities, the first and the last ones are drawn and
        the one that computes longest, and the picture says how many are not.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, nothing happens in the update, or ``max_rows`` is less than 5.
    """
    if max_rows < 5:
        raise ValueError(f"max_rows must be 5 or more, not {max_rows}")
    known, lost = tables.usable(spans, ["entity", "lane", "activity", "update"], ["start_s", "end_s"])
    tables.require(spans, ["cause"])
    known = _with_incidents(known[known["end_s"] > known["start_s"]])
    number, begin, end = (None, 0.0, float(known["end_s"].max())) if update == "all" else _window(known, update)
    seen = known[(known["end_s"] > begin) & (known["start_s"] < end)]
    seen = seen.assign(start_s=seen["start_s"].clip(begin, end) - begin, end_s=seen["end_s"].clip(begin, end) - begin)
    active = seen[seen["activity"] != _WAIT]
    own = (seen["update"] > 0) if number is None else (seen["update"] == number)
    waits = seen[(seen["activity"] == _WAIT) & own]
    layout = rows.arrange(active, waits, _longest(active[own.loc[active.index]]), max_rows)
    unit = labels.time_unit(end - begin)
    shown = layout.spans.assign(start=layout.spans["start_s"] * unit.factor, end=layout.spans["end_s"] * unit.factor)
    _draw(ax, shown, number)
    ax.set_xlim(0, (end - begin) * unit.factor)
    ax.set_ylim(layout.bottom, 0)
    ax.set_yticks(layout.ticks, [style.literal(style.shorten(name)) for name in layout.names])
    ax.set_xlabel(f"Time since {'the start' if number is None else f'update {number} began'} [{unit.symbol}]")
    style.dress(ax, grid="x")
    ax.tick_params(axis="y", length=0)
    if layout.by_lane:
        _say_causes(ax, shown[shown["activity"] == _WAIT])
    usual = ~shown["activity"].isin([_WAIT, *style.INCIDENTS])
    faint = number is not None and bool((usual & (shown["update"] != number)).any())
    causes = {str(cause).replace(" ", "_") for cause in shown[shown["activity"] == _WAIT]["cause"]}
    pale = "pale: waits for what has this colour" if causes & set(style.PARTS) else ""
    style.remark(ax, lost, layout.left_out, pale, "faint: other updates" if faint else "")
    return ax


def _with_incidents(spans: pd.DataFrame) -> pd.DataFrame:
    """Return spans in which waiting for the end of an incident is an activity of its own."""
    incidents = (spans["activity"] == _WAIT) & spans["cause"].isin(style.INCIDENTS)
    return spans.assign(activity=spans["activity"].where(~incidents, spans["cause"]))


def _window(spans: pd.DataFrame, update: int | None) -> tuple[int, float, float]:
    """Return the update's number, and when its first activity begins and its last ends [s]."""
    active = spans[(spans["activity"] != _WAIT) & (spans["update"] > 0)]
    if active.empty:
        raise ValueError("nothing to draw: no span belongs to an update")
    number = int(active["update"].min()) if update is None else update
    mine = active[active["update"] == number]
    if mine.empty:
        first, last = int(active["update"].min()), int(active["update"].max())
        raise ValueError(f"no span belongs to update {number}: the table has updates {first} to {last}")
    return number, float(mine["start_s"].min()), float(mine["end_s"].max())


def _longest(spans: pd.DataFrame) -> str:
    """Return the entity whose computation ends last, or that ends last if nobody computes."""
    computing = spans[spans["activity"] == "compute"]
    some = computing if len(computing) else spans
    return str(some["entity"].iloc[int(some["end_s"].to_numpy(float).argmax())])


def looks(spans: pd.DataFrame) -> dict[str, style.Look]:
    """Return how the parts in ``spans`` (column ``part``) look, in the order of an update; unknown ones are grey."""
    present = set(spans["part"])
    known = {name: look for name, look in (*style.PARTS.items(), *style.INCIDENTS.items()) if name in present}
    strange = sorted(present - set(known))
    for index, name in enumerate(strange):
        known[name] = style.Look(style.literal(name), "#888888", style.HATCHES[index % len(style.HATCHES)])
    return known


def _part(entity: str, activity: str) -> str:
    """Return the part of an update that an activity is: decoding on the server is not decoding on a worker."""
    name = _PART_OF.get(activity, activity)
    served = f"server_{name}"
    return served if served in style.PARTS and not entity.startswith("worker") else name


def _draw(ax: Axes, spans: pd.DataFrame, update: int | None) -> None:
    pairs = zip(spans["entity"], spans["activity"], strict=True)
    spans = spans.assign(part=[_part(str(entity), str(activity)) for entity, activity in pairs])
    found = looks(spans)
    is_own = (spans["update"] == update) | spans["part"].isin(style.INCIDENTS) | (update is None)
    for part, look in found.items():
        if part == _WAIT:
            continue
        for own in (True, False):
            some = spans[(spans["part"] == part) & (is_own == own)]
            if len(some):
                _draw_part(ax, some, look, own)
    _draw_waits(ax, spans[spans["part"] == _WAIT])
    wide = (spans["end"] - spans["start"]) * style.axes_width(ax) >= _SEPARATED * spans["end"].max()
    ends = spans[wide]
    low = ends["top"] + ends["height"] * (0.5 - _FILLED / 2)
    ax.vlines(ends["end"], low, low + ends["height"] * _FILLED, color="white", linewidth=0.5, zorder=3)
    entries = [look for part, look in found.items() if part != _WAIT]
    style.legend(ax, style.proxies(entries), [look.label for look in entries])


def _draw_part(ax: Axes, spans: pd.DataFrame, look: style.Look, own: bool) -> None:
    alpha = 1.0 if own else 0.3
    with style.thin_hatches():
        drawn = PolyCollection(_corners(spans), label=look.label, alpha=alpha, zorder=2, **look.patch())
    ax.add_collection(drawn, autolim=False)


def _draw_waits(ax: Axes, waits: pd.DataFrame) -> None:
    """Draw waits in a pale tint of what they wait for, or in pale grey if that is no part of an update."""
    parts = [style.PARTS.get(str(cause).replace(" ", "_")) for cause in waits["cause"]]
    tints = [style.tint(part.color) if part else "#F2F2F2" for part in parts]
    drawn = PolyCollection(_corners(waits), label=_WAIT, facecolor=tints, linewidth=0.0, zorder=2)
    ax.add_collection(drawn, autolim=False)


def _corners(spans: pd.DataFrame) -> list[np.ndarray]:
    low = (spans["top"] + spans["height"] * (0.5 - _FILLED / 2)).to_numpy(float)
    high = low + spans["height"].to_numpy(float) * _FILLED
    start, end = spans["start"].to_numpy(float), spans["end"].to_numpy(float)
    return list(np.stack([np.stack([start, end, end, start], 1), np.stack([low, low, high, high], 1)], 2))


def _say_causes(ax: Axes, waits: pd.DataFrame) -> None:
    """Write the cause into each wait that is wide enough."""
    scale = style.axes_width(ax) * 0.85 / (ax.get_xlim()[1] or 1.0)
    starts, ends, tops = (waits[column].to_numpy(float) for column in ("start", "end", "top"))
    for start, end, top, cause in zip(starts, ends, tops, waits["cause"], strict=True):
        text = style.literal(cause) if isinstance(cause, str) else ""
        if text and style.text_width(text) + 4.0 <= (end - start) * scale:
            place = (start + end) / 2, top + 0.5
            ax.text(*place, text, ha="center", va="center_baseline", fontsize=style.SMALL, color="#666666")
