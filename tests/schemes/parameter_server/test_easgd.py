"""Elastic averaging: by hand, its bytes, and the order of what is exchanged."""

from __future__ import annotations

from typing import Any

import pytest

from simcluster.scenario import ScenarioError
from tests.building import run, scenario
from tests.schemes.parameter_server.cases import CODEC, STAR, carried, times, two


def test_by_hand() -> None:
    # Worker 0 computes to 1, receives to 2, sends to 3, and computes to 4. Then both receive for 2 s and send for 2 s.
    result = two("easgd", 6)
    assert times(result, 0) == [3, 8, 11, 16]
    assert times(result, 1) == [8, 16]
    assert times(result, 0, "pull_s") == [1, 2, 1, 2]
    assert times(result, 0, "push_s") == [1, 2, 1, 2]
    assert times(result, 0, "wait_s") == [0] * 4
    # Worker 0 reads the server at 4 s, before worker 1's first is in at 8 s, as worker 1 does, before its own second.
    assert times(result, 0, "staleness") == [0, 1, 0, 1]
    assert times(result, 1, "staleness") == [0, 0]
    assert result.metrics["total_time_s"] == 16


def test_the_server_sends_first() -> None:
    spans = two("easgd", 4).spans
    for entity in ("worker-0", "worker-1"):
        mine = spans[spans["entity"] == entity]
        pulls = mine[mine["activity"] == "pull"]["end_s"].tolist()
        pushes = mine[mine["activity"] == "push"]["start_s"].tolist()
        assert pushes == pulls[: len(pushes)]


def test_the_worker_does_not_wait_for_the_server_to_move() -> None:
    # 100 MB are read in 2 s at the server: applied 2 s after the row has ended.
    changes = {"cluster": {"workers": 1, "server": {"aggregation_rate": "50 MB/s"}}}
    result = run({"training": {"scheme": "easgd", "updates": 3}} | changes)
    applied = result.updates.query("update > 0")
    assert applied["end_s"].tolist() == [10, 20, 30]
    assert applied["applied_s"].tolist() == [12, 22, 32]
    assert result.metrics["total_time_s"] == 32
    # The fourth period is cut two seconds after its begin.
    assert result.updates.query("update == 0")["computation_s"].tolist() == [2]


def test_codec() -> None:
    # 8 compute; 4 encode at the server, 0.5, 2 decode; 4 encode, 0.5 push; 2 decode at the server.
    changes: dict[str, Any] = {"cluster": {"workers": 1}, "compression": {"codec": CODEC}}
    result = run({"training": {"scheme": "easgd", "updates": 1}} | changes)
    assert result.updates["end_s"].tolist()[-1] == pytest.approx(8 + 6.5 + 4.5)
    assert result.metrics["total_time_s"] == pytest.approx(8 + 6.5 + 4.5 + 2)


@pytest.mark.parametrize("workers", [1, 2, 3, 7, 16])
@pytest.mark.parametrize("iterations", [1, 4])
def test_parameters_travel_once_each_way_in_a_period(workers: int, iterations: int) -> None:
    training = {"scheme": "easgd", "updates": 6 * workers, "local_iterations": iterations}
    result = run({"cluster": {"workers": workers}, "network": STAR, "training": training})
    links = carried(result)
    applied = result.updates.query("update > 0").groupby("worker").size()
    for worker, periods in applied.items():
        # Equal workers: all periods end together, so that nothing is under way at the end.
        assert links[f"{worker}/down"] == pytest.approx(periods * 100e6, rel=1e-6)
        assert links[f"{worker}/up"] == pytest.approx(periods * 100e6, rel=1e-6)
    assert applied.tolist() == [6] * workers


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"exchange": "gradients"}, r"training\.exchange.*moves parameters"),
        ({"moving_rate": 0.5, "server_factor": 3}, r"training\.server_factor.*at most 2"),
        ({"moving_rate": 0}, r"training\.moving_rate"),
        ({"moving_rate": 1.5}, r"training\.moving_rate"),
        ({"double_buffering": True, "exchange": "parameters"}, r"training\.double_buffering"),
    ],
)
def test_what_can_not_be(training: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        scenario({"training": {"scheme": "easgd", **training}})
