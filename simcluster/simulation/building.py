"""A scenario -> live objects: machines, network, channels and scheme."""

from __future__ import annotations

from collections.abc import Iterator

import simpy

from simcluster.cluster.channels import Channel, CompressedChannel, PlainChannel, RecodingChannel
from simcluster.cluster.jitter import Jitter, NoJitter, RandomJitter
from simcluster.cluster.machines import Server, Worker
from simcluster.network.node import Node
from simcluster.protocols import Network, Recorder
from simcluster.recording import Journal
from simcluster.rng import stream
from simcluster.scenario import Scenario
from simcluster.schemes.seams import Cluster, Scheme, UpdateLimit
from simcluster.simulation.registry import Registry


def build_network(env: simpy.Environment, scenario: Scenario, registry: Registry, recorder: Recorder) -> Network:
    """Return the network of a scenario, with an endpoint for every machine."""
    interfaces = [group.bandwidth for group in scenario.cluster.worker_groups for _ in range(group.count)]
    nodes = [*(Node(f"worker-{index}", bandwidth) for index, bandwidth in enumerate(interfaces)), Node("server-0")]
    module = registry.module("topology", scenario.network.topology)
    network: Network = module.build(env, scenario.network, nodes, recorder, scenario.seed)
    return network


def build_scheme(
    env: simpy.Environment, scenario: Scenario, registry: Registry, network: Network, recorder: Recorder,
    journal: Journal,
) -> Scheme:
    """Return the scheme of a scenario, with the machines that it orchestrates."""
    push, pull = _channels(scenario, network)
    server = scenario.cluster.server
    rate = float("inf") if server.aggregation_rate is None else server.aggregation_rate
    cluster = Cluster(
        env=env,
        workers=list(_workers(env, scenario, recorder)),
        servers=[Server(env, 0, server.cores, rate, recorder)],
        push=push,
        pull=pull,
        stop=UpdateLimit(scenario.training.updates),
        journal=journal,
    )
    scheme: Scheme = registry.module("scheme", scenario.training.scheme).build(scenario.training, cluster)
    return scheme


def _workers(env: simpy.Environment, scenario: Scenario, recorder: Recorder) -> Iterator[Worker]:
    compute, cluster = scenario.compute, scenario.cluster
    split = cluster.total_workers if compute.scaling == "strong" else 1
    minibatch_time = compute.minibatch_time / split * scenario.overhead
    index = 0
    for group in cluster.worker_groups:
        for _ in range(group.count):
            jitter = _jitter(scenario, f"worker-{index}")
            yield Worker(env, index, group.cores, minibatch_time / group.speed, jitter, recorder)
            index += 1


def _jitter(scenario: Scenario, entity: str) -> Jitter:
    jitter = scenario.compute.jitter
    if jitter is None or jitter.cv == 0:
        return NoJitter()
    return RandomJitter(jitter.distribution, jitter.cv, jitter.per, stream(scenario.seed, entity, "jitter"))


def _channels(scenario: Scenario, network: Network) -> tuple[Channel, Channel]:
    """Return the channels of the two directions: to the server, and back."""
    compression, size = scenario.compression, scenario.model.parameters
    plain = PlainChannel(network, size)
    if compression.is_plain:
        return plain, plain
    if compression.usage != "every-update":
        compressed = CompressedChannel(network, size, compression.codec)
        return compressed, compressed
    recoding = RecodingChannel(network, size, compression.codec)
    return (
        plain if compression.direction == "pull" else recoding,
        plain if compression.direction == "push" else recoding,
    )
