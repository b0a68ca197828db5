"""Asynchronous SGD: by hand, against queueing theory, and laws of staleness."""

from __future__ import annotations

import math
from typing import Any

import pytest

from simcluster.scenario import ScenarioError
from simcluster.theory.queueing import closed_network
from tests.building import run, scenario
from tests.schemes.parameter_server.cases import CODEC, EXPONENTIAL, STAR, times, two


class TestByHand:
    """W/B = 1 s on one link; worker 0 computes for 1 s, worker 1 for 4 s."""

    def test_nobody_waits_for_anybody(self) -> None:
        # Worker 0: computes to 1, pushes to 2, pulls to 3, computes to 4. Then both push for 2 s, and pull for 2 s.
        result = two("async-ps", 6)
        assert times(result, 0) == [2, 6, 10, 14]
        assert times(result, 1) == [6, 14]
        assert times(result, 0, "start_s") == [0, 3, 8, 11]
        assert times(result, 0, "pull_s") == [1, 2, 1, 0]
        assert result.metrics["total_time_s"] == 14
        assert result.metrics["update_time_s"] == pytest.approx(14 / 6)
        assert result.metrics["samples_per_s"] == pytest.approx(6 * 32 / 14)

    def test_staleness_and_lag(self) -> None:
        # At 6 s worker 1, which began first, is applied first: it never saw worker 0's push of 2 s. Worker 0's next one
        # has not seen worker 1's.
        result = two("async-ps", 6)
        assert times(result, 0, "staleness") == [0, 1, 0, 1]
        assert times(result, 1, "staleness") == [1, 2]
        assert times(result, 0, "lag") == [0, 1, 1, 2]
        assert result.metrics["staleness_mean"] == pytest.approx(5 / 6)
        assert (result.metrics["staleness_max"], result.metrics["lag_max"]) == (2, 2)
        # 4 * 1 s and 2 * 4 s of 2 * 14 s are computed.
        assert result.metrics["idle_share"] == pytest.approx(1 - 12 / 28)

    def test_between_fetches_pushes_travel_behind_the_computation(self) -> None:
        # Worker 0 computes to 1, and on to 2 while its push is under way; pushes to 3, pulls to 4.
        result = two("async-ps", 6, fetch_every=2)
        assert times(result, 0) == [2, 3, 6, 7]
        assert times(result, 0, "end_s") == [1, 4, 5, 8]
        assert times(result, 0, "push_s") == [0, 1, 0, 1]
        # Its own push of 2 s doesn't make that of 3 s stale.
        assert times(result, 0, "staleness") == [0, 0, 1, 1]
        assert times(result, 1) == [5, 9]

    def test_a_worker_has_one_push_of_a_part_under_way(self) -> None:
        # The push takes 1 s, but the computation 0.25 s: one is applied each second; the pull ends at 5.25 s.
        changes = {"cluster": {"workers": 1}, "compute": {"minibatch_time": "0.25 s"}}
        result = run({"training": {"scheme": "async-ps", "updates": 5, "fetch_every": 4}} | changes)
        assert times(result, 0) == [1.25, 2.25, 3.25, 4.25, 6.5]
        assert times(result, 0, "push_s") == [0, 0.75, 0.75, 1.75, 0]
        assert times(result, 0, "staleness") == [0] * 5

    def test_each_pull_is_encoded_for_its_worker(self) -> None:
        # 1 compute, 4 encode, 0.5 push, 2 decode: applied at 7.5; then 4 encode, 0.5 pull, 2 decode.
        result = two("async-ps", 2, {"compression": {"codec": CODEC}})
        assert times(result, 0) == [7.5]
        # Worker 1 computes to 4, encodes to 8, has pushed at 8.5; the server's core encodes for worker 0 until 11.5.
        assert times(result, 1) == [13.5]
        assert times(result, 1, "wait_s") == [3]
        assert times(result, 1, "server_decode_s") == [2]

    def test_one_off_work_comes_before_the_first_and_after_the_last_update(self) -> None:
        result = two("async-ps", 6, {"compression": {"codec": CODEC, "usage": "one-time"}})
        assert result.updates["start_s"].min() == 4
        assert result.metrics["total_time_s"] == result.updates["end_s"].max() + 2

    def test_the_run_ends_when_the_last_update_is_applied(self) -> None:
        result = two("async-ps", 5)
        assert result.metrics["total_time_s"] == 14
        assert (result.updates["update"] == 0).sum() == 1
        # 4 pulls and 5 pushes are carried, and nearly all of one more.
        assert result.metrics["bytes_on_wire"] == pytest.approx(10 * 100e6)


APPLY: dict[str, Any] = {"workers": 4, "server": {"cores": 4, "aggregation_rate": "100 MB/s"}}


