"""Small networks that are run to their end."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import simpy

from simcluster.network import Node
from simcluster.recording import NullRecorder


def network(topology: str, nodes: Sequence[str | Node], seed: int = 0, recorder=None, start: float = 0.0, **options):
    env = simpy.Environment(initial_time=start)
    module = import_module(f"simcluster.network.{topology.replace('-', '_')}")
    nodes = [node if isinstance(node, Node) else Node(node) for node in nodes]
    chosen = module.OPTIONS.model_validate({"topology": topology, **options})
    recorder = NullRecorder() if recorder is None else recorder(env)
    return env, module.build(env, chosen, nodes, recorder, seed)


def ends(env, net, transfers, check=True):
    """Return when transfers end: each is (start, source, destinations, size[, weight[, priority]])."""
    found: list[float | None] = [None] * len(transfers)

    def go(index, at, source, destinations, *rest):
        yield env.timeout(at)
        yield net.transfer(source, (destinations,) if isinstance(destinations, str) else destinations, *rest)
        found[index] = env.now

    for index, transfer in enumerate(transfers):
        env.process(go(index, *transfer))
    env.run()
    if check:
        assert net.sent_bytes == net.delivered_bytes + net.discarded_bytes
    return found
