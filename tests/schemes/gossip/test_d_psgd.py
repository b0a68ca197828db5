"""Decentralized parallel SGD: by hand, against a slow re-computation, and laws of bytes and symmetry."""

from __future__ import annotations

from typing import Any, ClassVar, get_args

import pytest

from simcluster.cluster.jitter import RandomJitter
from simcluster.rng import stream
from simcluster.schemes.gossip.graphs import GraphName, build_graph
from tests.building import run, scenario

GRAPHS = get_args(GraphName)
ORDERS = ["combine-then-adapt", "adapt-then-combine"]
#: encode 4 s, decode 2 s, 100 MB -> 50 MB.
CODEC = {"rho": 0.5, "compress_time": "4 s", "decompress_time": "2 s"}
FAST_AND_SLOW = [{"count": 1, "speed": 2.0}, {"count": 1, "speed": 1.0}]


def d_psgd(changes: dict[str, Any] | None = None, **training: Any) -> dict[str, Any]:
    """Return changes of the base scenario: d-psgd on a star; W/B = 1 s, and C = 8 s a minibatch of everybody."""
    changes = changes or {}
    network = {"topology": "star", **changes.get("network", {})}
    return {**changes, "network": network, "training": {"scheme": "d-psgd", "updates": 3, **training}}


def ends(result: Any) -> dict[str, list[float]]:
    """Return when each update ended, by worker."""
    return {worker: rows["end_s"].tolist() for worker, rows in result.updates.groupby("worker")}


class TestByHand:
    """Two workers, each other's neighbours; c = 8/2 = 4 s."""

    def test_the_exchange_is_hidden_behind_the_gradient(self) -> None:
        metrics = run(d_psgd({"cluster": {"workers": 2}})).metrics
        assert metrics["update_time_s"] == metrics["computation_s"] == 4
        assert metrics["bytes_on_wire"] == 3 * 2 * 100e6  # W each way an update

    def test_or_the_gradient_behind_the_exchange(self) -> None:
        metrics = run(d_psgd({"cluster": {"workers": 2}, "network": {"bandwidth": "12.5 MB/s"}})).metrics
        assert metrics["update_time_s"] == 8
        assert (metrics["computation_s"], metrics["push_s"]) == (4, 4)

    def test_what_is_adapted_first_is_sent_afterwards(self) -> None:
        changes = {"cluster": {"workers": 2}, "network": {"bandwidth": "12.5 MB/s"}}
        assert run(d_psgd(changes, averaging="adapt-then-combine")).metrics["update_time_s"] == 4 + 8

    def test_unequal_workers(self) -> None:
        # c = 2 and 4 s. Update 1: models arrive at 1, gradients at 2 and 4. Update 2: the fast one sends at 2 and has
        # its gradient at 4, when the slow one sends: it waits until 5. Update 3: it sends from 5 to 6, the slow one
        # from 8 to 9.
        result = run(d_psgd({"cluster": {"groups": FAST_AND_SLOW}}))
        assert ends(result) == {"worker-0": [2, 5, 9], "worker-1": [4, 8, 12]}
        rows = result.updates.query("worker == 'worker-0'")
        assert rows["pull_s"].tolist() == [0, 1, 1]
        assert rows["wait_s"].tolist() == [0, 0, 1]  # from 7, when it has its third gradient, until 8
        assert result.metrics["total_time_s"] == 12
        assert result.metrics["update_time_s"] == 4

    def test_unequal_workers_that_adapt_first(self) -> None:
        # Gradients at 2 and 4; the slow one's model arrives at 5, the fast one's was there at 3.
        result = run(d_psgd({"cluster": {"groups": FAST_AND_SLOW}}, averaging="adapt-then-combine", updates=2))
        assert ends(result) == {"worker-0": [5, 10], "worker-1": [5, 10]}
        assert result.updates.query("worker == 'worker-0'")["push_s"].tolist() == [1, 1]

    def test_codec(self) -> None:
        # Encode for 4 s while the gradient is computed, send for 0.5 s, decode for 2 s.
        metrics = run(d_psgd({"cluster": {"workers": 2}, "compression": {"codec": CODEC}})).metrics
        assert metrics["update_time_s"] == 6.5
        assert (metrics["computation_s"], metrics["push_s"], metrics["decode_s"]) == (4, 0.5, 2)

    def test_one_core_decodes_one_neighbour_after_the_other(self) -> None:
        # Three workers on a ring: c = 8/3 s, encode until 4, two messages each over one interface until 5, decode both.
        changes = {"cluster": {"workers": 3}, "compression": {"codec": CODEC}}
        assert run(d_psgd(changes)).metrics["update_time_s"] == 4 + 1 + 4
        changes["cluster"] = {"workers": 3, "worker": {"cores": 2}}
        assert run(d_psgd(changes)).metrics["update_time_s"] == 4 + 1 + 2

    def test_adding_up_reads_what_arrives(self) -> None:
        cluster = {"workers": 3, "worker": {"aggregation_rate": "50 MB/s"}}
        metrics = run(d_psgd({"cluster": cluster}, averaging="adapt-then-combine")).metrics
        assert metrics["update_time_s"] == pytest.approx(8 / 3 + 2 + 2 * 2)
        assert metrics["aggregate_s"] > 0

    def test_homomorphic_codes_once(self) -> None:
        compression = {"codec": CODEC, "usage": "homomorphic", "operation_overhead": 1.5}
        metrics = run(d_psgd({"cluster": {"workers": 2}, "compression": compression})).metrics
        assert metrics["update_time_s"] == 6
        assert metrics["total_time_s"] == 4 + 3 * 6 + 2

    def test_one_worker_has_nobody_to_wait_for(self) -> None:
        for graph in GRAPHS:
            metrics = run(d_psgd({"cluster": {"workers": 1}}, graph=graph)).metrics
            assert metrics["update_time_s"] == 8
            assert metrics["bytes_on_wire"] == 0


