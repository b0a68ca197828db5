"""Backup workers: by hand, order statistics, and what becomes of those who are late."""

from __future__ import annotations

import math
from typing import Any

import pytest

from simcluster.scenario import ScenarioError
from simcluster.theory.order_statistics import expected_wait
from tests.building import run, scenario
from tests.schemes.parameter_server.cases import CODEC, EXPONENTIAL, LAYERS, STAR, carried, times, two


class TestByHand:
    """W/B = 1 s on one link; worker 0 computes for 1 s, worker 1 for 4 s, and one contribution is enough."""

    def test_late_workers_abandon_their_work(self) -> None:
        # Worker 0 computes to 1 and pushes to 2; worker 1 stops then, and both pull for 2 s.
        result = two("backup-workers", 3)
        assert times(result, 0, "end_s") == [4, 8, 12]
        assert result.metrics["update_time_s"] == 4
        late = result.updates.query("worker == 'worker-1'")
        assert late["update"].tolist() == [0, 0, 0]
        assert late["computation_s"].tolist() == [2, 2, 2]
        assert late["pull_s"].tolist() == [2, 2, 2]
        assert result.metrics["discarded_updates"] == 3

    def test_late_workers_finish_and_push_in_vain(self) -> None:
        # Worker 0 is at its second update from 3 s. Both push from 4 to 6 s; worker 1's is for the first update, and
        # both pull the result of the second to 8 s. Worker 0 then has the third one at 11 s.
        result = two("backup-workers", 3, late="finish")
        assert times(result, 0, "end_s") == [3, 8, 11]
        late = result.updates.query("worker == 'worker-1'")
        assert late[["start_s", "end_s", "step"]].to_numpy().tolist() == [[0, 8, 1], [8, 11, 3]]
        assert result.metrics["discarded_updates"] == 1
        assert result.metrics["bytes_on_wire"] == 8 * 100e6

    def test_what_an_abandoned_push_had_sent_is_lost(self) -> None:
        # Both compute for 4 s; worker 0's interface is faster: on a star it has pushed at 5 s, worker 1 a half.
        groups = [{"count": 1, "bandwidth": "100 MB/s"}, {"count": 1, "bandwidth": "50 MB/s"}]
        network = {"topology": "star", "bandwidth": "1 GB/s", "latency": "0 s"}
        result = run({"cluster": {"groups": groups}, "network": network, "training": BACKUP | {"updates": 1}})
        assert result.metrics["update_time_s"] == 4 + 1 + 1
        # Worker 1's pull is half done when worker 0 has its own.
        assert result.metrics["bytes_on_wire"] == pytest.approx(1.5 * 100e6 + 1.5 * 100e6)

    def test_the_server_drops_late_pushes_without_decoding_them(self) -> None:
        result = two("backup-workers", 3, {"compression": {"codec": CODEC}}, late="finish")
        late = result.updates.query("worker == 'worker-1'")
        assert late["server_decode_s"].tolist() == [0] * len(late)
        decodes = result.spans.query("entity == 'server-0' and activity == 'decode'")
        assert len(decodes) == 3

    @pytest.mark.parametrize(("pull", "ends"), [("unicast", [4, 8]), ("multicast", [3, 6]), ("free", [2, 4])])
    def test_pull(self, pull: str, ends: list[float]) -> None:
        assert times(two("backup-workers", 2, pull=pull), 0, "end_s") == ends

    @pytest.mark.parametrize(("pull", "end"), [("unicast", 8), ("multicast", 8), ("free", 5)])
    def test_who_comes_later_pulls_alone(self, pull: str, end: float) -> None:
        # Multicast and free: worker 0 alone waits. Worker 1 pushes from 4 s on.
        result = two("backup-workers", 4, pull=pull, late="finish")
        first = result.updates.query("worker == 'worker-1'").sort_values("start_s").iloc[0]
        assert first["end_s"] == end

    def test_device_of_an_abandoned_worker_is_free_again(self) -> None:
        # Codecs run on devices, fairly shared: what was abandoned must not slow down what comes next.
        changes = {"compression": {"codec": CODEC, "runs_on": "device"}}
        result = two("backup-workers", 4, changes)
        # 1 compute, 4 encode, 0.5 push, 2 + 4 at the server, 1 pull, 2 decode.
        assert times(result, 0, "end_s") == pytest.approx([14.5, 29, 43.5, 58])


@pytest.mark.parametrize("sharing", ["fair", "fifo"])
def test_what_was_abandoned_does_not_slow_down_what_comes_next(sharing: str) -> None:
    # A codec that takes no time is as good on a device as on a core, unless what was abandoned stays on the device.
    changes: dict[str, Any] = {
        "cluster": {"workers": 4, "worker": {"device_sharing": sharing}},
        "compute": {"jitter": EXPONENTIAL},
        "training": BACKUP | {"updates": 20},
    }
    codec = {"rho": 0.5, "compress_time": "0 s", "decompress_time": "0 s"}
    shared, own = (run(changes | {"compression": {"codec": codec, "runs_on": place}}) for place in ("device", "core"))
    assert shared.updates["applied_s"].to_numpy() == pytest.approx(own.updates["applied_s"].to_numpy(), rel=1e-9)


BACKUP: dict[str, Any] = {"scheme": "backup-workers", "backups": 1}


