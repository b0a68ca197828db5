"""What is recorded after the fact."""

from __future__ import annotations

from math import nextafter

from simcluster.cluster.traffic import CountingLane
from simcluster.recording import NullRecorder, SpanRecorder, words
from simcluster.recording.spans import LINK
from simcluster.results.tables import spans_table, transfers_table


class Clock:
    now = 0.0


def test_a_lane_takes_what_has_happened_and_nothing_that_is_still_to_come() -> None:
    clock = Clock()
    recorder = SpanRecorder(clock)
    lane = CountingLane(recorder.lane("worker-0", "send"), words.NOTHING_TO_SEND)
    clock.now = 2.0
    lane.past(words.PUSH, 7, lambda: [(0.5, 1.0, 10.0), (1.0, nextafter(2.0, 3.0), 20.0)])
    with lane.during(words.PUSH, 8, 30.0):
        clock.now = 3.0
    table = spans_table(recorder.spans, 4.0)
    assert table["start_s"].tolist() == [0, 0.5, 1, 2, 3]
    assert table["end_s"].tolist() == [0.5, 1, 2, 3, 4]
    assert table["size_bytes"].tolist() == [0, 10, 20, 30, 0]
    assert table["update"].tolist() == [0, 7, 7, 8, 0]
    assert table["cause"].tolist() == ["start", "", "", "", "nothing to send"]


def test_links_and_transfers_can_be_told_later() -> None:
    clock = Clock()
    recorder = SpanRecorder(clock)
    link, transfers = recorder.link("a/up"), recorder.transfers()
    clock.now = 5.0
    link.passed(1.0, 100.0, 1, 2.0)
    link.passed(3.0, 50.0, 1)
    entries = [entry[:2] for entry in LINK.iter_unpack(recorder.links.entries)]
    assert entries == [(0, 0), (1, 100), (2, 0), (3, 50), (5, 0)]
    transfers.arrived("a", ["b"], 1.0, 4.0, "a/up")
    transfers.arrived("a", ["b"], 1.0, 2.0, "a/up", 3.0)
    assert recorder.transfer_history is not None
    assert transfers_table(recorder.transfer_history)["end_s"].tolist() == [3, 5]


def test_nobody_asks_what_has_happened_if_nothing_is_recorded() -> None:
    lane = CountingLane(NullRecorder().lane("worker-0", "send"), words.NOTHING_TO_SEND)

    def passages() -> list[tuple[float, float, float]]:
        raise AssertionError

    lane.past(words.PUSH, 1, passages)
