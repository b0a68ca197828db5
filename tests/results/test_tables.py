"""Tables of spans and links: their ends, and the check that spans tile their lane."""

from __future__ import annotations

import pytest

from simcluster.errors import ConservationError
from simcluster.recording import SpanRecorder, words
from simcluster.recording.spans import SPAN
from simcluster.results.tables import links_table, spans_table


class Clock:
    now = 0.0


def recorded() -> tuple[Clock, SpanRecorder]:
    clock = Clock()
    recorder = SpanRecorder(clock)
    one, two = recorder.lane("a", "x"), recorder.lane("b", "y")
    link = recorder.link("l")
    clock.now = 1.0
    one.enter(words.PUSH, 1, 8.0)
    link.change(5.0, 1)
    link.change(9.0, 2)
    clock.now = 2.0
    one.enter(words.WAIT, cause=words.CORE)
    two.enter(words.PULL, 2)
    one.enter(words.DECODE, 3)
    link.change(0.0, 0)
    return clock, recorder


def test_a_span_ends_where_the_next_of_its_lane_begins() -> None:
    table = spans_table(recorded()[1].spans, 4.0)
    columns = ["entity", "lane", "activity", "update", "start_s", "end_s", "size_bytes", "cause"]
    assert table[columns].to_numpy().tolist() == [
        ["a", "x", "wait", 0, 0, 1, 0, "start"],
        ["a", "x", "push", 1, 1, 2, 8, ""],
        ["a", "x", "decode", 3, 2, 4, 0, ""],  # the wait of no length between the two is left out
        ["b", "y", "wait", 0, 0, 2, 0, "start"],
        ["b", "y", "pull", 2, 2, 4, 0, ""],
    ]


def test_of_several_changes_of_a_link_at_one_instant_the_last_counts() -> None:
    table = links_table(recorded()[1].links, 4.0, {"l": 20.0})
    assert table.to_numpy().tolist() == [["l", 0, 1, 0, 0, 20], ["l", 1, 2, 9, 2, 20], ["l", 2, 4, 0, 0, 20]]


def test_a_lane_that_goes_back_in_time_is_a_bug() -> None:
    clock, recorder = recorded()
    clock.now = 1.5
    recorder.lane("c", "z")
    recorder.spans.entries.extend(SPAN.pack(0.5, 0.0, 0, 1, words.PUSH, 0))
    with pytest.raises(ConservationError, match="a/x don't tile"):
        spans_table(recorder.spans, 4.0)


def test_a_lane_that_begins_late_is_a_bug() -> None:
    clock, recorder = recorded()
    clock.now = 3.0
    recorder.lane("late", "z")
    with pytest.raises(ConservationError, match="late/z don't tile"):
        spans_table(recorder.spans, 4.0)