class TestLayers:
    """Two layers of 50 MB, 1 s forward and 1 s backward each: c = 4 s."""

    MODEL: ClassVar[dict[str, Any]] = {
        "model": {
            "layers": [
                {"name": name, "parameters": "50 MB", "forward_time": "1 s", "backward_time": "1 s"}
                for name in ("first", "second")
            ]
        },
        "compute": {"minibatch": 64, "scaling": "weak", "minibatch_time": "4 s"},
        "cluster": {"workers": 2},
    }

    def both(self, bandwidth: str, **training: Any) -> tuple[float, ...]:
        changes = {**self.MODEL, "network": {"bandwidth": bandwidth}}
        runs = [run(d_psgd(changes, overlap=overlap, **training)) for overlap in ("none", "full")]
        return tuple(one.metrics["total_time_s"] for one in runs)

    def test_adapted_layers_are_sent_while_others_are_computed(self) -> None:
        # Without: 4 + 1 an update. With: the second layer's gradient is there at 3 and back at 3.5, the first one's at
        # 4 and at 4.5.
        assert self.both("100 MB/s", averaging="adapt-then-combine") == (15, 13.5)

    def test_the_next_forward_pass_waits_only_for_its_own_layer(self) -> None:
        # Each layer takes 2 s. Update 1: the second is sent from 3 to 5, the first from 5 to 7, when the forward pass
        # begins. Update 2: gradients at 10 and 11, sent from 10 to 12 and 12 to 14.
        assert self.both("25 MB/s", averaging="adapt-then-combine", updates=2) == (16, 14)

    def test_a_layer_of_the_next_model_is_sent_when_its_average_and_its_gradient_are_there(self) -> None:
        # Each layer takes 1.5 s. Averages at 1.5 (second) and 3 (first); gradients at 3 and 4. So the second layer of
        # x_2 is sent from 3 to 4.5, the first from 4.5 to 6; without overlap both from 4 to 7. Neither is waited for.
        changes = {**self.MODEL, "network": {"bandwidth": f"{100 / 3} MB/s"}}
        result = run(d_psgd(changes, overlap="full", updates=2))
        sent = result.spans.query("entity == 'worker-0' and lane == 'send' and activity == 'push'")
        assert sent["start_s"].min() == 0
        assert sorted(set(sent.query("update == 2")["start_s"].round(9))) == [3, 4]
        assert result.metrics["total_time_s"] == pytest.approx(8)


def test_a_delay_travels_one_hop_an_update() -> None:
    # A ring of 8, next to no transfer times; worker 4 takes 10 s an update, the others 1 s. A worker d hops away
    # doesn't notice in the first d updates, and is then d updates of the slow one behind it.
    groups = [{"count": 4}, {"count": 1, "speed": 0.1}, {"count": 3}]
    changes = {
        "model": {"parameters": "8 B"}, "cluster": {"groups": groups},
        "compute": {"scaling": "weak", "minibatch_time": "1 s"},
    }
    found = ends(run(d_psgd(changes, updates=7)))
    for worker in range(8):
        hops = abs(worker - 4)
        expected = [max(update, 10 * (update - hops)) for update in range(1, 8)]
        assert found[f"worker-{worker}"] == pytest.approx(expected, abs=1e-5), worker


