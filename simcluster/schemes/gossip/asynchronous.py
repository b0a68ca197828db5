"""The gossip threads of AD-PSGD: what goes on beside the computing of each learner.

A learner is a worker, or several that act as one (see ``h_adpsgd``). It has one model, on its first worker's machine,
and one gossip thread, which does one thing at a time: it applies a gradient that was handed over; if it is active it
asks a partner to average, if it is passive it answers who asks, first come, first served.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import simpy

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Worker
from simcluster.cluster.messages import Message, Part, Values
from simcluster.recording import DECODE, ENCODE, PULL, PUSH, WAITING, Follower, Nobody, Piece, words
from simcluster.schemes.delivery import carry
from simcluster.schemes.seams import Cluster, Progress


@dataclass(frozen=True, slots=True)
class Gradient:
    """What a learner has computed, and its gossip thread is to apply.

    Parameters
    ----------
    step : int
        The learner's own count.
    version : int
        Updates of all learners that had been applied when the model was copied that it was computed on.
    values : Values
    """

    step: int
    version: int
    values: Values


@dataclass(frozen=True, slots=True)
class _Question:
    """A model that has arrived at a passive learner, and waits for its answer."""

    asker: Learner
    message: Message
    #: Succeeds with the answer, when it has arrived.
    answered: simpy.Event


class Learner:
    """A model, who computes on it, and what its gossip thread knows.

    Parameters
    ----------
    env : simpy.Environment
    number : int
        Its place in the graph.
    members : sequence of Worker
        Who compute gradients; the model is on the first one's machine.
    """

    def __init__(self, env: simpy.Environment, number: int, members: Sequence[Worker]) -> None:
        self._env = env
        self.number = number
        self.members = members
        self.worker = members[0]
        #: What the gossip thread is doing.
        self.piece = Piece(0)
        #: The gradient that it hasn't taken yet.
        self.handed: Gradient | None = None
        #: Whether a gradient was applied since the last averaging.
        self.renewed = False
        self.questions: deque[_Question] = deque()
        self._sleep: simpy.Event | None = None
        self._taken: simpy.Event | None = None

    @property
    def sleeps(self) -> bool:
        """Whether the gossip thread has nothing to do."""
        return self._sleep is not None

    def sleep(self) -> simpy.Event:
        """Return the event at which there is something to do for the gossip thread."""
        self._sleep = self._env.event()
        return self._sleep

    def wake(self) -> None:
        """Wake the gossip thread, if it sleeps."""
        if self._sleep is not None:
            self._sleep.succeed()
            self._sleep = None

    def free(self, follower: Follower) -> Process:
        """Wait until the gossip thread can take another gradient; the follower is told what it is doing meanwhile."""
        if self.handed is not None:
            self._taken = self._env.event()
            self.piece.watch(follower)
            yield self._taken
            self.piece.leave()

    def take(self) -> Gradient | None:
        """Return the gradient that was handed over, if there is one, and make room for the next."""
        gradient, self.handed = self.handed, None
        if self._taken is not None:
            self._taken.succeed()
            self._taken = None
        return gradient


class Gossip:
    """The gossip threads.

    Parameters
    ----------
    cluster : Cluster
    progress : Progress
    part : Part
        All parameters.
    paced : bool
        Whether an active learner averages once for each gradient that it applies; else it does so all the time.
    """

    def __init__(self, cluster: Cluster, progress: Progress, part: Part, paced: bool) -> None:
        self._cluster = cluster
        self._progress = progress
        self._part = part
        self._paced = paced

    def hand_over(self, learner: Learner, gradient: Gradient) -> None:
        """Give a gradient to a gossip thread that is free; one that sleeps applies it at once."""
        learner.handed = gradient
        if learner.sleeps:
            self._apply(learner)
            learner.wake()

    def ask(self, learner: Learner, partners: Iterator[Learner]) -> Process:
        """Live the life of an active gossip thread: average with one partner after the other."""
        env = self._cluster.env
        began = -1.0
        while True:
            self._apply(learner)
            # Where messages take no time, averaging all the time would be averaging for ever.
            while not learner.renewed and (self._paced or env.now == began):
                yield learner.sleep()
            began, learner.renewed = env.now, False
            yield from self._average(learner, next(partners))

    def answer(self, learner: Learner) -> Process:
        """Live the life of a passive gossip thread: answer one question after the other."""
        while True:
            self._apply(learner)
            if learner.questions:
                yield from self._reply(learner, learner.questions.popleft())
            else:
                yield learner.sleep()

    def _apply(self, learner: Learner) -> None:
        """Apply the gradient that was handed over, if there is one, unless the training is over."""
        cluster, progress = self._cluster, self._progress
        if progress.over.triggered or (gradient := learner.take()) is None:
            return
        cluster.learner.replica(learner.worker.index).incoming(self._part, gradient.values)
        learner.renewed, learner.piece.update = True, gradient.step
        staleness = progress.version - gradient.version
        update = progress.applied()
        for member in learner.members:
            cluster.journal.apply(member.index, gradient.step, update, staleness)

    def _average(self, learner: Learner, partner: Learner) -> Process:
        """Send the model to a partner, wait for the partner's, and average with what the own one is by then."""
        message = yield from self._send(learner, partner, Nobody())
        question = _Question(learner, message, self._cluster.env.event())
        partner.questions.append(question)
        partner.wake()
        learner.piece.enter(WAITING, words.NEIGHBOURS)
        reply = yield question.answered
        yield from self._take_in(learner, reply)
        self._blend(learner, reply)

    def _reply(self, learner: Learner, question: _Question) -> Process:
        """Answer somebody's model with the own one, and average with it."""
        yield from self._take_in(learner, question.message)
        reply = yield from self._send(learner, question.asker, question.asker.piece)
        question.answered.succeed(reply)
        self._blend(learner, question.message)

    def _send(self, learner: Learner, other: Learner, expecting: Follower) -> Generator[Any, Any, Message]:
        """Send the model as it is now to another learner, and return the message when it has arrived."""
        push, source, destination = self._cluster.push, learner.worker, other.worker
        values = self._cluster.learner.replica(source.index).parameters(self._part)
        message = yield from push.encode(source, self._part, values, learner.piece, ENCODE, destination.name)
        learner.piece.enter(PUSH)
        expecting.enter(PULL)
        source.send.begin(words.PUSH, learner.piece.update, message.size)
        destination.receive.begin(words.PULL, learner.piece.update, message.size)
        try:
            yield from carry(push.send(source, (destination,), message))
        finally:
            source.send.end()
            destination.receive.end()
        return message

    def _take_in(self, learner: Learner, message: Message) -> Process:
        """Decode a model that has arrived, and do what averaging costs."""
        push, worker = self._cluster.push, learner.worker
        yield from push.decode(worker, message, learner.piece, DECODE)
        yield from worker.aggregate(push.averaged_size(message.part), learner.piece)

    def _blend(self, learner: Learner, message: Message) -> None:
        """Average the model as it is now with one that has arrived."""
        self._cluster.learner.replica(learner.worker.index).blend(self._part, message.values, 0.5)