@pytest.mark.parametrize(("apply", "seconds"), [("locked", [4, 5, 6, 7]), ("lock-free", [4, 4, 4, 4])])
def test_without_locks_all_cores_apply_at_once(apply: str, seconds: list[float]) -> None:
    # A star: 2 s of computing, all pushes share the server's interface for 1 s (25 MB each), 1 s of applying 100 MB.
    training = {"scheme": "async-ps", "updates": 4, "apply": apply}
    result = run({"cluster": APPLY, "training": training, "network": {"bandwidth": "400 MB/s"}})
    assert result.updates.query("update > 0")["applied_s"].tolist() == seconds


def test_one_core_is_a_lock() -> None:
    cluster = {"workers": 4, "server": {"aggregation_rate": "100 MB/s"}}
    locked, free = (
        run({"cluster": cluster, "training": {"scheme": "async-ps", "updates": 40, "apply": apply}})
        for apply in ("locked", "lock-free")
    )
    assert locked.updates["applied_s"].tolist() == free.updates["applied_s"].tolist()


def test_shares_have_locks_of_their_own() -> None:
    # Four slices of one worker's push: one lock each.
    cluster = {"workers": 1, "server": {"cores": 4, "aggregation_rate": "10 MB/s"}}
    training = {"scheme": "async-ps", "updates": 1, "slice_size": "25 MB"}
    result = run({"cluster": cluster, "training": training})
    # 8 s of computing; slices arrive each 0.25 s, and are applied in 2.5 s.
    assert result.updates["applied_s"].tolist() == [8 + 4 * 0.25 + 2.5]


def test_throughput_is_that_of_the_closed_queueing_network() -> None:
    # M = 16, Z = 1 s exponential, and 0.1 s on the link in two visits of 0.05 s, whatever their distribution.
    changes = {
        "model": {"parameters": "5 MB"},
        "compute": {"minibatch_time": "1 s", "scaling": "weak", "jitter": EXPONENTIAL},
        "cluster": {"workers": 16},
    }
    rates = []
    for seed in range(8):
        result = run(changes | {"training": {"scheme": "async-ps", "updates": 4000}, "seed": seed}, record=False)
        rates.append(1 / result.metrics["update_time_s"])
    mean = math.fsum(rates) / len(rates)
    error = math.sqrt(math.fsum((rate - mean) ** 2 for rate in rates) / (len(rates) - 1) / len(rates))
    theory = closed_network(16, 1.0, 0.1).throughput
    assert theory == pytest.approx(9.777, abs=5e-4)
    assert abs(mean - theory) < 3.5 * error  # 99 % of Student's t with 7 degrees of freedom
    assert error < 0.03


@pytest.mark.parametrize("workers", [1, 2, 3, 7, 16])
@pytest.mark.parametrize("codec", ["none", CODEC])
def test_staleness_counts_the_updates_since_the_last_pull(workers: int, codec: Any) -> None:
    # A worker pulls right after its push: what others have applied since is what was applied between the two.
    jitter = {"distribution": "lognormal", "cv": 0.5}
    changes = {"cluster": {"workers": workers}, "compute": {"jitter": jitter}, "compression": {"codec": codec}}
    # Without a codec on the way back the parameters are read at the instant of the push.
    changes["compression"]["direction"] = "push"
    result = run(changes | {"training": {"scheme": "async-ps", "updates": 12 * workers}})
    applied = result.updates.query("update > 0")
    before = applied.groupby("worker")["update"].shift(fill_value=0)
    assert (applied["staleness"] == applied["update"] - before - 1).all()
    assert result.metrics["staleness_max"] == applied["staleness"].max()


def test_in_the_long_run_staleness_is_the_number_of_others() -> None:
    result = run({"cluster": {"workers": 8}, "training": {"scheme": "async-ps", "updates": 4000}}, record=False)
    assert result.metrics["staleness_mean"] == pytest.approx(7, abs=0.02)


@pytest.mark.parametrize("workers", [2, 3, 7])
def test_relabelling_equal_groups_permutes_the_result(workers: int) -> None:
    groups = [{"count": 1, "speed": 1 + place / 10} for place in range(workers)]
    training = {"scheme": "async-ps", "updates": 10 * workers}
    one = run({"cluster": {"groups": groups}, "training": training})
    other = run({"cluster": {"groups": groups[::-1]}, "training": training})
    assert one.updates["applied_s"].tolist() == pytest.approx(other.updates["applied_s"].tolist(), rel=1e-12)
    for place in range(workers):
        assert times(one, place) == pytest.approx(times(other, workers - 1 - place), rel=1e-12)


def test_a_fetch_between_two_pushes_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"training\.fetch_every.*multiple of local_iterations \(4\)"):
        scenario({"training": {"scheme": "async-ps", "local_iterations": 4, "fetch_every": 6}})


def test_a_star_carries_parameters_both_ways() -> None:
    result = two("async-ps", 40, {"network": STAR})
    sent = result.metrics["bytes_on_wire"]
    # A push an update, and a pull after each; what is under way at the end is at most one transfer a worker.
    assert 79 * 100e6 - 2 * 100e6 <= sent <= 80 * 100e6
