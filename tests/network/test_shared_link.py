from __future__ import annotations

import sys
import tracemalloc

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from simcluster.network import Node
from simcluster.network.shared_link import OPTIONS, SharedLinkNetwork, build
from simcluster.recording import NullRecorder
from tests.network.running import ends, network

NODES = ("worker-0", "worker-1", "server-0")


def run(transfers, **options):
    env, net = network("shared-link", NODES, **options)
    return ends(env, net, transfers)


@pytest.mark.parametrize("goodput", [1.0, 0.5])  # the fast path, and the general network
@pytest.mark.parametrize(
    ("flows", "expected"),
    [
        ([(0, 150.0), (0, 300.0)], [3.0, 4.5]),
        ([(0, 200.0), (1, 200.0)], [3.0, 4.0]),
        ([(0, 500.0), (1, 100.0)], [6.0, 3.0]),
    ],
)
def test_fair_sharing_as_dslab_publishes_it(flows, expected, goodput):
    transfers = [(start, "worker-0", "server-0", size) for start, size in flows]
    assert run(transfers, bandwidth=100.0 / goodput, goodput=goodput) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(("duplex", "expected"), [("half", 50.0), ("full", 30.0)])
@pytest.mark.parametrize("goodput", [1.0, 0.5])
def test_directions(duplex, expected, goodput):
    there = [(0, "worker-0", "server-0", 1000.0)] * 3
    back = [(0, "server-0", "worker-1", 1000.0)] * 2
    assert max(run(there + back, bandwidth=100.0 / goodput, duplex=duplex, goodput=goodput)) == pytest.approx(expected)


@given(st.integers(1, 200), st.floats(1.0, 1e12), st.floats(1.0, 1e12), st.just(0.0) | st.floats(1e-12, 1.0))
def test_equal_transfers_take_exactly_their_turn(count, size, bandwidth, latency):
    found = run([(0, "worker-0", "server-0", size)] * count, bandwidth=bandwidth, latency=latency)
    assert found == pytest.approx([latency + count * size / bandwidth] * count, rel=1e-15)


def test_a_transfer_waits_its_latency_once_and_outside_of_the_link():
    # The second starts to move at 3, when 200 of the first's 400 are left.
    assert run(
        [(0, "worker-0", "server-0", 400.0), (2, "worker-1", "server-0", 50.0)], bandwidth=100.0, latency=1.0
    ) == [5.5, 4.0]


def test_equal_transfers_end_in_the_order_of_their_starts():
    env, net = network("shared-link", NODES, bandwidth=1.0)
    order = []
    for number in range(20):
        transfer = net.transfer("worker-0", ("server-0",), 3.0, 1.0)
        transfer.callbacks.append(lambda _, number=number: order.append(number))
    env.run()
    assert order == list(range(20))


def test_running_until_a_transfer_loses_nothing():
    env, net = network("shared-link", NODES, bandwidth=1.0)
    transfers = [net.transfer("worker-0", ("server-0",), 3.0) for _ in range(3)]
    told = []
    transfers[2].callbacks.append(told.append)
    env.run(until=transfers[0])
    assert (env.now, told) == (9.0, [])
    env.run()
    assert (env.now, told) == (9.0, [transfers[2]])


def test_cancelling_lets_the_others_go_faster():
    env, net = network("shared-link", NODES, bandwidth=100.0)
    stays, goes = (net.transfer("worker-0", ("server-0",), size) for size in (300.0, 100.0))
    env.run(until=1.0)
    assert goes.cancel() == 50.0
    assert goes.cancel() == 0.0
    env.run(until=stays)
    assert env.now == 3.5
    link = net.usage()[0]
    assert (link.carried_bytes, link.busy_s, net.discarded_bytes) == (350.0, 3.5, 50.0)


def test_ideal_conditions_take_the_fast_path_and_others_the_general_network():
    assert isinstance(network("shared-link", NODES, bandwidth=1.0)[1], SharedLinkNetwork)
    assert not isinstance(network("shared-link", NODES, bandwidth=1.0, goodput=0.9)[1], SharedLinkNetwork)


class Rates:
    def __init__(self, env):
        self.rows = []
        self.change = lambda rate, flows: self.rows.append((env.now, rate, flows))

    def link(self, name):
        return self


def test_the_history_of_the_link_is_recorded():
    env, net = network("shared-link", NODES, bandwidth=100.0, recorder=Rates)
    ends(env, net, [(0, "worker-0", "server-0", 150.0), (0, "worker-0", "server-0", 300.0)])
    rows = net._links[0]._log.rows
    assert rows == [(0, 100.0, 1), (0, 100.0, 2), (3.0, 100.0, 1), (4.5, 0.0, 0)]


def test_a_transfer_costs_one_wake_up():
    env, net = network("shared-link", NODES, bandwidth=1.0)

    def client(number):
        for turn in range(10):
            yield net.transfer("worker-0", ("server-0",), 1.0 + ((number * 7 + turn * 13) % 101) / 101)

    for number in range(100):
        env.process(client(number))
    env.run()
    assert net._links[0].wakes <= 1000 + 100


def test_a_waiting_worker_costs_at_most_a_kibibyte():
    if sys.gettrace() is not None:
        pytest.skip("a tracer allocates memory too")
    count = 2000
    nodes = [Node("worker-0"), Node("server-0")]

    def worker():
        yield net.transfer("worker-0", ("server-0",), 1.0)

    env = simpy.Environment()
    net = build(env, OPTIONS(bandwidth=1.0), nodes, NullRecorder())
    tracemalloc.start()
    for _ in range(count):
        env.process(worker())
    env.run(until=1.0)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used / count <= 1024
