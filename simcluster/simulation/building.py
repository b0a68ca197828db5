"""A scenario -> live objects: machines, network, channels and scheme."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import simpy

from simcluster.cluster.channels import (
    AgreeingChannel,
    Channel,
    CompressedChannel,
    PlainChannel,
    RecodingChannel,
)
from simcluster.cluster.cores import Cores
from simcluster.cluster.faults import Fault, Target, start_faults
from simcluster.cluster.jitter import Jitter, NoJitter, RandomJitter
from simcluster.cluster.machines import Server, Worker
from simcluster.codecs import CodecProfile
from simcluster.errors import UserInputError
from simcluster.learning.seams import Learner
from simcluster.network.conditions import NetworkOptions
from simcluster.network.node import Node
from simcluster.network.tracked import TrackedNetwork
from simcluster.network.variation import Change
from simcluster.protocols import Network, Recorder
from simcluster.recording import IncidentLog, Journal
from simcluster.rng import stream
from simcluster.scenario import Scenario
from simcluster.schemes.plan import LayerTimes, ModelShape
from simcluster.schemes.seams import Cluster, Scheme, StopRule
from simcluster.schemes.supervision import Supervisor
from simcluster.simulation.registry import Registry


def build_network(env: simpy.Environment, scenario: Scenario, registry: Registry, recorder: Recorder) -> Network:
    """Return the network of a scenario, with an endpoint for every machine."""
    interfaces = [group.bandwidth for group in scenario.cluster.worker_groups for _ in range(group.count)]
    nodes = [Node(f"worker-{index}", bandwidth) for index, bandwidth in enumerate(interfaces)]
    nodes += [Node(f"server-{index}") for index in range(scenario.own_servers)]
    module = registry.module("topology", scenario.network.topology)
    options = _with_faults(scenario.network, scenario.faults)
    try:
        network: Network = module.build(env, options, nodes, recorder, scenario.seed)
    except UserInputError as error:
        if not any(fault.kind == "link" and f"'{fault.on}'" in str(error) for fault in scenario.faults):
            raise
        raise UserInputError(str(error).replace("network.schedule", "faults")) from error
    return TrackedNetwork(network) if scenario.can_crash else network


def _with_faults(options: NetworkOptions, faults: Sequence[Fault]) -> NetworkOptions:
    """Return the options of a network with the faults of its links, which are changes of their bandwidth."""
    changes = [
        Change(link=fault.on, at=fault.at, every=fault.every, lasts=fault.lasts, factor=fault.factor)
        for fault in faults
        if fault.kind == "link"
    ]
    return options.update(schedule=(*options.schedule, *changes)) if changes else options


@dataclass(frozen=True)
class Live:
    """A training that can be started.

    Parameters
    ----------
    scheme : Scheme
    down : callable
        Says which machines are down, and since when.
    """

    scheme: Scheme
    down: Callable[[], list[str]]


def build_scheme(
    env: simpy.Environment, scenario: Scenario, registry: Registry, network: Network, recorder: Recorder,
    journal: Journal, incidents: IncidentLog, learner: Learner, stop: StopRule,
) -> Live:
    """Return the scheme of a scenario, with the machines that it orchestrates, and whoever lets them fail."""
    push, pull = _channels(scenario, network, learner)
    workers = list(_workers(env, scenario, recorder))
    cluster = Cluster(
        env=env,
        workers=workers,
        servers=list(_servers(env, scenario, workers, recorder)),
        push=push,
        pull=pull,
        model=_shape(scenario),
        learner=learner,
        stop=stop,
        journal=journal,
        seed=scenario.seed,
    )
    build = partial(registry.module("scheme", scenario.training.scheme).build, scenario.training)
    slowed = {worker.name: _slowed(worker) for worker in workers} if scenario.can_slow_down else {}
    targets: dict[str, Mapping[str, Target]] = {"slow": slowed, "crash": {}, "link": {}}
    if isinstance(network, TrackedNetwork):
        supervisor = Supervisor(cluster, build, scenario.training.goes_on, scenario.recovery, network, incidents)
        targets["crash"] = supervisor.targets()
        live = Live(supervisor, supervisor.down)
    else:
        live = Live(build(cluster), list)
    start_faults(env, scenario.faults, targets, scenario.seed, incidents)
    return live


def _slowed(worker: Worker) -> Target:
    """Return what a slow phase does to a worker: of several at a time the slowest counts."""
    factors: list[float] = []

    def begin(fault: Fault, is_over_some_time: bool) -> None:
        factors.append(fault.factor or 1.0)
        worker.device.change_speed(min(factors))

    def end(fault: Fault) -> None:
        factors.remove(fault.factor or 1.0)
        worker.device.change_speed(min(factors, default=1.0))

    return Target(begin, end)


def _shape(scenario: Scenario) -> ModelShape:
    """Return what a scheme needs of the model: its layers' times are shares of the minibatch time."""
    model, whole = scenario.model, scenario.model.layers_time
    layers = []
    if whole:
        layers = [
            LayerTimes(layer.parameters, (layer.forward_time or 0.0) / whole, (layer.backward_time or 0.0) / whole)
            for layer in model.layers
        ]
    return ModelShape(model.parameters, scenario.compute.minibatch_time, layers)


