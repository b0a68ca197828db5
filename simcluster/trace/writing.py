"""The trace of a run in Chrome's JSON format: what happens on every lane, counters over time, arrows between lanes.

Each span of the table is one slice, waiting included. Viewers keep whole nanoseconds: times are rounded to these before
they are written as microseconds with three decimals, so that spans that tile a lane still do, and a viewer drops none.
Beyond 104 days of simulated time a nanosecond is lost in the viewer's floats.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcluster.trace.counters import counters
from simcluster.trace.flows import flows
from simcluster.trace.tracks import Tracks

if TYPE_CHECKING:
    import pandas as pd

#: A time [ns] in an event is written as microseconds by :func:`_line`.
Event = dict[str, Any]
_TIMES = ("ts", "dur")
_WAIT = "wait"


def write_trace(path: Path, spans: pd.DataFrame, links: pd.DataFrame) -> None:
    """Write a run as a Chrome trace.

    Parameters
    ----------
    path : Path
        The file, by custom ``*.json``.
    spans, links : DataFrame
        The tables of a result.

    Raises
    ------
    OSError
        If the file can't be written.
    """
    with path.open("w", encoding="utf-8") as file:
        file.write('{"displayTimeUnit":"ms","traceEvents":[\n')
        separator = ""
        for event in trace_events(spans, links):
            file.write(f"{separator}{_line(event)}")
            separator = ",\n"
        file.write("\n]}\n")


def trace_events(spans: pd.DataFrame, links: pd.DataFrame) -> Iterator[Event]:
    """Yield the events of a trace: names first, then slices, arrows and counters.

    Their times ``ts`` and ``dur`` are whole nanoseconds [ns], counted from the start of the run.

    Parameters
    ----------
    spans, links : DataFrame
        The tables of a result.
    """
    tracks = Tracks(spans)
    return chain(tracks.names(), _slices(tracks), flows(tracks), counters(spans, links))


def _slices(tracks: Tracks) -> Iterator[Event]:
    table = tracks.spans
    names = ["pid", "tid", "start_ns", "end_ns", "activity", "update", "size_bytes", "cause"]
    columns = (table[name].tolist() for name in names)
    for pid, tid, start, end, activity, update, size, cause in zip(*columns, strict=True):
        known = {"update": update, "size_bytes": size, "cause": cause}
        yield {
            "ph": "X",
            "name": f"{_WAIT}: {cause}" if activity == _WAIT and cause else activity,
            "cat": _WAIT if activity == _WAIT else "work",
            "pid": pid,
            "tid": tid,
            "ts": start,
            "dur": end - start,
            "args": {name: value for name, value in known.items() if value},
        }


def _line(event: Event) -> str:
    """Return an event as JSON, its times in microseconds with all digits."""
    times = "".join(f',"{name}":{event[name] // 1000}.{event[name] % 1000:03d}' for name in _TIMES if name in event)
    rest = {name: value for name, value in event.items() if name not in _TIMES}
    return f"{json.dumps(rest, separators=(',', ':'))[:-1]}{times}}}"
