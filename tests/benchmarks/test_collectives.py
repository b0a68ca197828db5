"""What collective operations cost: ``pytest tests/benchmarks --benchmark-only``; the counts are asserted in every run.

Target: a ring whose links are its own is at least 50 times faster in bulk than chunk by chunk at 256 and 1,024 nodes,
with the same times to 1e-9 (one update; chunk by chunk at 1,024 nodes that is 2,095,104 transfers).

25 buckets of ResNet-50 are ``bucket_size: 2 MB`` on the catalogue's layers.
"""

from __future__ import annotations

import time
from itertools import count
from typing import Any

import pytest

from simcluster.simulation import running, simulate
from tests.benchmarks.test_run import CountingEnvironment
from tests.building import run, scenario
from tests.schemes.allreduce.cases import UNEQUAL, changes, one_by_one

NETWORK = {"topology": "star", "bandwidth": "10 Gbit/s", "latency": "10 us"}


def ring(workers: int, updates: int = 1, **training: Any) -> dict[str, Any]:
    question = changes("ring-allreduce", workers, network=NETWORK, **training | {"updates": updates})
    question["compute"]["jitter"] = UNEQUAL
    return question


def buckets(workers: int, updates: int) -> dict[str, Any]:
    question = ring(workers, updates, overlap="backward", bucket_size="2 MB") | {"model": "resnet50"}
    question["compute"] |= {"minibatch_time": "0.4434 s", "minibatch": 128}
    return question


def events_of(question: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the number of events of a run."""
    monkeypatch.setattr(CountingEnvironment, "events", count())
    monkeypatch.setattr(running.simpy, "Environment", CountingEnvironment)
    run(question, record=False)
    return next(CountingEnvironment.events)


@pytest.mark.parametrize("workers", [16, 128])
def test_events_of_a_worker_update_in_bulk(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # A timeout of the device, one when a worker goes over to pulling, one when it is through.
    events = events_of(ring(workers, 10), monkeypatch)
    assert events / workers / 10 < 3


@pytest.mark.parametrize("workers", [16, 64])
def test_events_of_a_bucket(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # As above; and its own process with a beginning, an end, and the end of its turn. Few go through the layers' steps.
    events = events_of(buckets(workers, 4), monkeypatch)
    assert events / workers / 4 / 25 < 5.5


def test_chunk_by_chunk_costs_no_more_than_its_transfers(monkeypatch: pytest.MonkeyPatch) -> None:
    per_transfer = []
    for workers in (8, 32):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("simcluster.network.fluid.FluidNetwork.private_routes", lambda self, pairs: None)
            per_transfer.append(events_of(ring(workers), monkeypatch) / (2 * (workers - 1) * workers))
    assert max(per_transfer) < 5
    assert per_transfer[1] < per_transfer[0]


def test_a_ring_in_bulk_is_far_faster() -> None:
    """Half of what is asked for, at fewer nodes, on a machine that does other things too."""
    question = ring(128)
    run(ring(64), record=False)  # imports
    times = []
    for path in (run, one_by_one):
        before = time.perf_counter()
        result = path(question, record=False)
        times.append(time.perf_counter() - before)
        assert result.metrics["total_time_s"] > 1
    assert times[1] > 15 * times[0]


@pytest.mark.parametrize("workers", [64, 256, 1024])
def test_ring_in_bulk(benchmark: Any, workers: int) -> None:
    benchmark.group = "ring-allreduce, one update"
    benchmark.pedantic(simulate, args=(scenario(ring(workers)),), rounds=3)


@pytest.mark.parametrize("workers", [64, 256])
def test_ring_chunk_by_chunk(benchmark: Any, workers: int) -> None:
    benchmark.group = "ring-allreduce, one update"
    benchmark.pedantic(one_by_one, args=(ring(workers),), kwargs={"record": False}, rounds=1)


@pytest.mark.parametrize("workers", [64, 256])
def test_buckets_of_resnet_50(benchmark: Any, workers: int) -> None:
    benchmark.group = "ring-allreduce, 25 buckets x 10 updates"
    benchmark.pedantic(simulate, args=(scenario(buckets(workers, 10)),), rounds=1)
