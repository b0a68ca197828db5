"""Lanes on which several things happen at once."""

from __future__ import annotations

from typing import Any

from simcluster.cluster.traffic import CountingLane
from simcluster.recording import words


class Written:
    """A lane that keeps what it is told."""

    def __init__(self) -> None:
        self.activities: list[int] = []

    def enter(self, activity: int, update: int = 0, size: float = 0.0, cause: int = 0) -> None:
        self.activities.append(activity)

    def past(self, entries: Any) -> None:
        self.activities += [activity for _, activity, *_ in entries()]


def test_a_lane_is_busy_until_the_last_thing_on_it_ends() -> None:
    written = Written()
    lane = CountingLane(written, words.NOTHING_TO_SEND)
    lane.begin(words.PUSH, 1, 5.0)
    with lane.during(words.ENCODE, 1, 6.0):
        lane.end()
        assert written.activities == [words.PUSH, words.ENCODE]
    assert written.activities == [words.PUSH, words.ENCODE, words.WAIT]
