"""Which track of a trace a span lies on: a process for each kind of machine, a thread for each lane of each of them.

A process for each machine would be nicer to fold, but Perfetto's page (seen with v52) sorts processes by their number
of slices whatever sort index they have, and workers would stand in any order. It sorts threads by number, as
chrome://tracing does by index; a thread with the number of its process would be taken for the main one.

A lane does one thing at a time. Where spans of a table overlap all the same, the lane is shown as several threads,
since viewers drop slices that overlap on one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

#: The process of the counters; the machines' follow.
COUNTERS = 1
#: Lanes of a machine from top to bottom, without their numbers.
_LANES = ("compute", "core", "send", "receive")


def nanoseconds(times: pd.Series) -> np.ndarray:
    """Return times [s] in whole nanoseconds [ns]."""
    rounded: np.ndarray = (times.to_numpy(float) * 1e9).round().astype("int64")
    return rounded


class Tracks:
    """The spans of a run with their places in the trace.

    Parameters
    ----------
    spans : DataFrame
        The table ``spans`` of a result.

    Attributes
    ----------
    spans : DataFrame
        The same, in order of time, with ``start_ns``, ``end_ns``, ``pid`` and ``tid``.
    """

    def __init__(self, spans: pd.DataFrame) -> None:
        table = spans.assign(start_ns=nanoseconds(spans["start_s"]), end_ns=nanoseconds(spans["end_s"]))
        # Of what begins at one instant, what ends at once comes first: it isn't part of what follows.
        table = table.sort_values(["start_ns", "end_ns"], kind="stable", ignore_index=True)
        table["layer"] = 0
        for _, lane in table.groupby(["entity", "lane"], sort=False):
            if (lane["start_ns"].to_numpy()[1:] < lane["end_ns"].to_numpy()[:-1]).any():
                table.loc[lane.index, "layer"] = _layers(lane)
        lanes = table[["entity", "lane", "layer"]].drop_duplicates()
        ordered = sorted(lanes.itertuples(index=False, name=None), key=_place)
        kinds = dict.fromkeys(_kind(entity) for entity, _, _ in ordered)
        self._processes = {kind: number for number, kind in enumerate(kinds, start=COUNTERS + 1)}
        self._threads = {lane: number for number, lane in enumerate(ordered, start=COUNTERS + 1 + len(kinds))}
        table["pid"] = [self._processes[_kind(entity)] for entity in table["entity"]]
        keys = zip(table["entity"], table["lane"], table["layer"], strict=True)
        table["tid"] = [self._threads[key] for key in keys]
        self.spans = table

    def names(self) -> Iterator[dict[str, Any]]:
        """Yield the events that name and sort processes and threads."""
        yield from _named("process", {"pid": COUNTERS}, "links and queues", COUNTERS)
        for kind, pid in self._processes.items():
            yield from _named("process", {"pid": pid}, f"{kind}s", pid)
        for (entity, lane, layer), tid in self._threads.items():
            name = f"{entity}/{lane} ({layer + 1})" if layer else f"{entity}/{lane}"
            yield from _named("thread", {"pid": self._processes[_kind(entity)], "tid": tid}, name, tid)


def _named(kind: str, track: dict[str, int], name: str, place: int) -> Iterator[dict[str, Any]]:
    yield {"ph": "M", "name": f"{kind}_name", **track, "args": {"name": name}}
    yield {"ph": "M", "name": f"{kind}_sort_index", **track, "args": {"sort_index": place}}


def _layers(lane: pd.DataFrame) -> list[int]:
    """Return for each span of a lane, in order of time, the first layer that is free when it begins."""
    free: list[int] = []
    layers = []
    for start, end in zip(lane["start_ns"], lane["end_ns"], strict=True):
        layer = next((index for index, until in enumerate(free) if until <= start), len(free))
        free[layer : layer + 1] = [end]
        layers.append(layer)
    return layers


def _kind(entity: str) -> str:
    """Return a machine's kind: ``worker`` of ``worker-3``."""
    return re.sub(r"-?\d+$", "", entity)


def _place(track: tuple[str, str, int]) -> tuple[object, ...]:
    """Return the key that sorts tracks: what serves first, machines by number, lanes as an update goes through them."""
    entity, lane, layer = track
    kind = lane.partition("-")[0]
    rank = _LANES.index(kind) if kind in _LANES else len(_LANES)
    return (entity.startswith("worker"), _by_number(entity), rank, _by_number(lane), layer)


def _by_number(name: str) -> list[tuple[int, str]]:
    pieces = re.split(r"(\d+)", name)
    return [(int(piece) if piece.isdecimal() else -1, piece) for piece in pieces]
