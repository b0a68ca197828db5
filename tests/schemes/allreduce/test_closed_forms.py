"""Equal workers on links of their own meet the closed forms, and every interface carries what the formula says."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from simcluster.theory import collectives
from simcluster.theory.collectives import Links, chunk
from tests.building import run
from tests.schemes.allreduce.cases import (
    BANDWIDTH,
    CODEC,
    LATENCY,
    SCHEMES,
    SIZE,
    carried,
    changes,
    exchange_time,
    one_by_one,
)

LINKS = Links(bandwidth=BANDWIDTH, latency=LATENCY)
ADDING = Links(bandwidth=BANDWIDTH, latency=LATENCY, aggregation_rate=300e6)
FORMS: dict[str, Callable[[int, float, Links], float]] = {
    "ring-allreduce": collectives.ring_time,
    "halving-doubling": collectives.halving_doubling_time,
    "tree": collectives.tree_time,
    "direct": collectives.direct_time,
}
MACHINES = {
    "topology": "machines", "bandwidth": "50 MB/s", "inside": "200 MB/s", "latency": "3 ms", "inside_latency": "1 ms",
}  # fmt: skip


@pytest.mark.parametrize("workers", [1, 2, 4, 8, 16, 32])
@pytest.mark.parametrize("scheme", FORMS)
def test_powers_of_two(scheme: str, workers: int) -> None:
    result = run(changes(scheme, workers), record=False)
    assert exchange_time(result) == pytest.approx(FORMS[scheme](workers, SIZE, LINKS), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("workers", [1, 2, 8, 16])
@pytest.mark.parametrize("scheme", FORMS)
def test_adding_up_costs_time(scheme: str, workers: int) -> None:
    question = changes(scheme, workers)
    question["cluster"]["worker"] = {"aggregation_rate": "300 MB/s"}
    result = run(question, record=False)
    expected = FORMS[scheme](workers, SIZE, ADDING)
    assert exchange_time(result) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert result.metrics["aggregate_s"] == pytest.approx(expected - FORMS[scheme](workers, SIZE, LINKS)) or (
        scheme == "tree"  # where not everybody adds up at every step
    )


@pytest.mark.parametrize("size", [100_000_000, 100_000_001, 99_999_999, 10])
@pytest.mark.parametrize("workers", [3, 5, 7, 25, 49])
def test_rings_of_any_size(workers: int, size: int) -> None:
    question = changes("ring-allreduce", workers) | {"model": {"parameters": f"{size} B"}}
    for result in (run(question, record=False), one_by_one(question, record=False)):
        expected = collectives.ring_time(workers, size, LINKS)
        assert exchange_time(result) == pytest.approx(expected, rel=1e-9)
        assert sum(carried(result).values()) == 2 * 2 * (workers - 1) * size


def test_uneven_halves() -> None:
    question = changes("halving-doubling", 8) | {"model": {"parameters": "1000003 B"}}
    expected = collectives.halving_doubling_time(8, 1_000_003, LINKS)
    assert exchange_time(run(question)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("workers", [2, 3, 7, 16])
def test_all_gather(workers: int) -> None:
    result = run(changes("all-gather", workers), record=False)
    assert exchange_time(result) == pytest.approx(collectives.all_gather_time(workers, SIZE, LINKS), rel=1e-9)
    # With a codec: everybody encodes once; decoding a message (0.25 s) hides behind the next (0.251 s), but the last.
    coded = run(changes("all-gather", workers) | {"compression": {"codec": CODEC}}, record=False)
    expected = 0.5 + (workers - 1) * (LATENCY + 0.25) + 0.25
    assert exchange_time(coded) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("machines", "members"), [(1, 4), (2, 1), (3, 2), (4, 4), (5, 8)])
def test_hierarchical(machines: int, members: int) -> None:
    network = MACHINES | {"nodes_per_machine": members}
    result = run(changes("hierarchical", machines * members, network=network), record=False)
    inside = Links(bandwidth=200e6, latency=1e-3)
    between = Links(bandwidth=50e6, latency=4e-3)
    expected = collectives.hierarchical_time(machines, members, SIZE, inside, between)
    assert exchange_time(result) == pytest.approx(expected, rel=1e-9)
    outside = [size for name, size in carried(result).items() if name.startswith("machine-")]
    assert outside == pytest.approx([collectives.ring_bytes(machines, SIZE)] * 2 * machines)


@pytest.mark.parametrize("codec", ["none", CODEC], ids=["plain", "codec"])
@pytest.mark.parametrize("workers", [1, 2, 4, 16])
@pytest.mark.parametrize("scheme", ["ring-allreduce", "halving-doubling", "direct"])
def test_bytes_of_each_interface(scheme: str, workers: int, codec: Any) -> None:
    result = run(changes(scheme, workers) | {"compression": {"codec": codec}}, record=False)
    each = collectives.ring_bytes(workers, SIZE if codec == "none" else SIZE / 4)
    assert list(carried(result).values()) == pytest.approx([each] * 2 * workers)
    assert result.metrics["bytes_on_wire"] == pytest.approx(workers * each)


@pytest.mark.parametrize("workers", [2, 3, 7, 16])
def test_bytes_of_a_tree(workers: int) -> None:
    """Everybody but the root sends its sum once; the mean comes in once, and goes out once for each child."""
    result = run(changes("tree", workers), record=False)
    links = carried(result)
    for worker in range(workers):
        powers = [1 << bit for bit in range(workers.bit_length())]
        children = [step for step in powers if worker % (2 * step) == 0 and worker + step < workers]
        assert links[f"worker-{worker}/up"] == (len(children) + (worker > 0)) * SIZE
        assert links[f"worker-{worker}/down"] == (len(children) + (worker > 0)) * SIZE


@pytest.mark.parametrize(("workers", "folded"), [(3, 1), (5, 1), (7, 3), (12, 4)])
def test_bytes_of_folded_halving(workers: int, folded: int) -> None:
    result = run(changes("halving-doubling", workers), record=False)
    links, power = carried(result), workers - folded
    inner = collectives.ring_bytes(power, SIZE)
    for worker in range(workers):
        pair = worker < 2 * folded
        expected = SIZE if pair and worker % 2 == 0 else inner + SIZE * pair
        assert links[f"worker-{worker}/up"] == pytest.approx(expected)
        assert links[f"worker-{worker}/down"] == pytest.approx(expected)


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_everybody_on_one_link(workers: int) -> None:
    """A ring on a shared link moves M chunks at a time: as on links of their own with 1/M of the bandwidth."""
    network = {"topology": "shared-link", "bandwidth": "100 MB/s", "latency": "1 ms"}
    result = run(changes("ring-allreduce", workers, network=network) | {"model": {"parameters": "96 MB"}})
    shared = Links(bandwidth=BANDWIDTH / workers, latency=LATENCY)
    assert exchange_time(result) == pytest.approx(collectives.ring_time(workers, 96e6, shared), rel=1e-9)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_alone_there_is_nothing_to_do(scheme: str) -> None:
    result = run(changes(scheme, 1, updates=3) | {"compression": {"codec": CODEC}})
    assert result.metrics["update_time_s"] == 1
    assert result.metrics["bytes_on_wire"] == 0


@pytest.mark.parametrize("usage", ["one-time", "homomorphic"])
def test_what_stays_compressed_is_added_up_as_it_is(usage: str) -> None:
    question = changes("ring-allreduce", 4) | {"compression": {"codec": CODEC, "usage": usage}}
    result = run(question, record=False)
    assert result.metrics["update_time_s"] == pytest.approx(1 + collectives.ring_time(4, SIZE / 4, LINKS))
    assert result.metrics["total_time_s"] == pytest.approx(result.metrics["update_time_s"] + 0.5 + 0.25)


def test_halves_of_the_ring_are_push_and_pull() -> None:
    metrics = run(changes("ring-allreduce", 4)).metrics
    assert metrics["push_s"] == pytest.approx(3 * (LATENCY + chunk(SIZE, 4) / BANDWIDTH))
    assert metrics["pull_s"] == pytest.approx(metrics["push_s"])
    assert metrics["wait_s"] == 0
    assert math.isclose(metrics["transfer_s"], metrics["push_s"] + metrics["pull_s"])
