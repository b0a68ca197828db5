"""The journal: phases charge their time, and a row adds up."""

from __future__ import annotations

import pytest

from simcluster.recording import DECODE, ENCODE, PARTS, PUSH, SERVER_DECODE, WAITING, Everybody, Journal, SpanRecorder
from simcluster.recording.journal import COLUMNS


class Clock:
    now = 0.0


def row_of(journal: Journal) -> dict[str, float]:
    return dict(zip(COLUMNS, journal.rows, strict=True))


def test_each_phase_is_charged_until_the_next_begins() -> None:
    clock = Clock()
    recorder = SpanRecorder(clock)
    journal = Journal(clock, lambda update: None)
    clock.now = 1.0
    row = journal.open(3, 7, recorder.lane("worker-3", "compute"))
    for time, phase in ((3.0, ENCODE), (3.5, PUSH), (9.5, WAITING), (10.0, DECODE)):
        clock.now = time
        row.enter(phase)
    clock.now = 11.0
    journal.close(row, staleness=2)
    values = row_of(journal)
    assert (values["update"], values["worker"], values["start_s"], values["end_s"]) == (7, 3, 1, 11)
    assert (values["computation_s"], values["encode_s"], values["push_s"]) == (2, 0.5, 6)
    assert (values["wait_s"], values["decode_s"], values["staleness"]) == (0.5, 1, 2)
    assert sum(values[part] for part in PARTS) == 10


def test_time_at_the_server_is_divided_by_what_the_server_did() -> None:
    clock = Clock()
    row = Journal(clock, lambda update: None).open(0, 1, SpanRecorder(clock).lane("w", "compute"))
    row.enter(PUSH)
    clock.now = 5.0
    row.arrive(busy=1.0)
    row.enter(SERVER_DECODE)
    clock.now = 7.0
    row.enter(WAITING)
    clock.now = 15.0
    row.settle(busy=7.0)  # of 10 s at the server, it decoded 6 s
    clock.now = 16.0
    values = dict(zip(COLUMNS, row.values(0), strict=True))
    assert (values["push_s"], values["server_decode_s"], values["wait_s"]) == (5, 6, 5)


def test_everybody_means_all_rows() -> None:
    clock = Clock()
    recorder = SpanRecorder(clock)
    rows = [Journal(clock, lambda update: None).open(i, 1, recorder.lane(f"w{i}", "compute")) for i in range(3)]
    clock.now = 2.0
    Everybody(1, rows).enter(PUSH)
    clock.now = 3.0
    assert [row.values(0)[COLUMNS.index("push_s")] for row in rows] == [1, 1, 1]


@pytest.mark.parametrize("part", PARTS)
def test_columns_hold_all_parts_once(part: str) -> None:
    assert COLUMNS.count(part) == 1
