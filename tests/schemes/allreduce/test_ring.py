"""Rings of unequal workers: against a slow reference, and at once against chunk by chunk."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcluster.recording import PARTS
from simcluster.results import Result
from simcluster.schemes.allreduce import ring_times
from simcluster.schemes.allreduce.ring_times import RingTimes
from tests.building import run
from tests.schemes.allreduce.cases import LAYERS, STAR, UNEQUAL, carried, changes, chunk_by_chunk, one_by_one
from tests.schemes.allreduce.reference import Costs, Member, ring_ends


def groups(draw: random.Random, workers: int) -> list[dict[str, Any]]:
    return [
        {"count": 1, "speed": round(draw.uniform(0.2, 5), 3), "bandwidth": f"{draw.randint(10, 300)} MB/s"}
        for _ in range(workers)
    ]


def members(groups: list[dict[str, Any]]) -> list[Member]:
    rates = [float(group["bandwidth"].split()[0]) * 1e6 for group in groups]
    return [
        Member(1 / group["speed"], 1e-3, min(rate, after))
        for group, rate, after in zip(groups, rates, [*rates[1:], rates[0]], strict=True)
    ]


def chunks(size: int, workers: int) -> list[float]:
    each = -(-size // workers)
    return [float(min(each, max(0, size - place * each))) for place in range(workers)]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("path", [run, one_by_one], ids=["at once", "chunk by chunk"])
def test_unequal_workers_meet_the_reference(path: Any, seed: int) -> None:
    draw = random.Random(seed)
    workers, size = draw.choice([2, 3, 5, 8, 13]), draw.randint(1, 10**8)
    unequal = groups(draw, workers)
    question = changes("ring-allreduce") | {"cluster": {"groups": unequal}, "model": {"parameters": f"{size} B"}}
    ends = path(question, record=False).updates["end_s"]
    assert list(ends) == pytest.approx(ring_ends(members(unequal), chunks(size, workers), Costs()), rel=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_codecs_and_adding_up_meet_the_reference(seed: int) -> None:
    draw = random.Random(seed)
    workers, size = draw.choice([2, 3, 5, 8, 13]), draw.randint(10**6, 10**8)
    unequal = groups(draw, workers)
    codec = {"rho": 0.3, "compress_rate": "150 MB/s", "decompress_rate": "70 MB/s"}
    question = changes("ring-allreduce") | {
        "cluster": {"groups": unequal, "worker": {"aggregation_rate": "200 MB/s"}},
        "model": {"parameters": f"{size} B"},
        "compression": {"codec": codec},
    }
    costs = Costs(encode=1 / 150e6, decode=1 / 70e6, add=1 / 200e6, rho=0.3)
    ends = run(question, record=False).updates["end_s"]
    assert list(ends) == pytest.approx(ring_ends(members(unequal), chunks(size, workers), costs), rel=1e-9)


def same(one: Result, other: Result) -> None:
    """Assert that two results are the same, up to rounding."""
    assert one.metrics["bytes_on_wire"] == other.metrics["bytes_on_wire"]
    columns = ["update", "worker", "start_s", "end_s", "applied_s", *PARTS, "staleness", "step"]
    pd.testing.assert_frame_equal(one.updates[columns], other.updates[columns], rtol=1e-9, atol=1e-9)
    assert carried(one) == carried(other)
    for ours, theirs in zip(one.records.links, other.records.links, strict=True):
        assert ours.busy_s == pytest.approx(theirs.busy_s, rel=1e-9)


def same_records(one: Result, other: Result) -> None:
    """Assert that everything recorded is the same, up to rounding, and to waits so short that they are rounding."""
    tables = [
        (one.spans, other.spans, ["entity", "lane", "start_s"]),
        (one.links, other.links, ["link", "start_s"]),
        (one.transfers, other.transfers, ["source", "start_s"]),
    ]
    for ours, theirs, order in tables:
        kept = [
            table.loc[table["end_s"] - table["start_s"] > 1e-9].sort_values(order, kind="stable", ignore_index=True)
            for table in (ours, theirs)
        ]
        assert len(kept[0]) > 0
        pd.testing.assert_frame_equal(*kept, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("workers", [2, 3, 7, 50])
@pytest.mark.parametrize("network", [STAR, STAR | {"latency": "0 s"}], ids=["latency", "no latency"])
def test_all_at_once_is_chunk_by_chunk(workers: int, network: dict[str, Any]) -> None:
    question = changes("ring-allreduce", workers, network=network, updates=4)
    question["compute"]["jitter"] = UNEQUAL
    at_once, chunkwise = run(question), one_by_one(question)
    same(at_once, chunkwise)
    same_records(at_once, chunkwise)


@pytest.mark.parametrize(
    "training",
    [
        {"overlap": "backward"},
        {"overlap": "full", "bucket_size": "4 MB"},
        {"overlap": "full", "order": "priority"},
        {"overlap": "backward", "double_buffering": True, "exchange": "gradients"},
        {"slice_size": "3 MB"},
        {"local_iterations": 3},
    ],
    ids=str,
)
@pytest.mark.parametrize("workers", [3, 8])
def test_all_at_once_is_chunk_by_chunk_with_parts(workers: int, training: dict[str, Any]) -> None:
    question = changes("ring-allreduce", workers, **training | {"updates": 4})
    question["model"] = {"layers": LAYERS, "parameters": "21 MB"}
    question["compute"] = {"minibatch_time": "0.18 s", "minibatch": 64, "scaling": "weak", "jitter": UNEQUAL}
    at_once, chunkwise = run(question), one_by_one(question)
    same(at_once, chunkwise)
    same_records(at_once, chunkwise)


def test_machines_and_goodput_and_windows_leave_a_ring_its_links() -> None:
    network = {
        "topology": "machines", "bandwidth": "50 MB/s", "inside": "400 MB/s", "latency": "2 ms", "nodes_per_machine": 3,
        "inside_latency": "100 us", "goodput": 0.9, "window": "150 kB",
    }  # fmt: skip
    question = changes("ring-allreduce", 8, network=network, updates=2)
    question["compute"]["jitter"] = UNEQUAL
    at_once, chunkwise = run(question), one_by_one(question)
    same(at_once, chunkwise)
    same_records(at_once, chunkwise)


@pytest.mark.parametrize(
    "network",
    [
        {"message_overhead": "100 B"},
        {"unfairness": 0.2},
        {"discipline": "fifo"},
        {"background": [{"link": "worker-0/up", "rate": "10 MB/s"}]},
        {"schedule": [{"link": "worker-0/up", "at": "1.5 s", "factor": 0.5}]},
    ],
    ids=lambda network: next(iter(network)),
)
def test_whatever_else_counts_is_simulated_chunk_by_chunk(network: dict[str, Any]) -> None:
    question = changes("ring-allreduce", 4, network=STAR | network)
    plain = run(changes("ring-allreduce", 4), record=False)
    result = run(question, record=False)
    with chunk_by_chunk():
        assert run(question, record=False).updates.to_csv() == result.updates.to_csv()
    changed = result.updates["end_s"].to_numpy() != plain.updates["end_s"].to_numpy()
    assert changed.any() or "unfairness" in network or "discipline" in network  # a ring's flows meet nobody


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 9).flatmap(
        lambda count: st.tuples(
            st.lists(st.floats(0, 10), min_size=count, max_size=count),
            st.lists(st.integers(0, 1000), min_size=count, max_size=count),
            st.lists(st.floats(0, 1), min_size=count, max_size=count),
            st.lists(st.floats(1, 1000), min_size=count, max_size=count),
        )
    )
)
def test_times_of_any_ring(case: tuple[list[float], list[int], list[float], list[float]]) -> None:
    ready, sizes, latencies, rates = case
    team = [Member(*each) for each in zip(ready, latencies, rates, strict=True)]
    chunk_sizes = [float(size) for size in sizes]
    times = RingTimes(ready, chunk_sizes, team)  # a member has what a route has
    assert times.ends == pytest.approx(ring_ends(team, chunk_sizes, Costs()), rel=1e-12, abs=1e-12)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ring_times, "_MANY", 0)
        arrays = RingTimes(ready, chunk_sizes, team)
        assert arrays.ends == times.ends
        assert arrays.halfway == times.halfway
        for sender in range(len(team)):
            assert list(arrays.passages(sender)) == list(times.passages(sender))
    # Nobody is through before the last has joined, or half way after the end.
    assert min(times.ends) >= max(ready)
    assert all(half <= end for half, end in zip(times.halfway, times.ends, strict=True))


def test_every_chunk_comes_once_in_each_half() -> None:
    team = [Member(0.0, 0.0, 1.0)] * 5
    times = RingTimes([0.0] * 5, [1.0, 2.0, 4.0, 8.0, 16.0], team)
    for sender in range(5):
        sizes = [size for _, _, size in times.passages(sender)]
        assert sum(sizes[:4]) == 31 - 2 ** ((sender + 1) % 5)
        assert sum(sizes[4:]) == 31 - 2 ** ((sender + 2) % 5)


def test_turning_the_ring_turns_the_results() -> None:
    draw = random.Random(5)
    unequal = groups(draw, 6)
    question = changes("ring-allreduce", updates=3) | {"model": {"parameters": "60 MB"}}
    straight = run(question | {"cluster": {"groups": unequal}}, record=False).updates
    turned = run(question | {"cluster": {"groups": unequal[2:] + unequal[:2]}}, record=False).updates
    for update in (1, 2, 3):
        ends = straight.query(f"update == {update}")["end_s"].to_numpy()
        other = turned.query(f"update == {update}")["end_s"].to_numpy()
        assert np.roll(ends, -2) == pytest.approx(other, rel=1e-12)


def test_who_is_early_waits_for_other_workers() -> None:
    question = changes("ring-allreduce") | {"cluster": {"groups": [{"count": 3}, {"count": 1, "speed": 0.5}]}}
    for result in (run(question), one_by_one(question)):
        assert result.updates["wait_s"].tolist() == [1, 1, 1, 0]
        causes = result.spans.query("lane == 'compute' and activity == 'wait' and entity == 'worker-0'")["cause"]
        assert causes.tolist()[:3] == ["other workers", "push", "pull"]
