"""What a transfer costs, in counted steps rather than by the clock; the figures are in tests/benchmarks."""

from __future__ import annotations

import random
import sys
import tracemalloc

import pytest

from tests.network.running import network
from tests.network.workloads import all_to_all_between_racks, gossip, parameter_server, ring


def counted(workload, *args, **more):
    env, net, count = workload(*args, **more)
    env.run()
    assert net.delivered_bytes == net.sent_bytes
    return net.settles / count, net.levels / count


def test_a_hub_needs_no_settlement_at_all():
    assert counted(parameter_server, 200, updates=2) == (0.0, 0.0)
    assert counted(parameter_server, 200, updates=2, spread=2.0) == (0.0, 0.0)


def test_a_ring_needs_no_settlement_at_all():
    assert counted(ring, 100, rounds=5) == (0.0, 0.0)


def test_sharded_servers_cost_a_constant_number_of_levels():
    small = counted(parameter_server, 32, updates=2, spread=2.0, shards=8)
    large = counted(parameter_server, 128, updates=2, spread=2.0, shards=8)
    assert large[0] <= 0.2
    assert large[1] <= max(1.2 * small[1], 1.0)


def test_gossip_costs_no_more_in_a_large_cluster():
    small, large = counted(gossip, 64, rounds=4), counted(gossip, 256, rounds=4)
    assert large[0] <= 1.2 * small[0]
    assert large[1] <= 1.3 * small[1]


def test_saturated_racks_settle_once_an_instant():
    settles, levels = counted(all_to_all_between_racks, 32, rounds=3)
    assert settles <= 2.0
    assert levels <= 64


@pytest.mark.parametrize("count", [1000])
def test_a_waiting_worker_costs_at_most_two_kibibytes(count):
    if sys.gettrace() is not None:
        pytest.skip("a tracer allocates memory too")
    draw = random.Random(1)
    names = [f"worker-{index}" for index in range(count)]
    tracemalloc.start()
    env, net = network("star", [*names, "server-0"], bandwidth=1000.0)

    def worker(name):
        yield net.transfer(name, ("server-0",), draw.uniform(1, 2))

    for name in names:
        env.process(worker(name))
    env.run(until=0.5)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used / count <= 2.2 * 1024
