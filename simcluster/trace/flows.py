"""Arrows in a trace: from each push to what the server makes of it, and on to the pull of the same worker.

The server's part of an update is its averaging; where that costs nothing, its encoding, and else its last decoding.
An arrow leads forward in time alone: from the end of a push to work and a pull that begin later; where the server sends
first (EASGD), its parameters are no answer to the push. Where no machine only serves there are no arrows: what a worker
receives of its peers is no answer to what it sent.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from simcluster.trace.tracks import Tracks

if TYPE_CHECKING:
    import pandas as pd

#: What a server does, the most telling last.
_SERVED = ("decode", "encode", "aggregate")
_Span = dict[str, Any]


def flows(tracks: Tracks) -> Iterator[dict[str, Any]]:
    """Yield the events of the arrows: their start, a step at the server, and their end.

    Parameters
    ----------
    tracks : Tracks
    """
    spans = tracks.spans[tracks.spans["end_ns"] > tracks.spans["start_ns"]]
    servers = _servers(spans)
    if not servers.any():
        return
    served, pulled = _served(spans[servers]), _pulled(spans)
    numbers = count(1)
    for push in _records(spans[spans["activity"] == "push"]):
        pull = _first(pulled.get((push["update"], push["entity"]), ()), push["end_ns"])
        station = _station(served.get(push["update"], {}), push, pull)
        there = [one for one in (push, station, pull) if one is not None]
        if len(there) > 1:
            number = next(numbers)
            for phase, one in zip(["s", *"t" * (len(there) - 2), "f"], there, strict=True):
                yield _arrow(phase, number, one)


def _station(served: dict[str, list[_Span]], push: _Span, pull: _Span | None) -> _Span | None:
    """Return the server's part between a push and a pull, or after the push if there is no pull."""
    for activity in reversed(_SERVED):
        works = served.get(activity, [])
        first = bisect_left(works, push["end_ns"], key=_start)
        if pull is None:
            if first < len(works):
                return works[first]
            continue
        last = bisect_left(works, pull["start_ns"], key=_start)
        between = [work for work in works[first:last] if work["end_ns"] <= pull["start_ns"]]
        if between:
            return max(between, key=lambda work: (work["end_ns"], work["start_ns"]))
    return None


def _first(spans: Sequence[_Span], since: int) -> _Span | None:
    """Return the first of some spans that begins at a time or later [ns]."""
    place = bisect_left(spans, since, key=_start)
    return spans[place] if place < len(spans) else None


def _start(span: _Span) -> int:
    start: int = span["start_ns"]
    return start


def _servers(spans: pd.DataFrame) -> pd.Series[bool]:
    """Return which spans are of machines that only serve."""
    workers = spans.loc[spans["lane"] == "compute", "entity"].unique()
    return ~spans["entity"].isin(workers)


def _served(spans: pd.DataFrame) -> dict[int, dict[str, list[_Span]]]:
    """Return what servers do for each update, by activity and in the order of time."""
    works = spans[spans["activity"].isin(_SERVED)]
    found: dict[int, dict[str, list[_Span]]] = {}
    for work in _records(works.sort_values("start_ns", kind="stable")):
        found.setdefault(work["update"], {}).setdefault(work["activity"], []).append(work)
    return found


def _pulled(spans: pd.DataFrame) -> dict[tuple[int, str], list[_Span]]:
    """Return the pulls of each update and worker, in the order of time."""
    found: dict[tuple[int, str], list[_Span]] = {}
    for pull in _records(spans[spans["activity"] == "pull"].sort_values("start_ns", kind="stable")):
        found.setdefault((pull["update"], pull["entity"]), []).append(pull)
    return found


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = table.to_dict("records")  # type: ignore[assignment]
    return records


def _arrow(phase: str, number: int, span: dict[str, Any]) -> dict[str, Any]:
    """Return one end of an arrow, bound to the slice that has just begun."""
    event = {
        "ph": phase,
        "id": number,
        "name": "parameters",
        "cat": "flow",
        "pid": span["pid"],
        "tid": span["tid"],
        "ts": span["start_ns"],
    }
    return {**event, "bp": "e"} if phase == "f" else event
