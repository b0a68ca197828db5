"""Lanes on which several things can happen at once, and connections on which they can't."""

from __future__ import annotations

from collections.abc import Iterator

from simcluster.protocols import Entry, Lane, Passages
from simcluster.recording import words


class CountingLane:
    """A lane that is busy as long as anything happens on it, and shows what began last.

    Parameters
    ----------
    lane : Lane
    idle : int
        What it waits for while nothing happens: a word.
    """

    __slots__ = ("_busy", "_idle", "_lane")

    def __init__(self, lane: Lane, idle: int) -> None:
        self._lane = lane
        self._idle = idle
        self._busy = 0

    def during(self, activity: int, update: int, size: float) -> CountingLane:
        """Be busy with an activity of an update, on so many bytes [B], until the ``with`` that this is for ends."""
        self._busy += 1
        self._lane.enter(activity, update, size)
        return self

    def __enter__(self) -> None:
        """Do nothing: it has begun."""

    def end(self, *how: object) -> None:
        """Say that something ends now, however it does."""
        self._busy -= 1
        if not self._busy:
            self._lane.enter(words.WAIT, cause=self._idle)

    __exit__ = end
    #: For those who say themselves when it ends.
    begin = during

    def past(self, activity: int, update: int, passages: Passages) -> None:
        """Say after the fact what has happened on it, one after the other; nothing goes on now."""

        def entries() -> Iterator[Entry]:
            for start, end, size in passages():
                yield start, activity, update, size, words.NOTHING
                yield end, words.WAIT, 0, 0.0, self._idle

        self._lane.past(entries)
