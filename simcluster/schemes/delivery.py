"""How messages get their turn on the connections between machines.

A connection from one machine to another carries one message at a time: the next one is the oldest that waits, or the
one of the lowest priority number. Connections to different machines share the network as it sees fit. Where everything
is exchanged in one message, nobody ever waits for a turn.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Protocol

import simpy

from simcluster.cluster.channels import Channel, Machine
from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Worker
from simcluster.cluster.messages import Message
from simcluster.protocols import Transfer
from simcluster.recording import PULL, PUSH, WAITING, Follower, words
from simcluster.schemes.crew import Crew
from simcluster.schemes.plan import Plan

#: The event at which a message has arrived.
Arrival = simpy.Event | Transfer


class Delivery(Protocol):
    """Sends messages when it is their turn."""

    def send(
        self, channel: Channel, source: Machine, destinations: Sequence[Machine], message: Message, follower: Follower
    ) -> Process:
        """Send a message when it is its turn, and return when it has arrived."""

    def start(self, channel: Channel, source: Machine, destinations: Sequence[Machine], message: Message) -> Arrival:
        """Begin to send a message, at once or when it is its turn, and return the event at which it has arrived."""

    def dismiss(self) -> None:
        """Let nobody who waits begin to send any more: the training is interrupted."""


class AtOnce:
    """Sends every message at once."""

    def send(
        self, channel: Channel, source: Machine, destinations: Sequence[Machine], message: Message, follower: Follower
    ) -> Process:
        """Send a message, and return when it has arrived."""
        return carry(channel.send(source, destinations, message))

    def start(self, channel: Channel, source: Machine, destinations: Sequence[Machine], message: Message) -> Arrival:
        """Begin to send a message, and return the event at which it has arrived."""
        return channel.send(source, destinations, message)

    def dismiss(self) -> None:
        """Do nothing: nobody waits."""


class InTurns:
    """Sends one message at a time over each connection.

    Parameters
    ----------
    env : simpy.Environment
    """

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._connections: dict[tuple[str, str], simpy.PriorityResource] = {}
        #: Those who send on behalf of nobody who could be dismissed.
        self._crew = Crew(env)

    def send(
        self, channel: Channel, source: Machine, destinations: Sequence[Machine], message: Message, follower: Follower
    ) -> Process:
        """Send a message when it is its turn, and return when it has arrived."""
        follower.enter(WAITING, words.TURN)
        with self._connection(source, destinations).request(message.part.priority) as turn:
            yield turn
            follower.enter(PUSH if isinstance(source, Worker) else PULL)
            yield from carry(channel.send(source, destinations, message))

    def start(self, channel: Channel, source: Machine, destinations: Sequence[Machine], message: Message) -> Arrival:
        """Begin to send a message when it is its turn, and return the event at which it has arrived."""
        return self._crew.begin(0, self._send(channel, source, destinations, message))

    def dismiss(self) -> None:
        """Let nobody who waits begin to send any more."""
        self._crew.dismiss_all("stopped")

    def _send(
        self, channel: Channel, source: Machine, destinations: Sequence[Machine], message: Message
    ) -> Generator[Any, Any, None]:
        with self._connection(source, destinations).request(message.part.priority) as turn:
            yield turn
            yield from carry(channel.send(source, destinations, message))

    def _connection(self, source: Machine, destinations: Sequence[Machine]) -> simpy.PriorityResource:
        """Return the connection to the first destination; a multicast uses one of its own."""
        key = source.name, destinations[0].name if len(destinations) == 1 else "*"
        if key not in self._connections:
            self._connections[key] = simpy.PriorityResource(self._env)
        return self._connections[key]


def build(plan: Plan, env: simpy.Environment) -> Delivery:
    """Return the delivery that a plan needs: only who sends several parts may have to wait for a turn."""
    return AtOnce() if plan.is_single else InTurns(env)


def carry(transfer: Transfer) -> Process:
    """Wait for a transfer; who is interrupted meanwhile takes it off the network."""
    try:
        yield transfer
    except BaseException:
        transfer.cancel()
        raise
