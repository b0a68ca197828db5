"""What transfers cost against a skeleton: the same processes, each transfer replaced by one event.

Run with ``pytest tests/benchmarks --benchmark-only``; ``extra_info`` holds the ratio to the skeleton, of the fastest of
interleaved runs. Nothing is asserted by the clock: tests/network/test_cost.py asserts counted steps.
"""

from __future__ import annotations

import gc
import time

import pytest

from tests.network import workloads

CASES = {
    "one link, 1,000 in flight": (workloads.steady_link, (1_000, 50), {}),
    "one link, 100,000 in flight": (workloads.steady_link, (100_000, 3), {}),
    "sync PS, 1,024 equal workers": (workloads.parameter_server, (1_024, 10), {}),
    "sync PS, 1,024 spread workers": (workloads.parameter_server, (1_024, 10), {"spread": 2.0}),
    "sync PS, 4,096 spread workers": (workloads.parameter_server, (4_096, 4), {"spread": 2.0}),
    "8 shards, 64 spread workers": (workloads.parameter_server, (64, 8), {"spread": 2.0, "shards": 8}),
    "8 shards, 256 spread workers": (workloads.parameter_server, (256, 4), {"spread": 2.0, "shards": 8}),
    "gossip, 256 nodes": (workloads.gossip, (256, 40), {}),
    "gossip, 1,024 nodes": (workloads.gossip, (1_024, 10), {}),
    "ring, 1,024 nodes": (workloads.ring, (1_024, 20), {}),
    "saturated racks, 64 nodes": (workloads.all_to_all_between_racks, (64, 8), {}),
    "saturated racks, 256 nodes": (workloads.all_to_all_between_racks, (256, 4), {}),
}


def seconds(workload, args, options):
    """Return the CPU time of a run and its number of transfers."""
    env, _, transfers = workload(*args, **options)
    gc.collect()
    begin = time.process_time()
    env.run()
    return time.process_time() - begin, transfers


@pytest.mark.parametrize("name", CASES)
def test_transfers_against_a_skeleton(benchmark, name):
    workload, args, options = CASES[name]
    bare = []

    def measured():
        env, _, _ = workload(*args, **options)
        bare.append(seconds(workload, args, {**options, "skeleton": True})[0])
        gc.collect()
        return (env,), {}

    thresholds = gc.get_threshold()
    gc.set_threshold(200_000, 50, 100)  # as in a run
    benchmark.pedantic(lambda env: env.run(), setup=measured, rounds=3)
    gc.set_threshold(*thresholds)
    _, transfers = seconds(workload, args, options)
    fastest = benchmark.stats.stats.min
    benchmark.extra_info["us_per_transfer"] = round(fastest / transfers * 1e6, 2)
    benchmark.extra_info["skeleton_us"] = round(min(bare) / transfers * 1e6, 2)
    benchmark.extra_info["ratio"] = round(fastest / min(bare), 2)
