"""Workloads of whole clusters, for counting and for timing: each returns (environment, network, transfers)."""

from __future__ import annotations

import random

import simpy

from tests.network.running import network


class Skeleton:
    """A network that moves nothing: each transfer is one event, scheduled at its start."""

    def __init__(self, env):
        self._env = env

    def transfer(self, source, destinations, size):
        return self._env.timeout(size)


def _make(topology, names, skeleton, recorder, **options):
    if skeleton:
        env = simpy.Environment()
        return env, Skeleton(env)
    return network(topology, names, recorder=recorder, **options)


def steady_link(flows, transfers, skeleton=False):
    """Keep a number of transfers in flight on one shared link."""
    env, net = _make("shared-link", ("a", "b"), skeleton, None, bandwidth=1.0)
    draw = random.Random(1).expovariate
    scale = flows if skeleton else 1.0

    def client():
        for _ in range(transfers):
            yield net.transfer("a", ("b",), draw(1.0) * scale)

    for _ in range(flows):
        env.process(client())
    return env, net, flows * transfers


def parameter_server(workers, updates, spread=0.0, shards=1, skeleton=False, recorder=None):
    """Synchronous SGD on a star: all push to all shards, wait for the last one, and pull."""
    names = [f"worker-{index}" for index in range(workers)]
    servers = [f"server-{index}" for index in range(shards)]
    env, net = _make("star", names + servers, skeleton, recorder, bandwidth=float(workers))
    draw = random.Random(1).random
    barrier = {"there": 0, "go": env.event()}

    def all_arrived(transfers):
        for transfer in transfers:
            if not transfer.processed:
                yield transfer

    def worker(name):
        for _ in range(updates):
            yield env.timeout(1.0 + (draw() * spread if spread else 0.0))
            yield from all_arrived([net.transfer(name, (server,), 1.0 / shards) for server in servers])
            barrier["there"] += 1
            if barrier["there"] == workers:
                go, barrier["go"], barrier["there"] = barrier["go"], env.event(), 0
                go.succeed()
            else:
                yield barrier["go"]
            yield from all_arrived([net.transfer(server, (name,), 1.0 / shards) for server in servers])

    for name in names:
        env.process(worker(name))
    return env, net, 2 * workers * updates * shards


def ring(nodes, rounds, skeleton=False):
    """Let every node send to its neighbour, again and again, after a random time of computing."""
    names = [f"node-{index}" for index in range(nodes)]
    env, net = _make("star", names, skeleton, None, bandwidth=1.0)
    draw = random.Random(1).random

    def node(index):
        for _ in range(rounds):
            yield env.timeout(draw())
            yield net.transfer(names[index], (names[(index + 1) % nodes],), 1.0)

    for index in range(nodes):
        env.process(node(index))
    # No node has its next transfer ready before its last has arrived, so that each link has one flow.
    return env, net, nodes * rounds


def gossip(nodes, rounds, skeleton=False):
    """Let every node send to a random other, again and again."""
    names = [f"node-{index}" for index in range(nodes)]
    env, net = _make("star", names, skeleton, None, bandwidth=1.0)
    draw = random.Random(1)

    def node(index):
        for _ in range(rounds):
            yield env.timeout(draw.random())
            other = draw.randrange(nodes - 1)
            yield net.transfer(names[index], (names[other + (other >= index)],), 1.0)

    for index in range(nodes):
        env.process(node(index))
    return env, net, nodes * rounds


def all_to_all_between_racks(nodes, rounds, skeleton=False):
    """Let every node send to random others over racks of 16 whose uplinks are oversubscribed 4 to 1."""
    names = [f"node-{index}" for index in range(nodes)]
    options = {"bandwidth": 1.0, "nodes_per_rack": 16, "oversubscription": 4.0}
    env, net = _make("racks", names, skeleton, None, **options)
    draw = random.Random(1)

    def node(index):
        for _ in range(rounds):
            other = draw.randrange(nodes - 1)
            size = draw.uniform(0.5, 1.5) * (4.0 if skeleton else 1.0)
            yield net.transfer(names[index], (names[other + (other >= index)],), size)

    for index in range(nodes):
        env.process(node(index))
    return env, net, nodes * rounds
