"""Which row of a timeline a span lies on: one a lane as long as these fit, one an entity beyond, and then not all.

What serves comes first (anything that isn't a worker), then the workers by number. With one row an entity, spans that
overlap in time share the height of the row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

#: Lanes of an entity from top to bottom, without their numbers.
_LANES = ("compute", "core", "send", "receive")
#: Space between two entities [rows].
_GAP = 0.35


@dataclass(frozen=True)
class Layout:
    """The rows of a timeline: y grows downwards, one row is 1 high.

    Attributes
    ----------
    spans : DataFrame
        The spans that are shown, with their ``top`` and ``height`` [rows].
    ticks, names : list
        The middle of each row, and what it is called.
    bottom : float
        Where the last row ends [rows].
    left_out : str
        A remark on what isn't shown.
    by_lane : bool
        Whether each lane has its row.
    """

    spans: pd.DataFrame
    ticks: list[float]
    names: list[str]
    bottom: float
    left_out: str
    by_lane: bool


def arrange(spans: pd.DataFrame, waits: pd.DataFrame, last: str, most: int) -> Layout:
    """Place spans on rows.

    Parameters
    ----------
    spans : DataFrame
        What happens, without waiting; lanes that do nothing don't appear.
    waits : DataFrame
        Waiting: shown on lanes that also do something, if each lane has its row.
    last : str
        The entity that is shown in any case.
    most : int
        Rows that fit.
    """
    pairs = spans[["entity", "lane"]].drop_duplicates()
    lanes = sorted(
        pairs.itertuples(index=False, name=None), key=lambda pair: (*entity_order(pair[0]), *_lane_order(pair[1]))
    )
    if len(lanes) <= most:
        return _by_lane(spans, waits, lanes)
    entities = sorted(spans["entity"].unique(), key=entity_order)
    return _by_entity(spans, entities, _choose(entities, last, most))


def entity_order(entity: str) -> tuple[bool, list[tuple[int, str]]]:
    """Return the key that sorts workers last, and by number: worker-2 before worker-10."""
    pieces = re.split(r"(\d+)", entity)
    return entity.startswith("worker"), [(int(piece) if piece.isdecimal() else -1, piece) for piece in pieces]


def _lane_order(lane: str) -> tuple[int, str]:
    """Return the key that sorts lanes as an update passes through them; others come last, by name."""
    kind = lane.partition("-")[0]
    return (_LANES.index(kind) if kind in _LANES else len(_LANES)), lane


def _by_lane(spans: pd.DataFrame, waits: pd.DataFrame, lanes: Sequence[tuple[str, str]]) -> Layout:
    tops: dict[tuple[str, str], float] = {}
    names = []
    before, bottom = "", 0.0
    for entity, lane in lanes:
        bottom += _GAP if before and entity != before else 0.0
        tops[entity, lane] = bottom
        names.append(lane if entity == before else f"{entity}  {lane}")
        before, bottom = entity, bottom + 1
    both = pd.concat([spans, waits]) if len(waits) else spans
    top = [tops.get(pair, np.nan) for pair in zip(both["entity"], both["lane"], strict=True)]
    shown = both.assign(top=top, height=1.0).dropna(subset=["top"])
    return Layout(shown, [top + 0.5 for top in tops.values()], names, bottom, "", True)


def _choose(entities: Sequence[str], last: str, most: int) -> list[str]:
    """Keep the first, the last, and the one that must be seen, if not all fit; each gap takes a row of its own."""
    if len(entities) <= most:
        return list(entities)
    tail = max(1, (most - 3) // 2)
    head = max(1, most - 3 - tail)
    kept = {*entities[:head], *entities[-tail:], last}
    return [entity for entity in entities if entity in kept]


def _by_entity(spans: pd.DataFrame, entities: Sequence[str], kept: Sequence[str]) -> Layout:
    tops: dict[str, float] = {}
    ticks, names = [], []
    bottom, place = 0.0, 0
    for entity in kept:
        skipped = entities.index(entity) - place
        if skipped:
            ticks.append(bottom + 0.5)
            names.append(f"({skipped} not shown)")
            bottom += 1
        tops[entity] = bottom
        ticks.append(bottom + 0.5)
        names.append(entity)
        bottom, place = bottom + 1, place + skipped + 1
    shown = pd.concat([_share(spans[spans["entity"] == entity], tops[entity]) for entity in kept])
    lost = len(entities) - len(kept)
    return Layout(shown, ticks, names, bottom, f"{lost} of {len(entities)} entities not shown" if lost else "", False)


def _share(spans: pd.DataFrame, top: float) -> pd.DataFrame:
    """Give the spans of one entity as many tracks as overlap in time, within one row."""
    spans = spans.sort_values(["start_s", "end_s"], kind="stable")
    free: list[float] = []
    tracks = []
    for start, end in zip(spans["start_s"], spans["end_s"], strict=True):
        track = next((index for index, until in enumerate(free) if until <= start), len(free))
        if track == len(free):
            free.append(end)
        free[track] = end
        tracks.append(track)
    height = 1.0 / max(len(free), 1)
    return spans.assign(top=top + np.array(tracks) * height, height=height)
