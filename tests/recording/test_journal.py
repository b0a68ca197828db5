"""The journal: phases charge their time, and a row adds up."""

from __future__ import annotations

import pytest

from simcluster.recording import (
    DECODE,
    ENCODE,
    PARTS,
    PUSH,
    SERVER_DECODE,
    UNAPPLIED,
    WAITING,
    Everybody,
    Journal,
    SpanRecorder,
    UpdateRow,
)
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
    row.end()
    values = dict(zip(COLUMNS, row.values(), strict=True))
    assert (values["push_s"], values["server_decode_s"], values["wait_s"]) == (5, 6, 5)


def test_everybody_means_all_rows() -> None:
    clock = Clock()
    recorder = SpanRecorder(clock)
    rows = [Journal(clock, lambda update: None).open(i, 1, recorder.lane(f"w{i}", "compute")) for i in range(3)]
    clock.now = 2.0
    Everybody(1, rows).enter(PUSH)
    clock.now = 3.0
    for row in rows:
        row.end()
    assert [row.values()[COLUMNS.index("push_s")] for row in rows] == [1, 1, 1]


@pytest.mark.parametrize("part", PARTS)
def test_columns_hold_all_parts_once(part: str) -> None:
    assert COLUMNS.count(part) == 1


def table_of(journal: Journal) -> list[dict[str, float]]:
    width = len(COLUMNS)
    rows = [journal.rows[place : place + width] for place in range(0, len(journal.rows), width)]
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def deferred() -> tuple[Clock, Journal]:
    clock = Clock()
    journal = Journal(clock, lambda update: None)
    journal.defer()
    return clock, journal


def open_row(journal: Journal, clock: Clock, worker: int, step: int) -> UpdateRow:
    return journal.open(worker, step, SpanRecorder(clock).lane("w", "compute"))


def test_a_deferred_row_is_kept_when_it_has_ended_and_taken_effect() -> None:
    clock, journal = deferred()
    early, late = open_row(journal, clock, 0, 1), open_row(journal, clock, 1, 1)
    clock.now = 1.0
    journal.apply(0, 1, update=1, staleness=3)
    journal.close(late)
    assert table_of(journal) == []
    clock.now = 2.0
    journal.close(early)
    journal.apply(1, 1, update=2, staleness=0)
    names = ("worker", "update", "end_s", "applied_s", "staleness")
    kept = [tuple(row[name] for name in names) for row in table_of(journal)]
    assert kept == [(0, 1, 2, 1, 3), (1, 2, 1, 2, 0)]


def test_nothing_is_applied_twice() -> None:
    clock, journal = deferred()
    open_row(journal, clock, 0, 1)
    journal.apply(0, 1, 1, 0)
    with pytest.raises(KeyError):
        journal.apply(0, 1, 2, 0)


def test_the_end_cuts_what_is_open_and_keeps_what_was_applied() -> None:
    clock, journal = deferred()
    rows = [open_row(journal, clock, worker, 1) for worker in range(3)]
    clock.now = 1.0
    journal.apply(0, 1, 1, 0)
    journal.close(rows[1])
    clock.now = 2.0
    open_row(journal, clock, 3, 1)  # begins at the very end: it has done nothing
    journal.cut()
    kept = sorted((row["worker"], row["update"], row["end_s"]) for row in table_of(journal))
    assert kept == [(0, 1, 2), (1, UNAPPLIED, 1), (2, UNAPPLIED, 2)]


@pytest.mark.parametrize("is_deferred", [True, False])
def test_what_is_rejected_goes_on_and_is_counted(is_deferred: bool) -> None:
    clock = Clock()
    journal = Journal(clock, lambda update: None)
    if is_deferred:
        journal.defer()
    row = open_row(journal, clock, 0, 1)
    journal.reject(row)
    clock.now = 4.0
    journal.close(row)
    (kept,) = table_of(journal)
    assert (kept["update"], kept["end_s"], journal.discarded) == (UNAPPLIED, 4, 1)


def test_who_crashes_loses_what_was_not_applied() -> None:
    clock, journal = deferred()
    pushed, open_one = open_row(journal, clock, 0, 1), open_row(journal, clock, 0, 2)
    other = open_row(journal, clock, 1, 1)
    journal.close(pushed)
    clock.now = 1.0
    journal.leave(0)
    assert [(row["step"], row["update"]) for row in table_of(journal)] == [(1, UNAPPLIED), (2, UNAPPLIED)]
    assert (open_one.closed, other.closed) == (True, False)