@pytest.mark.parametrize(("workers", "backups"), [(16, 1), (16, 4), (7, 6), (3, 0)])
def test_exponential_stragglers_meet_order_statistics(workers: int, backups: int) -> None:
    # Next to no parameters: an update lasts until the N-th of N + b exponential times of mean 1 s.
    changes = {
        "model": {"parameters": "1 B"},
        "compute": {"minibatch_time": "1 s", "scaling": "weak", "jitter": EXPONENTIAL},
        "cluster": {"workers": workers},
        "network": {"bandwidth": "1 GB/s"},
        "training": {"scheme": "backup-workers", "backups": backups, "updates": 2500},
    }
    result = run(changes, record=False)
    error = result.metrics["update_time_s_std"] / math.sqrt(2500)
    assert abs(result.metrics["update_time_s"] - expected_wait(workers - backups, workers)) < 3.3 * error
    assert result.metrics["discarded_updates"] == 2500 * backups


@pytest.mark.parametrize("late", ["abandon", "finish"])
@pytest.mark.parametrize("codec", ["none", CODEC])
@pytest.mark.parametrize("workers", [1, 2, 3, 7, 16])
def test_without_backups_it_is_synchronous(workers: int, codec: Any, late: str) -> None:
    changes: dict[str, Any] = {
        "cluster": {"workers": workers, "server": {"aggregation_rate": "3 GB/s"}},
        "compute": {"jitter": {"distribution": "gamma", "cv": 0.5}},
        "compression": {"codec": codec},
    }
    backup = run(changes | {"training": {"scheme": "backup-workers", "backups": 0, "late": late, "updates": 4}})
    sync = run(changes | {"training": {"scheme": "sync-ps", "updates": 4}})
    columns = ["update", "start_s", "end_s", "computation_s", "encode_s", "push_s", "pull_s", "decode_s"]
    one, other = (result.updates[columns].to_numpy() for result in (backup, sync))
    assert one == pytest.approx(other, rel=1e-12)
    assert backup.metrics["discarded_updates"] == 0


@pytest.mark.parametrize("late", ["abandon", "finish"])
@pytest.mark.parametrize("pull", ["unicast", "multicast", "free"])
@pytest.mark.parametrize("server", [{}, {"shards": 3}, {"placement": "colocated"}])
def test_every_update_has_n_contributions(late: str, pull: str, server: dict[str, Any]) -> None:
    training = {"scheme": "backup-workers", "backups": 2, "late": late, "pull": pull, "updates": 20}
    changes = {"cluster": {"workers": 6, "server": server}, "compute": {"jitter": EXPONENTIAL}, "network": STAR}
    result = run(changes | {"training": training})
    applied = result.updates.query("update > 0")
    assert applied.groupby("update").size().tolist() == [4] * 20
    assert set(applied["worker"]) == {f"worker-{index}" for index in range(6)}
    computed = result.updates.query("update == 0 and end_s < @end", local_dict={"end": result.metrics["total_time_s"]})
    assert len(computed) <= result.metrics["discarded_updates"] <= 40
    if late == "abandon":
        assert result.metrics["discarded_updates"] == 40


def test_late_work_is_counted_when_it_is_late_to_the_last() -> None:
    # Nobody computes on parameters older than those of the round that it contributes to.
    training = {"scheme": "backup-workers", "backups": 3, "late": "finish", "updates": 30}
    result = run({"cluster": {"workers": 7}, "compute": {"jitter": EXPONENTIAL}, "training": training})
    ends = result.updates.query("update > 0").groupby("update")["end_s"].min()
    applied = result.updates.query("update > 1")
    assert (applied["start_s"] >= ends.reindex(applied["update"] - 1).to_numpy()).all()


def test_overlap_pushes_behind_the_backward_pass() -> None:
    # Star; 4 layers of 0.25 s of transfer. Worker 0 needs 1 s forward, and 1 s backward, with the last layer's 0.25 s
    # after it; then worker 1 gives up, and both pull over the server's interface, 100 MB each.
    changes = {
        "model": {"layers": LAYERS, "parameters": "100 MB"},
        "compute": {"minibatch_time": "16 s"},
        "network": STAR,
    }
    result = two("backup-workers", 2, changes, overlap="backward")
    assert times(result, 0, "end_s") == [4.25, 8.5]
    assert times(two("backup-workers", 2, changes), 0, "end_s") == [5, 10]


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"backups": 4}, r"training\.backups.*of 4 workers at most 3 can be backups"),
        ({"double_buffering": True, "exchange": "gradients"}, r"double_buffering"),
    ],
)
def test_what_can_not_be(training: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        scenario({"training": {"scheme": "backup-workers", **training}, "model": {"layers": LAYERS}})


def test_bytes_over_each_interface() -> None:
    # All winners push W; all workers pull W, but for those whose pull is cut at the end.
    training = {"scheme": "backup-workers", "backups": 0, "updates": 5}
    links = carried(run({"cluster": {"workers": 3}, "network": STAR, "training": training}))
    assert links["server-0/down"] == pytest.approx(5 * 3 * 100e6)
    assert links["server-0/up"] == pytest.approx(5 * 3 * 100e6)
    assert links["worker-1/up"] == pytest.approx(5 * 100e6)


def test_who_is_being_decoded_when_the_barrier_opens_is_late() -> None:
    # Both pushes are on the link at a time, and are decoded at a time, on two cores.
    groups = [{"count": 1}, {"count": 1, "speed": 0.99}]
    cluster = {"groups": groups, "server": {"cores": 2}}
    codec = {"codec": {"rho": 0.5, "decompress_time": "2 s"}, "direction": "push"}
    result = run({"cluster": cluster, "compression": codec, "training": BACKUP | {"updates": 3, "late": "finish"}})
    assert (result.updates.query("update > 0").groupby("update").size() == 1).all()
    assert result.metrics["discarded_updates"] >= 1
