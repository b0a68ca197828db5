"""The walk back from the end of an update along what determined it.

What makes something begin ends at that very instant of simulated time, to the last bit: so the walk needs no knowledge
of schemes. From an activity it goes to one that ended when it began. Of several it takes, in this order, the one on the
same lane (a core or an interface that was busy before), on the same machine (what it works on), the one that hands over
between machines (work after a transfer, a transfer after work), the one of the same update, and then the first by name:
ties are workers in lockstep, any of which is as good. If nothing ended then, what the machine was at in that moment
released it (sending a layer while the next one is computed); if it was at nothing, the walk waits back to whatever
ended last.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_WAIT = "wait"
_TRANSFERS = ("send", "receive")


@dataclass(frozen=True)
class Step:
    """One stretch of the critical path.

    Attributes
    ----------
    entity, lane, activity : str
        Who did what; the activity ``wait`` if nobody did anything that explains the time.
    update : int
        The update that the activity was for.
    start_s, end_s : float [s]
        The stretch.
    began_s : float [s]
        When the activity began: earlier than ``start_s`` where the path begins in the middle of it.
    queued : bool
        Whether the next step is the same kind of work on the same core, which had to wait for this one.
    """

    entity: str
    lane: str
    activity: str
    update: int
    start_s: float
    end_s: float
    began_s: float
    queued: bool = False


@dataclass(frozen=True)
class _Span:
    entity: str
    lane: str
    activity: str
    update: int
    start: float
    end: float
    order: tuple[tuple[int, str], ...]


def is_transfer(lane: str) -> bool:
    """Whether a lane moves bytes over the network: ``send``, ``receive``, or one of several such as ``send-2``."""
    return lane.partition("-")[0] in _TRANSFERS


class Walker:
    """Walks back through the spans of a run.

    Parameters
    ----------
    spans : DataFrame
        The table ``spans`` of a result.
    """

    def __init__(self, spans: pd.DataFrame) -> None:
        active = spans[(spans["activity"] != _WAIT) & (spans["end_s"] > spans["start_s"])]
        columns = [active[name].tolist() for name in ("entity", "lane", "activity", "update", "start_s", "end_s")]
        order = {entity: _by_number(entity) for entity in active["entity"].unique()}
        columns.append([order[entity] for entity in columns[0]])
        found = [_Span(*values) for values in zip(*columns, strict=True)]
        self._spans = sorted(found, key=lambda span: span.end)
        self._ends = [span.end for span in self._spans]
        self._machines: dict[str, dict[str, list[_Span]]] = {}
        for span in self._spans:
            self._machines.setdefault(span.entity, {}).setdefault(span.lane, []).append(span)

    def back(self, begin: float, end: float, update: int) -> list[Step]:
        """Return the path from ``begin`` to ``end`` [s], in the order of time.

        Parameters
        ----------
        begin, end : float [s]
            The stretch of time to explain; its steps cover it without gaps.
        update : int
            The update whose end is explained.
        """
        return list(self._back(begin, end, update))[::-1]

    def _back(self, begin: float, end: float, update: int) -> Iterator[Step]:
        now, after = end, None
        while now > begin:
            before = self._ended(now, after, update) or self._at_work(now, after)
            if before is None:
                before = self._last_before(now, after, update)
                until = begin if before is None else max(begin, before.end)
                yield Step(after.entity if after else "", after.lane if after else "", _WAIT, update, until, now, until)
                now = until
                if now <= begin or before is None:
                    return
            queued = after is not None and _queues(before, after)
            start = max(begin, before.start)
            yield Step(
                before.entity, before.lane, before.activity, before.update, start, now, before.start, queued=queued
            )
            now, after = start, before

    def _ended(self, now: float, after: _Span | None, update: int) -> _Span | None:
        """Return what ended at this instant and explains ``after`` best."""
        first = bisect_left(self._ends, now)
        candidates = []
        while first < len(self._ends) and self._ends[first] == now:
            candidates.append(self._spans[first])
            first += 1
        return min(candidates, key=lambda span: _distance(span, after, update), default=None)

    def _at_work(self, now: float, after: _Span | None) -> _Span | None:
        """Return what the machine was at in this instant: computing rather than transfers, and what began last."""
        lanes = {} if after is None else self._machines[after.entity]
        current = []
        for spans in lanes.values():
            place = bisect_left(spans, now, key=lambda span: span.end)
            if place < len(spans) and spans[place].start < now:
                current.append(spans[place])
        return min(current, key=lambda span: (is_transfer(span.lane), -span.start, span.lane), default=None)

    def _last_before(self, now: float, after: _Span | None, update: int) -> _Span | None:
        place = bisect_left(self._ends, now)
        return self._ended(self._ends[place - 1], after, update) if place else None


def _distance(span: _Span, after: _Span | None, update: int) -> tuple[object, ...]:
    """Return how far a span is from what began when it ended; the nearest explains it."""
    if after is None:
        return (span.update != update, span.order, span.lane)
    return (
        span.entity != after.entity,
        (span.entity, span.lane) != (after.entity, after.lane),
        is_transfer(span.lane) == is_transfer(after.lane),
        span.update != after.update,
        span.order,
        span.lane,
    )


def _queues(before: _Span, after: _Span) -> bool:
    """Whether work had to wait for a core only: decoding one message needs nothing of decoding another."""
    same = (before.entity, before.lane, before.activity) == (after.entity, after.lane, after.activity)
    return same and before.lane.startswith("core")


def _by_number(entity: str) -> tuple[tuple[int, str], ...]:
    pieces = re.split(r"(\d+)", entity)
    return tuple((int(piece) if piece.isdecimal() else -1, piece) for piece in pieces)
