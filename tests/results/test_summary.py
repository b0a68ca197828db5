"""The summary: worked out by hand, and its own checks."""

from __future__ import annotations

from array import array

import pytest

from simcluster.errors import ConservationError, UserInputError
from simcluster.results import LinkTotals, Records, Result, RunFacts
from simcluster.results.summary import NUMBERS, WORDS, summarize, update_times
from tests.building import run

FACTS = RunFacts(
    workers=2,
    devices=2.0,
    nodes=3,
    samples_per_update=100,
    single_device_rate=50.0,
    samples_per_epoch=1000,
    price=3.0,
    power=200.0,
)


def row(
    update: int, worker: int, start: float, end: float, computation: float, push: float, wait: float
) -> list[float]:
    return [update, worker, start, end, computation, 0, push, 0, 0, 0, 0, 0, wait, 0]


def records(rows: list[list[float]], total_time: float) -> Records:
    links = [LinkTotals("slow", 10.0, 50.0, 6.0), LinkTotals("fast", 100.0, 60.0, 1.0)]
    flat = [value for one in rows for value in one]
    return Records(array("d", flat), total_time, 110.0, links, None, None, None)


ROWS = [
    row(1, 0, 1, 5, 2, 1, 1),
    row(1, 1, 1, 4, 3, 0, 0),
    row(2, 1, 4, 10, 1, 2, 3),
    row(2, 0, 5, 11, 4, 1, 1),
]


def test_an_update_ends_with_its_last_worker() -> None:
    assert update_times([1, 1, 2, 2], [1, 1, 4, 5], [5, 4, 10, 11]) == [4, 6]


def test_summary_by_hand() -> None:
    summary = summarize(records(ROWS, 12.0), FACTS)
    assert (summary["update_time_s"], summary["update_time_s_p50"]) == (5, 5)
    assert summary["update_time_s_p95"] == pytest.approx(5.9)
    assert summary["update_time_s_std"] == pytest.approx(2**0.5)
    assert (summary["computation_s"], summary["push_s"]) == (2.5, 1.0)
    # waits 1, 0, 3, 1 s, and worker 1 idles from 10 to 11 s at the end: 6 s over 4 rows
    assert summary["wait_s"] == 1.5
    assert summary["transfer_s"] == 2.5
    assert (summary["samples_per_s"], summary["speedup"], summary["efficiency"]) == (20, 0.4, 0.2)
    assert summary["epoch_time_s"] == 50
    assert (summary["busiest_link"], summary["busiest_link_utilisation"]) == ("slow", 50 / 120)
    assert summary["cost"] == pytest.approx(3.0 * 3 * 12 / 3600)
    assert summary["energy_kwh"] == pytest.approx(0.2 * 3 * 12 / 3600)
    assert summary["limited_by"] == "computation"


def test_parts_that_do_not_add_up_are_a_bug() -> None:
    rows = [list(one) for one in ROWS]
    rows[0][4] -= 1e-3
    with pytest.raises(ConservationError, match="add up"):
        summarize(records(rows, 12.0), FACTS)


def test_what_was_not_recorded_is_said() -> None:
    result = Result({}, 1, "0", records(ROWS, 12.0), FACTS)
    with pytest.raises(UserInputError, match="record=True"):
        _ = result.spans
    assert list(result.tables()) == ["summary", "updates"]
    assert result.updates["worker"].tolist() == ["worker-0", "worker-1", "worker-0", "worker-1"]
    assert result.updates["transfer_s"].tolist() == [2, 0, 2, 5]


def test_the_names_of_the_metrics_are_known() -> None:
    assert {*NUMBERS, *WORDS} == set(run().metrics)
    assert all(isinstance(run().metrics[name], str) for name in WORDS)
