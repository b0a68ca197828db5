"""How a parameter server sends its result to the workers: the modes of ``training.pull``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import simpy

from simcluster.cluster.channels import Channel
from simcluster.cluster.machines import Server, Worker
from simcluster.cluster.messages import Message
from simcluster.schemes.delivery import Arrival, Delivery

PullMode = Literal["unicast", "multicast", "free"]


class Pull(Protocol):
    """Sends one result to all workers."""

    def send(
        self, channel: Channel, server: Server, workers: Sequence[Worker], message: Message
    ) -> Sequence[Arrival]:
        """Start to send, and return for each worker the event at which its copy has arrived."""


class Unicast:
    """One transfer a worker: they contend for the network."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery

    def send(
        self, channel: Channel, server: Server, workers: Sequence[Worker], message: Message
    ) -> Sequence[Arrival]:
        """Start one transfer for each worker."""
        return [self._delivery.start(channel, server, (worker,), message) for worker in workers]


class Multicast:
    """One transfer serves all workers."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery

    def send(
        self, channel: Channel, server: Server, workers: Sequence[Worker], message: Message
    ) -> Sequence[Arrival]:
        """Start one transfer to all workers."""
        return [self._delivery.start(channel, server, workers, message)] * len(workers)


class Free:
    """No bytes and no latency: the paper's T_tnf = W*M/chi counts one direction only."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env

    def send(
        self, channel: Channel, server: Server, workers: Sequence[Worker], message: Message
    ) -> Sequence[Arrival]:
        """Let everybody have it at once."""
        arrived = self._env.event().succeed()
        return [arrived] * len(workers)


def build(mode: PullMode, env: simpy.Environment, delivery: Delivery) -> Pull:
    """Return the pull of a mode."""
    match mode:
        case "unicast":
            return Unicast(delivery)
        case "multicast":
            return Multicast(delivery)
        case "free":
            return Free(env)
