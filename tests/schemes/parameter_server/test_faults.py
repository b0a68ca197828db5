"""Workers that crash, are lost or come back, in the schemes of the family that go on without them."""

from __future__ import annotations

from typing import Any

import pytest

from simcluster.results import Result
from tests.building import run
from tests.schemes.parameter_server.cases import LAYERS

#: Schemes, with options and the updates of 15 of each of four workers.
SCHEMES: list[tuple[dict[str, Any], int]] = [
    ({"scheme": "async-ps"}, 60),
    ({"scheme": "async-ps", "fetch_every": 3}, 60),
    ({"scheme": "ssp", "bound": 0}, 60),
    ({"scheme": "ssp", "bound": 2}, 60),
    ({"scheme": "easgd"}, 60),
    ({"scheme": "backup-workers", "late": "abandon"}, 15),
    ({"scheme": "backup-workers", "late": "finish"}, 15),
]
NAMES = ["-".join(str(value) for value in training.values()) for training, _ in SCHEMES]
BACK = {"kind": "crash", "on": "worker-1", "at": "5 s", "lasts": "30 s"}
LOST = {"kind": "crash", "on": "worker-1", "at": "5 s"}
JITTER = {"distribution": "gamma", "cv": 0.6}


def crashed(training: dict[str, Any], updates: int, fault: dict[str, Any], **changes: Any) -> Result:
    """Run four workers, one of which crashes; the spans of every lane tile its time, or this raises."""
    sections: dict[str, Any] = {"training": {**training, "updates": updates}, "faults": [fault]}
    result = run(sections | {"compute": {"jitter": JITTER}} | changes)
    assert not result.spans.empty
    return result


@pytest.mark.parametrize(("training", "updates"), SCHEMES, ids=NAMES)
@pytest.mark.parametrize("server", [{}, {"shards": 3}])
def test_the_others_go_on_without_a_worker_that_is_lost(
    training: dict[str, Any], updates: int, server: dict[str, Any]
) -> None:
    result = crashed(training, updates, LOST, cluster={"workers": 4, "server": server})
    applied = result.updates.query("update > 0")
    assert sorted(set(applied["update"])) == list(range(1, updates + 1))
    assert (applied.query("worker == 'worker-1'")["applied_s"] <= 5).all()


@pytest.mark.parametrize(("training", "updates"), SCHEMES, ids=NAMES)
@pytest.mark.parametrize("overlap", ["none", "full"])
def test_a_worker_that_comes_back_is_taken_in_again(training: dict[str, Any], updates: int, overlap: str) -> None:
    model = {"model": {"layers": LAYERS, "parameters": "100 MB"}}
    result = crashed({**training, "overlap": overlap}, updates, BACK, **model)
    mine = result.updates.query("update > 0 and worker == 'worker-1'")
    away = mine[(mine["applied_s"] > 5) & (mine["applied_s"] < 35)]
    assert away.empty
    assert (mine["applied_s"] > 35).any()
    spans = result.spans.query("entity == 'worker-1' and lane == 'compute' and cause == 'crashed'")
    assert spans[["start_s", "end_s"]].to_numpy().tolist() == [[5, 35]]


@pytest.mark.parametrize("bound", [0, 2])
def test_who_comes_back_to_ssp_holds_nobody_up(bound: int) -> None:
    # It has missed many updates, but is one of the slowest from now on, and not that far behind.
    result = crashed({"scheme": "ssp", "bound": bound}, 200, BACK)
    late = result.updates.query("update > 0 and applied_s > 60")
    counts = late.groupby("worker").size()
    assert len(counts) == 4
    assert counts.max() - counts.min() <= 2 * bound + 2


@pytest.mark.parametrize("late", ["abandon", "finish"])
def test_winners_that_had_crashed_before_get_the_last_result(late: str) -> None:
    everybody = {"kind": "crash", "on": "worker-*", "at": "5 s", "lasts": "1 s"}
    result = crashed({"scheme": "backup-workers", "late": late}, 5, everybody)
    assert result.metrics["updates"] == 5
    assert (result.updates.query("update > 0").groupby("update").size() == 3).all()


@pytest.mark.parametrize("scheme", ["async-ps", "ssp", "easgd"])
def test_who_comes_back_pulls_before_it_computes(scheme: str) -> None:
    spans = crashed({"scheme": scheme}, 60, BACK).spans.query("entity == 'worker-1' and start_s >= 35")
    pull = spans.query("lane == 'receive' and activity == 'pull'").iloc[0]
    assert pull["start_s"] == 35
    assert spans.query("lane == 'compute' and activity == 'compute'")["start_s"].iloc[0] == pull["end_s"]