def recomputed(
    graph_name: str, workers: int, averaging: str, updates: int, seed: int, latency: float, encode: float, decode: float
) -> list[list[float]]:
    """Return when each worker ends each update, where every transfer takes the latency alone and cores abound."""
    graph = build_graph(graph_name, workers, seed)
    rngs = [stream(seed, f"worker-{worker}", "jitter") for worker in range(workers)]
    jitters = [RandomJitter("gamma", 0.7, "update", rng) for rng in rngs]
    done = [[0.0] for _ in range(workers)]
    for update in range(1, updates + 1):
        begun = [times[-1] for times in done]
        gradient = [begun[worker] + (1 + worker) * jitters[worker].stretch(1) for worker in range(workers)]
        known = begun if averaging == "combine-then-adapt" else gradient
        for worker in range(workers):
            ready = [gradient[worker]]
            sources = graph.sources(worker, update)
            if sources:
                ready.append(known[worker] + encode + latency)
            ready += [max(known[source] + encode + latency, known[worker]) + decode for source in sources]
            done[worker].append(max(ready))
    return [times[1:] for times in done]


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("averaging", ORDERS)
@pytest.mark.parametrize(("workers", "coded"), [(2, True), (3, False), (7, True), (16, False)])
def test_against_a_slow_recomputation(graph: str, averaging: str, workers: int, coded: bool) -> None:
    codec = {"rho": 0.5, "compress_time": "0.3 s", "decompress_time": "0.2 s"} if coded else "none"
    changes = {
        "model": {"parameters": "8 B"},
        "compute": {
            "scaling": "weak", "minibatch_time": "1 s", "jitter": {"distribution": "gamma", "cv": 0.7},
        },
        "cluster": {
            "groups": [{"count": 1, "speed": 1 / (1 + worker)} for worker in range(workers)],
            "worker": {"cores": 64},
        },
        "network": {"bandwidth": "1000 GB/s", "latency": "0.7 s"},
        "compression": {"codec": codec},
        "seed": 11,
    }
    found = ends(run(d_psgd(changes, updates=6, graph=graph, averaging=averaging), record=False))
    times = (0.3, 0.2) if coded else (0.0, 0.0)
    expected = recomputed(graph, workers, averaging, 6, 11, 0.7, *times)
    for worker in range(workers):
        assert found[f"worker-{worker}"] == pytest.approx(expected[worker], rel=1e-9), worker


@pytest.mark.parametrize("workers", [2, 3, 7, 16])
@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("codec", ["none", CODEC], ids=["plain", "coded"])
def test_every_interface_carries_degree_times_the_model_each_way(workers: int, graph: str, codec: Any) -> None:
    for averaging in ORDERS:
        changes = {"cluster": {"workers": workers}, "compression": {"codec": codec}}
        result = run(d_psgd(changes, graph=graph, averaging=averaging, updates=5), record=False)
        shape = build_graph(graph, workers, 7)
        size = 100e6 if codec == "none" else 50e6
        carried = {link.name: link.carried_bytes for link in result.records.links}
        for worker in range(workers):
            degree = sum(len(shape.destinations(worker, update)) for update in range(1, 6))
            assert carried[f"worker-{worker}/up"] == pytest.approx(degree * size)
            assert carried[f"worker-{worker}/down"] == pytest.approx(degree * size)


@pytest.mark.parametrize("graph", ["ring", "exponential", "one-peer-exponential", "complete"])
@pytest.mark.parametrize("averaging", ORDERS)
def test_turning_the_workers_turns_the_results(graph: str, averaging: str) -> None:
    speeds = [1.0, 0.5, 2.0, 1.3, 0.9]

    def times(turned: int) -> list[list[float]]:
        groups = [{"count": 1, "speed": speed} for speed in speeds[turned:] + speeds[:turned]]
        changes = {"cluster": {"groups": groups}, "network": {"bandwidth": "70 MB/s", "latency": "1 ms"}}
        changes = d_psgd(changes, graph=graph, averaging=averaging, updates=6)
        return list(ends(run(changes, record=False)).values())

    before, after = times(0), times(2)
    assert after == [pytest.approx(one) for one in before[2:] + before[:2]]


def test_random_matchings_depend_on_the_seed_alone() -> None:
    groups = [{"count": 1, "speed": 1 + 0.1 * one} for one in range(8)]
    changes = {"cluster": {"groups": groups}, "network": {"bandwidth": "1 GB/s"}}
    first = run(d_psgd({**changes, "seed": 1}, graph="random-matching", updates=20))
    assert run(d_psgd({**changes, "seed": 1}, graph="random-matching", updates=20)).updates.equals(first.updates)
    other = run(d_psgd({**changes, "seed": 2}, graph="random-matching", updates=20))
    assert not other.updates.equals(first.updates)


def test_local_steps_can_only_be_combined_afterwards() -> None:
    with pytest.raises(Exception, match="undo the local steps"):
        scenario(d_psgd(exchange="parameters"))
    scenario(d_psgd(exchange="parameters", averaging="adapt-then-combine"))


@pytest.mark.parametrize("averaging", ORDERS)
def test_the_graph_closes_around_who_is_lost(averaging: str) -> None:
    # A ring of 4, c = 2 s, and later of 3: everybody has two neighbours before and after.
    crash = {"kind": "crash", "on": "worker-1", "at": "5 s"}
    changes = {"faults": [crash], "recovery": {"policy": "continue"}, "network": {"bandwidth": "1 GB/s"}}
    result = run(d_psgd(changes, averaging=averaging, updates=6))
    rows = result.updates.query("update > 0")
    each = 2.0 if averaging == "combine-then-adapt" else 2.2
    assert rows.groupby("update")["worker"].nunique().tolist() == [4, 4, 3, 3, 3, 3]
    assert sorted(set(rows["applied_s"].round(9))) == pytest.approx(
        [each, 2 * each, *(5 + each * update for update in (1, 2, 3, 4))]
    )
