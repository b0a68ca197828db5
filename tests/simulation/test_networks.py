"""The scheme on every topology: hand-worked times, and settings of the cluster that reach the network."""

from __future__ import annotations

from typing import Any

import pytest

from simcluster.errors import UserInputError
from tests.building import run

STAR = {"topology": "star", "bandwidth": "100 MB/s"}
CODEC = {"rho": 1, "compress_time": "0 s", "decompress_time": "0 s"}


def test_star_where_the_server_is_the_bottleneck() -> None:
    # 4 workers push 100 MB each into one interface of 100 MB/s: 4 s, and as long back.
    assert run({"network": STAR}).metrics["update_time_s"] == pytest.approx(2 + 4 + 4, rel=1e-12)


def test_a_faster_server_interface_leaves_the_workers_their_own() -> None:
    network = {**STAR, "interfaces": [{"node": "server-*", "bandwidth": "1 GB/s"}]}
    assert run({"network": network}).metrics["update_time_s"] == pytest.approx(2 + 1 + 1, rel=1e-12)


def test_the_bandwidth_of_a_group_is_that_of_its_interfaces() -> None:
    network = {**STAR, "interfaces": [{"node": "server-*", "bandwidth": "1 GB/s"}]}
    groups = [{"count": 3}, {"count": 1, "bandwidth": "20 MB/s"}]
    metrics = run({"network": network, "cluster": {"groups": groups}}).metrics
    assert metrics["update_time_s"] == pytest.approx(2 + 5 + 5, rel=1e-12)


def test_a_worker_that_receives_first_computes_while_others_still_receive() -> None:
    # Worker 1 receives at 20 MB/s: worker 0 has its copy 4 s earlier, and begins its next update then.
    network = {**STAR, "interfaces": [{"node": "server-*", "bandwidth": "1 GB/s"}]}
    groups = [{"count": 1}, {"count": 1, "bandwidth": "20 MB/s"}]
    updates = run({"network": network, "cluster": {"groups": groups}}).updates
    starts = updates.query("update == 2")["start_s"].tolist()
    assert starts == pytest.approx([4 + 5 + 1, 4 + 5 + 5], rel=1e-12)


def test_racks_push_through_their_uplinks() -> None:
    # Two racks of two; each uplink carries 100 MB/s (2:1), the server's rack is its own.
    network = {
        "topology": "racks", "bandwidth": "100 MB/s", "nodes_per_rack": 2, "oversubscription": 2,
        "apart": ["server-*"], "interfaces": [{"node": "server-*", "bandwidth": "1 GB/s"}],
    }  # fmt: skip
    metrics = run({"network": network}).metrics
    assert metrics["push_s"] == pytest.approx(4, rel=1e-12)  # the server's own rack has an uplink of 100 MB/s too


@pytest.mark.parametrize(
    "network",
    [
        STAR,
        {**STAR, "discipline": "fifo"},
        {**STAR, "unfairness": 0.3},
        {**STAR, "goodput": 0.5, "message_overhead": "1 MB"},
        {"topology": "machines", "bandwidth": "100 MB/s", "nodes_per_machine": 2, "inside": "1 GB/s"},
    ],
    ids=str,
)
def test_laws_hold_on_every_network(network: dict[str, Any]) -> None:
    jitter = {"jitter": {"distribution": "lognormal", "cv": 0.5, "per": "update"}}
    changes = {"network": network, "compute": jitter, "cluster": {"workers": 5}}
    recorded, plain = run(changes), run(changes, record=False)
    assert recorded.metrics == plain.metrics
    assert recorded.updates.equals(plain.updates)
    assert recorded.metrics["bytes_on_wire"] == 2 * 2 * 5 * 100e6
    for _, lane in recorded.spans.groupby(["entity", "lane"]):
        assert (lane["start_s"].to_numpy()[1:] == lane["end_s"].to_numpy()[:-1]).all()


def test_links_and_transfers_tell_who_used_what() -> None:
    network = {**STAR, "latency": "1 s", "interfaces": [{"node": "server-*", "bandwidth": "1 GB/s"}]}
    result = run({"network": network, "cluster": {"workers": 2}, "training": {"updates": 1}})
    # computed at 4 s, pushed from 5 to 6 s through each worker's own interface, pulled from 7 to 8 s
    links = result.links.query("rate_bytes_per_s > 0").set_index("link")
    assert links.loc["worker-1/up", ["start_s", "end_s", "rate_bytes_per_s", "flows"]].tolist() == [5, 6, 100e6, 1]
    assert links.loc["server-0/down", ["start_s", "end_s", "rate_bytes_per_s", "flows"]].tolist() == [5, 6, 200e6, 2]
    for _, rows in result.links.groupby("link"):
        assert rows["start_s"].iloc[0] == 0
        assert rows["end_s"].iloc[-1] == 8
        assert (rows["start_s"].to_numpy()[1:] == rows["end_s"].to_numpy()[:-1]).all()
    assert result.transfers.to_numpy().tolist() == [
        ["worker-0", "server-0", 4, 6, 100e6, "worker-0/up"],
        ["worker-1", "server-0", 4, 6, 100e6, "worker-1/up"],
        ["server-0", "worker-0", 6, 8, 100e6, "worker-0/down"],
        ["server-0", "worker-1", 6, 8, 100e6, "worker-1/down"],
    ]


def test_one_shared_link_says_that_it_is_everybodys_bottleneck() -> None:
    result = run()
    assert "transfers" not in result.tables()
    with pytest.raises(UserInputError, match="one shared link"):
        _ = result.transfers


def test_a_link_that_is_cut_at_the_end_has_been_used_all_the_same() -> None:
    # computed at 2 s, pushed until 3 s; the link is cut when the run is over but for decoding
    changes = {
        "network": {"schedule": [{"at": "3.5 s", "factor": 0}]},
        "cluster": {"workers": 1},
        "compute": {"minibatch_time": "2 s"},
        "training": {"updates": 1, "pull": "free"},
        "compression": {"codec": {"rho": 1, "compress_time": "0 s", "decompress_time": "2 s"}, "direction": "push"},
    }
    result = run(changes)
    assert result.metrics["total_time_s"] == 5
    assert result.metrics["busiest_link_utilisation"] == pytest.approx(1 / 5)
    assert set(result.links["capacity_bytes_per_s"]) == {100e6}
