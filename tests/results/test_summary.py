"""The summary: worked out by hand, and its own checks."""

from __future__ import annotations

from array import array
from typing import Any

import pytest

from simcluster.errors import ConservationError, UserInputError
from simcluster.results import LinkTotals, Records, Result, RunFacts
from simcluster.results.summary import NUMBERS, WORDS, lags, summarize, update_times
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
    return [update, worker, start, end, end, computation, 0, push, 0, 0, 0, 0, 0, wait, 0, update]


def records(rows: list[list[float]], total_time: float) -> Records:
    links = [LinkTotals("slow", 10.0, 50.0, 6.0), LinkTotals("fast", 100.0, 60.0, 1.0)]
    flat = [value for one in rows for value in one]
    return Records(
        rows=array("d", flat), total_time=total_time, carried_bytes=110.0, discarded_updates=0, incidents=[],
        incomplete="", links=links, spans=None, link_history=None, transfers=None,
    )


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
    rows[0][5] -= 1e-3
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
    assert all(isinstance(run().metrics[name], str | None) for name in WORDS)


def columns(rows: list[tuple[int, int, float, float]]) -> dict[str, list[float]]:
    """Return columns of worker, step, start and application."""
    return dict(zip(("worker", "step", "start_s", "applied_s"), map(list, zip(*rows, strict=True)), strict=True))


def test_lag_counts_what_the_slowest_has_behind_it_when_a_worker_begins() -> None:
    # Worker 0 does one update a second; worker 1 is applied at 2 s, when worker 0 begins its third, and at 5 s.
    rows = [(0, step, step - 1.0, float(step)) for step in range(1, 6)] + [(1, 1, 0.0, 2.0), (1, 2, 2.0, 5.0)]
    assert lags(columns(rows)) == [0, 1, 1, 2, 3, 0, 0]


def test_lag_does_not_depend_on_the_order_of_rows() -> None:
    rows = [(0, step, step - 1.0, float(step)) for step in range(1, 6)] + [(1, 1, 0.0, 2.0), (1, 2, 2.0, 5.0)]
    assert lags(columns(rows[::-1])) == [0, 0, 3, 2, 1, 1, 0]


def test_staleness_idleness_and_what_was_in_vain() -> None:
    training = {"scheme": "backup-workers", "backups": 1, "updates": 3}
    metrics = run({"training": training, "cluster": {"groups": [{"count": 3}, {"count": 1, "speed": 0.5}]}}).metrics
    assert (metrics["staleness_mean"], metrics["staleness_max"], metrics["discarded_updates"]) == (0, 0, 3)
    # 2 s of computing; 3 pushes of 1 s on one link, whose last third shares it with the late one; 4 pulls of 1 s.
    update_time = 2 + 3 + 1 / 3 + 4
    assert metrics["update_time_s"] == pytest.approx(update_time)
    # The late one has computed for 4 s when its push is cut.
    assert metrics["idle_share"] == pytest.approx(1 - (3 * 2 + 4) / (4 * update_time))
    assert metrics["samples_per_update"] == 3 * 16


def test_efficiency_is_the_speedup_over_that_of_all_devices_together() -> None:
    groups = [{"count": 1}, {"count": 2, "speed": 3}]
    metrics = run({"cluster": {"groups": groups}, "compute": {"scaling": "weak"}}, record=False).metrics
    assert metrics["efficiency"] == pytest.approx(metrics["speedup"] / 7)


@pytest.mark.parametrize("scheme", ["sync-ps", "async-ps", "ssp", "ad-psgd", "backup-workers"])
def test_the_greatest_lag_is_that_of_the_rows(scheme: str) -> None:
    training: dict[str, Any] = {"scheme": scheme, "updates": 30}
    jitter = {"distribution": "lognormal", "cv": 0.8}
    result = run({"training": training, "cluster": {"workers": 5}, "compute": {"jitter": jitter}})
    assert result.metrics["lag_max"] == result.updates["lag"].max()
