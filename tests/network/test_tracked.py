"""A network that knows which transfers are under way: it aborts those, and keeps no others."""

from __future__ import annotations

import gc
import weakref

import pytest
import simpy

from simcluster.network.node import Node
from simcluster.network.tracked import TrackedNetwork
from simcluster.recording import NullRecorder
from simcluster.simulation.registry import Registry

pytestmark = pytest.mark.parametrize("topology", ["star", "shared-link"])


def tracked(env: simpy.Environment, topology: str) -> TrackedNetwork:
    """Return a tracked network of 100 B/s and 0.5 s between two nodes."""
    registry = Registry()
    options = registry.options("topology", topology).model_validate(
        {"topology": topology, "bandwidth": 100.0, "latency": 0.5}
    )
    nodes = [Node("a"), Node("b")]
    return TrackedNetwork(registry.module("topology", topology).build(env, options, nodes, NullRecorder(), 0))


@pytest.mark.parametrize(("at", "left"), [(0.25, 100.0), (0.75, 75.0)])
def test_abort_cancels_what_is_under_way_though_nobody_else_holds_it(topology: str, at: float, left: float) -> None:
    env = simpy.Environment()
    network = tracked(env, topology)
    network.transfer("a", ["b"], 100.0)
    gc.collect()
    env.run(until=at)
    network.abort()
    env.run()
    assert network.discarded_bytes == pytest.approx(left, rel=1e-6)
    assert network.delivered_bytes == pytest.approx(100.0 - left, abs=1e-4)


def test_cancelled_transfers_are_not_kept(topology: str) -> None:
    env = simpy.Environment()
    network = tracked(env, topology)
    cancelled = []
    for _ in range(20):
        transfer = network.transfer("a", ["b"], 100.0)
        cancelled.append(weakref.ref(transfer))
        env.run(until=env.now + 0.75)
        transfer.cancel()
    del transfer
    # Another one, since links may hold their last transfer until the next one comes.
    env.run(until=network.transfer("a", ["b"], 100.0))
    gc.collect()
    assert [one() for one in cancelled] == [None] * 20
    assert network.discarded_bytes == pytest.approx(20 * 75.0, rel=1e-6)
