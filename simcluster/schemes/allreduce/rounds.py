"""One collective operation of one part: its members, and what they send each other.

The algorithms are written as what one member does (``run(seat)``): it encodes, sends, receives, decodes and adds up.
What one member sends waits for the other if that isn't there yet: nobody needs a partner's permission to send (the
buffers of the receiver are large enough).

What a worker's update waits for is told in the same way by all algorithms: until the last member has joined, it waits
for other workers, because nothing that it does can end the collective before; from then on it pushes as long as
contributions are added up with its help, and pulls from then on until it has the result. Encoding, decoding and adding
up on its engine count as such.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Hashable, Sequence
from typing import Any, Protocol

import simpy

from simcluster.cluster.channels import Channel
from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Worker
from simcluster.cluster.messages import Message, Part, Values
from simcluster.protocols import Transfer
from simcluster.recording import DECODE, ENCODE, PULL, PUSH, WAITING, Follower, words


class Box:
    """What has arrived for a member, in the order of arrival.

    Parameters
    ----------
    env : simpy.Environment
    """

    __slots__ = ("_env", "_letters", "_reader")

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._letters: deque[tuple[int, Message]] = deque()
        self._reader: simpy.Event | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to take."""
        return not self._letters

    def put(self, sender: int, message: Message) -> None:
        """Put in what has arrived now from the member at a place."""
        if self._reader is None:
            self._letters.append((sender, message))
        else:
            reader, self._reader = self._reader, None
            reader.succeed((sender, message))

    def take(self) -> Generator[Any, Any, tuple[int, Message]]:
        """Wait for the next message, and return it with the place of its sender."""
        if self._letters:
            return self._letters.popleft()
        self._reader = self._env.event()
        letter: tuple[int, Message] = yield self._reader
        return letter


class Round:
    """One collective operation of one part.

    Parameters
    ----------
    env : simpy.Environment
    channel : Channel
        What messages travel in.
    workers : sequence of Worker
        The members; a member's place is its place here.
    update : int
        The members' count of their updates.
    part : Part
        What is added up.
    """

    def __init__(
        self, env: simpy.Environment, channel: Channel, workers: Sequence[Worker], update: int, part: Part
    ) -> None:
        self.env = env
        self.channel = channel
        self.workers = workers
        self.update = update
        self.part = part
        #: Those who have joined, by place.
        self.seats: dict[int, Seat] = {}
        self._boxes: dict[tuple[int, Hashable], Box] = {}
        self._left = 0

    @property
    def complete(self) -> bool:
        """Whether all members have joined."""
        return len(self.seats) == len(self.workers)

    @property
    def over(self) -> bool:
        """Whether all members have left."""
        return self._left == len(self.workers)

    def join(self, place: int, follower: Follower, own: Values) -> Seat:
        """Let a member take part from now on.

        Parameters
        ----------
        place : int
        follower : Follower
            Whose update depends on it.
        own : Values
            What it contributes.
        """
        seat = self.seats[place] = Seat(self, place, follower, own)
        if self.complete:
            for each in self.seats.values():
                each.show()
        else:
            seat.show()
        return seat

    def leave(self) -> None:
        """Say that one member is through with it."""
        self._left += 1

    def put(self, place: int, topic: Hashable, sender: int, message: Message) -> None:
        """Give a member what has arrived for it on one topic: messages of different steps don't get mixed up."""
        self._box(place, topic).put(sender, message)

    def take(self, place: int, topic: Hashable) -> Generator[Any, Any, tuple[int, Message]]:
        """Wait for the next message for a member on one topic, and return it with the place of its sender."""
        box = self._box(place, topic)
        letter = yield from box.take()
        if box.empty:
            # A large ring has millions of topics, each of them for one message.
            del self._boxes[place, topic]
        return letter

    def _box(self, place: int, topic: Hashable) -> Box:
        key = place, topic
        box = self._boxes.get(key)
        if box is None:
            box = self._boxes[key] = Box(self.env)
        return box


