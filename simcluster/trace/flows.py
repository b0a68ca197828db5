"""Arrows in a trace: from each push to what the server makes of it, and on to the pull of the same worker.

The server's part of an update is its averaging; where that costs nothing, its encoding, and else its last decoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

from simcluster.trace.tracks import Tracks

if TYPE_CHECKING:
    import pandas as pd

_SERVED = ("decode", "encode", "aggregate")


def flows(tracks: Tracks) -> Iterator[dict[str, Any]]:
    """Yield the events of the arrows: their start, a step at the server, and their end.

    Parameters
    ----------
    tracks : Tracks
    """
    spans = tracks.spans[tracks.spans["end_ns"] > tracks.spans["start_ns"]]
    served, pulled = _served(spans), _pulled(spans)
    numbers = count(1)
    pushes = spans[spans["activity"] == "push"]
    for push in _records(pushes):
        stations = [push, served.get(push["update"]), pulled.get((push["update"], push["entity"]))]
        there = [one for one in stations if one is not None]
        if len(there) > 1:
            number = next(numbers)
            for phase, station in zip(["s", *"t" * (len(there) - 2), "f"], there, strict=True):
                yield _arrow(phase, number, station)


def _served(spans: pd.DataFrame) -> dict[int, dict[str, Any]]:
    """Return the server's part of each update."""
    workers = spans.loc[spans["lane"] == "compute", "entity"].unique()
    works = spans[~spans["entity"].isin(workers) & spans["activity"].isin(_SERVED)]
    rank = works["activity"].map(_SERVED.index)
    ordered = works.assign(rank=rank).sort_values(["rank", "end_ns"], kind="stable")
    return {row["update"]: row for row in _records(ordered)}


def _pulled(spans: pd.DataFrame) -> dict[tuple[int, str], dict[str, Any]]:
    """Return the first pull of each update and worker."""
    pulls = spans[spans["activity"] == "pull"].drop_duplicates(["update", "entity"])
    return {(row["update"], row["entity"]): row for row in _records(pulls)}


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
