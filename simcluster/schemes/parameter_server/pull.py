"""How the parameter server sends its result to the workers: the modes of ``training.pull``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import simpy

from simcluster.cluster.channels import Channel
from simcluster.cluster.machines import Server, Worker
from simcluster.protocols import Transfer

PullMode = Literal["unicast", "multicast", "free"]

#: The event at which a worker's copy is there.
Arrival = simpy.Event | Transfer


class Pull(Protocol):
    """Sends one result to all workers."""

    def send(self, channel: Channel, server: Server, workers: Sequence[Worker]) -> Sequence[Arrival]:
        """Start to send, and return for each worker the event at which its copy has arrived."""


class Unicast:
    """One transfer a worker: they contend for the network."""

    def send(self, channel: Channel, server: Server, workers: Sequence[Worker]) -> Sequence[Arrival]:
        """Start one transfer for each worker."""
        return [channel.send(server, (worker,)) for worker in workers]


class Multicast:
    """One transfer serves all workers."""

    def send(self, channel: Channel, server: Server, workers: Sequence[Worker]) -> Sequence[Arrival]:
        """Start one transfer to all workers."""
        return [channel.send(server, workers)] * len(workers)


class Free:
    """No bytes and no latency: the paper's T_tnf = W*M/chi counts one direction only."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env

    def send(self, channel: Channel, server: Server, workers: Sequence[Worker]) -> Sequence[Arrival]:
        """Let everybody have it at once."""
        arrived = self._env.event().succeed()
        return [arrived] * len(workers)


def build(mode: PullMode, env: simpy.Environment) -> Pull:
    """Return the pull of a mode."""
    match mode:
        case "unicast":
            return Unicast()
        case "multicast":
            return Multicast()
        case "free":
            return Free(env)
