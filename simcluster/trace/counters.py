"""Counters in a trace: the utilisation of each link, how many transfers share it, and how many wait for a core."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from simcluster.trace.tracks import COUNTERS, nanoseconds

if TYPE_CHECKING:
    import pandas as pd


def counters(spans: pd.DataFrame, links: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the values of all counters at the times at which they change.

    Parameters
    ----------
    spans, links : DataFrame
        The tables of a result.
    """
    for name, rows in links.groupby("link", sort=False):
        used = rows["rate_bytes_per_s"] / rows["capacity_bytes_per_s"] * 100
        starts, ends = nanoseconds(rows["start_s"]).tolist(), nanoseconds(rows["end_s"]).tolist()
        yield from _counter(f"{name} utilisation %", *_steps(starts, ends, used.tolist()))
        yield from _counter(f"{name} transfers", *_steps(starts, ends, rows["flows"].tolist()))
    yield from _queue(spans[spans["cause"] == "core"])


def _steps(starts: Sequence[int], ends: Sequence[int], values: Sequence[float]) -> tuple[list[int], list[float]]:
    """Return when a link changes, and its value from then on: nothing moves between two stretches that don't touch."""
    times, levels = ([], []) if not starts or starts[0] == 0 else ([0], [0.0])
    for start, end, value, after in zip(starts, ends, values, [*starts[1:], None], strict=True):
        times.append(start)
        levels.append(value)
        if after != end:
            times.append(end)
            levels.append(0.0)
    return times, levels


def _queue(waits: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield how many wait for a core."""
    import pandas as pd

    steps = pd.concat([pd.Series(1, nanoseconds(waits["start_s"])), pd.Series(-1, nanoseconds(waits["end_s"]))])
    changes = steps.groupby(level=0).sum()
    changes = changes[changes != 0]
    if len(changes):
        times, lengths = changes.index.tolist(), changes.cumsum().tolist()
        early = [] if times[0] == 0 else [0]
        yield from _counter("waiting for a core", early + times, early + lengths)


def _counter(name: str, times: Sequence[int], values: Sequence[float]) -> Iterator[dict[str, Any]]:
    for time, value in zip(times, values, strict=True):
        yield {"ph": "C", "name": name, "pid": COUNTERS, "ts": time, "args": {"value": value}}