def _workers(env: simpy.Environment, scenario: Scenario, recorder: Recorder) -> Iterator[Worker]:
    compute, cluster = scenario.compute, scenario.cluster
    split = cluster.total_workers if compute.scaling == "strong" else 1
    minibatch_time = compute.minibatch_time / split * scenario.overhead
    codecs_on = "core" if scenario.compression.runs_on == "core" else cluster.worker.device_sharing
    adding = float("inf") if cluster.worker.aggregation_rate is None else cluster.worker.aggregation_rate
    varies = scenario.can_slow_down
    index = 0
    for group in cluster.worker_groups:
        for _ in range(group.count):
            jitter = _jitter(scenario, f"worker-{index}")
            each = minibatch_time / group.speed
            yield Worker(env, index, group.cores, each, jitter, recorder, codecs_on, adding, varies=varies)
            index += 1


def _servers(
    env: simpy.Environment, scenario: Scenario, workers: Sequence[Worker], recorder: Recorder
) -> Iterator[Server]:
    """Yield the parameter servers: machines of their own, or on those of the workers."""
    machine = scenario.cluster.server
    rate = float("inf") if machine.aggregation_rate is None else machine.aggregation_rate
    for index in range(scenario.servers):
        if scenario.own_servers:
            name = f"server-{index}"
            yield Server(index, name, Cores(env, name, machine.cores, recorder), rate)
        else:
            yield Server(index, workers[index].name, workers[index].cores, rate)


def _jitter(scenario: Scenario, entity: str) -> Jitter:
    jitter = scenario.compute.jitter
    if jitter is None or jitter.cv == 0:
        return NoJitter()
    return RandomJitter(jitter.distribution, jitter.cv, jitter.per, stream(scenario.seed, entity, "jitter"))


def _channels(scenario: Scenario, network: Network, learner: Learner) -> tuple[Channel, Channel]:
    """Return the channels of the two directions: to the server, and back."""
    compression = scenario.compression
    push = _channel("push", compression.push_codec, compression.usage, scenario, network, learner)
    return push, _channel("pull", compression.pull_codec, compression.usage, scenario, network, learner)


def _channel(
    direction: str, profile: CodecProfile | None, usage: str, scenario: Scenario, network: Network, learner: Learner
) -> Channel:
    """Return the channel of one direction; without a profile it sends the parameters as they are."""
    size = scenario.model.parameters
    if profile is None:
        return PlainChannel(network, learner.coder(direction, float), size)
    if usage != "every-update":
        return CompressedChannel(network, learner.coder(direction, profile.compressed_size), size, profile)
    if direction == "push" and profile.agreed_fraction:
        return AgreeingChannel(network, learner.coder(direction, profile.message_size), size, profile)
    return RecodingChannel(network, learner.coder(direction, profile.compressed_size), size, profile)
