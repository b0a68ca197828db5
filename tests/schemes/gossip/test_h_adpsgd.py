"""Hierarchical AD-PSGD: by hand, and as AD-PSGD where machines have one worker."""

from __future__ import annotations

from typing import Any

import pytest

from simcluster.errors import UserInputError
from tests.building import run
from tests.schemes.gossip.test_ad_psgd import CODEC, ad_psgd, applied


def h_adpsgd(changes: dict[str, Any] | None = None, **training: Any) -> dict[str, Any]:
    """Return changes of the base scenario: h-adpsgd in machines of two, W/B = 1 s inside and 1.5 s outside; c = 4 s."""
    made = ad_psgd(changes, scheme="h-adpsgd", **{"workers_per_machine": 2, **training})
    made["network"] = {
        "topology": "machines", "bandwidth": f"{100 / 1.5} MB/s", "inside": "100 MB/s", "nodes_per_machine": 2,
        **(changes or {}).get("network", {}),
    }
    return made


@pytest.mark.parametrize("codec", ["none", CODEC], ids=["plain", "coded"])
@pytest.mark.parametrize("averaging", ["always", "once-per-update"])
def test_machines_of_one_worker_are_ad_psgd(codec: Any, averaging: str) -> None:
    changes = {
        "cluster": {"groups": [{"count": 1, "speed": 1 + worker % 3} for worker in range(7)]},
        "compression": {"codec": codec},
    }
    training = {"averaging": averaging, "updates": 50, "graph": "complete"}
    one = run(ad_psgd(changes, scheme="h-adpsgd", workers_per_machine=1, **training))
    other = run(ad_psgd(changes, **training))
    assert one.updates.equals(other.updates)
    assert one.metrics == other.metrics


def test_one_machine() -> None:
    # 4 s of computing; two hops of half a gradient in 0.5 s each; the model of the next step in 1 s to the other one.
    # The first one goes on at 5, and has its gradient at 9; the other one at 10: hops until 11.
    result = run(h_adpsgd({"cluster": {"workers": 2}}, updates=2))
    assert applied(result) == [
        (1, "worker-0", 5, 0), (1, "worker-1", 5, 0), (2, "worker-0", 11, 0), (2, "worker-1", 11, 0),
    ]
    rows = result.updates.query("step == 1").sort_values("worker")
    assert rows["end_s"].tolist() == [5, 6]
    assert rows["pull_s"].tolist() == [1, 2]  # messages come and go at the same time
    assert rows["push_s"].tolist() == [0, 0]
    assert result.updates.query("worker == 'worker-0' and step == 2")["wait_s"].tolist() == [1]
    assert result.metrics["samples_per_update"] == 2 * 64
    assert result.metrics["spectral_gap"] == 1


def test_codecs_code_at_every_hop() -> None:
    # A hop: encode half a gradient in 2 s, 0.25 s on the way, decode it in 1 s.
    changes = {"cluster": {"workers": 2}, "compression": {"codec": CODEC}}
    assert applied(run(h_adpsgd(changes, updates=1)))[0][2] == 4 + 2 * (2 + 0.25 + 1)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_bytes_of_a_machine(size: int) -> None:
    # One machine: each of its workers sends 2 (m - 1)/m W a step in the ring, and the first one the model, once to all.
    network = {"nodes_per_machine": size}
    changes = {"cluster": {"workers": size}, "network": network}
    result = run(h_adpsgd(changes, workers_per_machine=size, updates=5))
    ring = 2 * (size - 1) / size * 100e6
    carried = {link.name: link.carried_bytes for link in result.records.links}
    model = 100e6 if size > 1 else 0
    assert carried["worker-0/up"] == pytest.approx(5 * ring + 4 * model)  # the last model is never sent
    for worker in range(1, size):
        assert carried[f"worker-{worker}/up"] == pytest.approx(5 * ring)
        assert carried[f"worker-{worker}/down"] == pytest.approx(5 * ring + 4 * model)
    assert carried["machine-0/up"] == 0


def test_two_machines() -> None:
    # Machine 0 is passive. Both have a gradient after 4 + 1 s; averagings go on from 0 to 3, 3 to 6: so the ring of the
    # active one's first worker is slowed down by the averaging that crosses its interface, and that by the ring.
    result = run(h_adpsgd({"cluster": {"workers": 4}}, updates=8))
    rows = result.updates.query("update > 0")
    assert rows.groupby("update")["worker"].nunique().tolist() == [2] * 8
    for _, both in rows.groupby("update"):
        assert set(both["worker"]) in ({"worker-0", "worker-1"}, {"worker-2", "worker-3"})
        assert both["applied_s"].nunique() == both["staleness"].nunique() == both["step"].nunique() == 1
    outside = result.transfers.query("source in ('worker-0', 'worker-2') and size_bytes == 100e6")
    assert set(outside["destinations"]) == {"worker-0", "worker-1", "worker-2", "worker-3"}
    carried = {link.name: link.carried_bytes for link in result.records.links}
    assert carried["machine-0/up"] == pytest.approx(carried["machine-1/down"])
    assert carried["machine-1/up"] - carried["machine-0/up"] <= 100e6  # an answer for each question


def test_a_fast_network_leaves_only_the_slowest_of_each_machine() -> None:
    groups = [{"count": 1, "speed": 1.0}, {"count": 1, "speed": 0.5}, {"count": 2, "speed": 2.0}]
    network = {"bandwidth": "1000 GB/s", "inside": "1000 GB/s"}
    result = run(h_adpsgd({"cluster": {"groups": groups}, "network": network}, averaging="once-per-update", updates=10))
    rows = result.updates.query("update > 0")
    times = {worker: own["applied_s"].tolist() for worker, own in rows.groupby("worker")}
    assert times["worker-0"] == times["worker-1"] == pytest.approx([8, 16], abs=0.01)
    assert times["worker-2"] == times["worker-3"] == pytest.approx([2, 4, 6, 8, 10, 12, 14, 16], abs=0.01)


def test_the_last_machine_may_have_fewer_workers() -> None:
    result = run(h_adpsgd({"cluster": {"workers": 5}}, updates=30))
    members = {tuple(sorted(own)) for _, own in result.updates.query("update > 0").groupby("update")["worker"]}
    assert members == {("worker-0", "worker-1"), ("worker-2", "worker-3"), ("worker-4",)}
    contributed = (result.updates["update"] > 0).sum()
    assert result.metrics["samples_per_s"] == pytest.approx(64 * contributed / result.metrics["total_time_s"])


def test_machines_must_be_those_of_the_network() -> None:
    with pytest.raises(UserInputError, match="the network's machines hold other workers"):
        run(h_adpsgd({"cluster": {"workers": 4}}, workers_per_machine=4))
    star = {"topology": "star", "bandwidth": "100 MB/s"}
    changes = h_adpsgd({"cluster": {"workers": 4}}, workers_per_machine=4) | {"network": star}
    assert run(changes).metrics["updates"] == 4


def test_a_machine_goes_on_with_those_that_are_left() -> None:
    crash = {"kind": "crash", "on": "worker-1", "at": "1 s"}
    changes = {"cluster": {"workers": 4}, "faults": [crash], "recovery": {"policy": "continue"}}
    result = run(h_adpsgd(changes, updates=20))
    members = {tuple(sorted(own)) for _, own in result.updates.query("update > 0").groupby("update")["worker"]}
    assert members == {("worker-0",), ("worker-2", "worker-3")}
