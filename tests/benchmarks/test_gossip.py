"""What AD-PSGD costs: ``pytest tests/benchmarks/test_gossip.py --benchmark-only``; every test run asserts the counts.

Target: the cost grows no faster than the number of transfers; exponent from 64 to 1,024 workers at most 1.1 (of the
time, in ``extra_info`` of the last benchmark: fastest of interleaved runs).
"""

from __future__ import annotations

import gc
import math
import time
from itertools import count
from typing import Any

import pytest

from simcluster.results import Result
from simcluster.simulation import running, simulate
from tests.benchmarks.test_run import CountingEnvironment
from tests.building import scenario

STEPS = 100


def ad_psgd(workers: int, steps: int = STEPS, **training: Any) -> dict[str, Any]:
    """Return workers on a star that compute for 2 s +- 20 % a step, and average for 2 s."""
    return {
        "cluster": {"workers": workers},
        "compute": {
            "scaling": "weak", "minibatch_time": "2 s", "jitter": {"distribution": "lognormal", "cv": 0.2},
        },
        "network": {"topology": "star", "bandwidth": "100 MB/s", "latency": "50 us"},
        "training": {"scheme": "ad-psgd", "updates": workers * steps, **training},
    }


def transfers(result: Result) -> float:
    """Return how many models arrived."""
    return float(result.metrics["bytes_on_wire"]) / 100e6


@pytest.mark.parametrize("workers", [64, 256])
@pytest.mark.parametrize("averaging", ["always", "once-per-update"])
def test_events_of_an_update(workers: int, averaging: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Computing, taking a gradient, and for each model that is sent: its latency, its end, a wake-up, an answer.
    monkeypatch.setattr(CountingEnvironment, "events", count())
    monkeypatch.setattr(running.simpy, "Environment", CountingEnvironment)
    result = simulate(scenario(ad_psgd(workers, 20, averaging=averaging)))
    events = next(CountingEnvironment.events)
    assert events / (workers * 20 + transfers(result)) < 4


def seconds(workers: int) -> tuple[float, float]:
    """Return the CPU time of a run [s], and its transfers."""
    question = scenario(ad_psgd(workers))
    gc.collect()
    begin = time.process_time()
    result = simulate(question)
    return time.process_time() - begin, transfers(result)


@pytest.mark.parametrize("averaging", ["always", "once-per-update"])
@pytest.mark.parametrize("workers", [64, 256, 1024])
def test_a_hundred_steps_of_each_worker(benchmark: Any, workers: int, averaging: str) -> None:
    question = scenario(ad_psgd(workers, averaging=averaging))
    result = benchmark.pedantic(simulate, args=(question,), rounds=3)
    fastest = benchmark.stats.stats.min
    benchmark.extra_info["us_per_update"] = round(fastest / workers / STEPS * 1e6, 1)
    benchmark.extra_info["us_per_transfer"] = round(fastest / transfers(result) * 1e6, 1)


def test_exponent_from_64_to_1024_workers(benchmark: Any) -> None:
    runs: dict[int, list[tuple[float, float]]] = {64: [], 1024: []}

    def both() -> None:
        for workers, found in runs.items():
            found.append(seconds(workers))

    benchmark.pedantic(both, rounds=3)
    small, large = min(runs[64]), min(runs[1024])
    growth = math.log(large[0] / small[0])
    benchmark.extra_info["exponent"] = round(growth / math.log(16), 3)
    benchmark.extra_info["exponent_over_transfers"] = round(growth / math.log(large[1] / small[1]), 3)