class Seat:
    """A member's place in a round, and what it can do there.

    Parameters
    ----------
    round : Round
    place : int
    follower : Follower
    own : Values
        What it contributes.

    Attributes
    ----------
    joined : float [s]
        When it took its place.
    """

    __slots__ = ("_base", "_follower", "_shown", "_under_way", "_working", "joined", "own", "place", "round", "worker")

    def __init__(self, round: Round, place: int, follower: Follower, own: Values) -> None:  # noqa: A002
        self.round = round
        self.place = place
        self.worker = round.workers[place]
        self.own = own
        self.joined = round.env.now
        self._follower = follower
        self._base = PUSH
        self._shown: tuple[int, int] | None = None
        self._working = False
        self._under_way: dict[_Passage, None] = {}

    @property
    def update(self) -> int:
        """The member's count of its updates."""
        return self.round.update

    def enter(self, phase: int, cause: int = 0) -> None:
        """Begin another phase now, unless it is the same."""
        if self._shown != (phase, cause):
            self._shown = phase, cause
            self._follower.enter(phase, cause)

    def show(self) -> None:
        """Enter the phase in which the member is while its engine doesn't work for it."""
        if self._working:
            return
        if self.round.complete:
            self.enter(self._base)
        else:
            self.enter(WAITING, words.OTHER_WORKERS)

    def pull(self) -> None:
        """Say that others don't need the member's help any more to add up: it waits for the result."""
        self._base = PULL
        self.show()

    def encode(self, part: Part, values: Values) -> Generator[Any, Any, Message]:
        """Make a message of some values."""
        self._working = True
        message = yield from self.round.channel.encode(self.worker, part, values, self, ENCODE)
        self._working = False
        self.show()
        return message

    def decode(self, message: Message) -> Process:
        """Decode a message."""
        self._working = True
        yield from self.round.channel.decode(self.worker, message, self, DECODE)
        self._working = False
        self.show()

    def absorb(self, message: Message) -> Process:
        """Decode a message, and add it to what the member has; the caller adds the values."""
        self._working = True
        yield from self.round.channel.decode(self.worker, message, self, DECODE)
        yield from self.worker.aggregate(self.round.channel.averaged_size(message.part), self)
        self._working = False
        self.show()

    def send(self, to: int, message: Message, topic: Hashable) -> Transfer:
        """Start to send a message to the member at a place, and return the event at which it has arrived."""
        passage = _Passage(self, to, message, topic)
        self._under_way[passage] = None
        return passage.transfer

    def receive(self, topic: Hashable) -> Generator[Any, Any, Message]:
        """Wait for the next message on a topic."""
        _, message = yield from self.round.take(self.place, topic)
        return message

    def receive_any(self, topic: Hashable) -> Generator[Any, Any, tuple[int, Message]]:
        """Wait for the next message on a topic, whoever sends it, and return it with its sender's place."""
        return self.round.take(self.place, topic)

    def arrived(self, passage: _Passage) -> None:
        """Take note that what was sent has arrived."""
        del self._under_way[passage]

    def leave(self) -> None:
        """Be through with the round; what is still under way, since the member was interrupted, is taken off."""
        for passage in list(self._under_way):
            passage.recall()
        self.round.leave()


class _Passage:
    """A message on its way from one member to another."""

    __slots__ = ("_message", "_receiver", "_seat", "_to", "_topic", "transfer")

    def __init__(self, seat: Seat, to: int, message: Message, topic: Hashable) -> None:
        self._seat = seat
        self._to = to
        self._message = message
        self._topic = topic
        sender = seat.worker
        self._receiver = receiver = seat.round.workers[to]
        sender.send.begin(words.PUSH, seat.update, message.size)
        receiver.receive.begin(words.PULL, seat.update, message.size)
        self.transfer = seat.round.channel.send(sender, (receiver,), message)
        self.transfer.callbacks.append(self._arrive)

    def recall(self) -> None:
        """Take the message off the network."""
        self.transfer.cancel()
        self._end()

    def _arrive(self, _: object) -> None:
        self._end()
        self._seat.round.put(self._to, self._topic, self._seat.place, self._message)

    def _end(self) -> None:
        self._seat.worker.send.end()
        self._receiver.receive.end()
        self._seat.arrived(self)


class Collective(Protocol):
    """How the members of a round get the mean of what they contribute."""

    def run(self, seat: Seat) -> Generator[Any, Any, Values]:
        """Do one member's share, and return the mean; there are two members at least."""


def bundle(messages: Sequence[Message]) -> Message:
    """Return messages of stretches that follow each other as one, which is sent on as they are: not encoded again."""
    if len(messages) == 1:
        return messages[0]
    first, *others = messages
    size = math.fsum(message.part.size for message in messages)
    part = Part(first.part.start, size, first.part.priority)
    values = first.values.join(message.values for message in others)
    return Message(part, math.fsum(message.size for message in messages), values)
