"""Messages between peers: one sends when it is ready, the other takes the message when it is ready.

Assumed: what arrives before its receiver asks for it waits in a buffer; a sender never waits for that.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable
from typing import Any

import simpy

from simcluster.cluster.channels import Channel
from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Worker
from simcluster.cluster.messages import Message
from simcluster.recording import PULL, PUSH, WAITING, Contribution, Follower, words
from simcluster.schemes.delivery import Delivery


class _Letter:
    """One message that somebody sends, and somebody expects; either may come first."""

    __slots__ = ("_follower", "_moving", "arrived")

    def __init__(self, env: simpy.Environment) -> None:
        #: Succeeds with the message.
        self.arrived = env.event()
        self._moving = False
        self._follower: Follower | None = None

    def set_out(self) -> None:
        """Say that it is on its way."""
        self._moving = True
        if self._follower is not None:
            self._follower.enter(PULL)

    def expect(self, follower: Follower, cause: int) -> None:
        """Tell somebody what he waits for."""
        self._follower = follower
        if self._moving:
            follower.enter(PULL)
        else:
            follower.enter(WAITING, cause)


class Letters:
    """All messages that are on their way, or expected.

    Parameters
    ----------
    env : simpy.Environment
    channel : Channel
    delivery : Delivery
    """

    def __init__(self, env: simpy.Environment, channel: Channel, delivery: Delivery) -> None:
        self._env = env
        self._channel = channel
        self._delivery = delivery
        self._known: dict[Hashable, _Letter] = {}

    def send(
        self, sender: Worker, receiver: Worker, key: Hashable, message: Message, follower: Contribution
    ) -> Process:
        """Send a message, and return when it has arrived.

        Parameters
        ----------
        sender, receiver : Worker
        key : hashable
            Which of all messages it is; sender and receiver agree on that.
        message : Message
        follower : Contribution
            Whoever waits until it is sent.
        """
        letter = self._letter(key)
        letter.set_out()
        update = follower.update
        follower.enter(PUSH)
        sending = sender.send.during(words.PUSH, update, message.size)
        with sending, receiver.receive.during(words.PULL, update, message.size):
            yield from self._delivery.send(self._channel, sender, (receiver,), message, follower)
        letter.arrived.succeed(message)

    def take(self, key: Hashable, follower: Follower, cause: int) -> Generator[Any, Any, Message]:
        """Wait for a message, and return it.

        Parameters
        ----------
        key : hashable
        follower : Follower
            Whoever waits for it.
        cause : int
            What he waits for as long as it isn't on its way: a word.
        """
        letter = self._letter(key)
        letter.expect(follower, cause)
        message: Message = yield letter.arrived
        del self._known[key]
        return message

    def _letter(self, key: Hashable) -> _Letter:
        """Return a letter, which begins when somebody first asks for it."""
        if key not in self._known:
            self._known[key] = _Letter(self._env)
        return self._known[key]
