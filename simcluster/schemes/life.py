"""A worker's life, the same in all schemes that compute and exchange by turns: compute, exchange, begin again.

A scheme says what an exchange is. Here is when it takes place: after computing (:class:`Sequential`), or part by part
while the worker still computes, and while it computes the next update already (:class:`Overlapped`); see ``plan``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from itertools import count
from typing import Any, Protocol

import simpy

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Worker
from simcluster.cluster.messages import Part
from simcluster.recording import Contribution, Piece, UpdateRow, words
from simcluster.schemes.crew import Crew
from simcluster.schemes.options import SchemeOptions
from simcluster.schemes.plan import Plan
from simcluster.schemes.seams import Cluster, Progress
from simcluster.schemes.taking_over import AtOnce, TakingOver


class Exchange(Protocol):
    """What a scheme does with a part that a worker has computed."""

    def exchange(self, worker: Worker, update: int, part: Part, follower: Contribution) -> Process:
        """Contribute a part, and return when the worker has what it needs of it for its next update.

        Parameters
        ----------
        worker : Worker
        update : int
            The worker's own count.
        part : Part
        follower : Contribution
            Is told the phases.
        """


#: Is told when a worker is about to begin its first update.
Ready = Callable[[Worker], None]


def _nothing(worker: Worker) -> None:
    """Tell nobody."""


class Life(Protocol):
    """Lives the lives of workers."""

    def train(self, worker: Worker) -> Process:
        """Live a worker's life, until the last update or an interrupt."""


class Course:
    """The frame of workers' lives: which updates they go through, and what comes before the first and after the last.

    Parameters
    ----------
    cluster : Cluster
    progress : Progress
    ready : callable
        Is told when a worker is about to begin its first update.
    """

    def __init__(self, cluster: Cluster, progress: Progress, ready: Ready) -> None:
        self._cluster = cluster
        self._progress = progress
        self._ready = ready
        #: The last update that each worker has begun, by its own count.
        self._begun: dict[int, int] = {}

    def prepare(self, worker: Worker) -> Process:
        """Do what comes before the first update; of a training that goes on after a pause, it is behind it."""
        if not self._cluster.version and worker.index not in self._begun:
            yield from self._cluster.push.prepare(worker)
        self._ready(worker)

    def updates(self, worker: Worker) -> Iterator[int]:
        """Yield the updates of a worker as it begins them: from the first, or from where it was interrupted."""
        for update in count(self._begun.get(worker.index, self._cluster.version) + 1):
            self._begun[worker.index] = update
            self._progress.begin(update)
            yield update

    def finish(self, worker: Worker) -> Process:
        """Do what comes after the last update; before a pause that is nothing."""
        worker.compute_lane.enter(words.WAIT, cause=words.FINISHED)
        if not self._progress.paused:
            yield from self._cluster.pull.finish(worker)


class Sequential:
    """Compute, then exchange everything at once.

    Parameters
    ----------
    options : SchemeOptions
    cluster : Cluster
    progress : Progress
    exchange : Exchange
    part : Part
        All parameters.
    ready : callable
        Is told when a worker is about to begin its first update.
    """

    def __init__(
        self, options: SchemeOptions, cluster: Cluster, progress: Progress, exchange: Exchange, part: Part,
        ready: Ready = _nothing,
    ) -> None:
        self._iterations = options.local_iterations
        self._cluster = cluster
        self._progress = progress
        self._exchange = exchange
        self._part = part
        self._course = Course(cluster, progress, ready)

    def train(self, worker: Worker) -> Process:
        """Live a worker's life, until the last update or an interrupt."""
        cluster, progress, course = self._cluster, self._progress, self._course
        replica = cluster.learner.replica(worker.index)
        with suppress(simpy.Interrupt):
            yield from course.prepare(worker)
            for update in course.updates(worker):
                row = cluster.journal.open(worker.index, update, worker.compute_lane)
                replica.begin()
                yield worker.compute(self._iterations)
                replica.compute(self._iterations)
                yield from self._exchange.exchange(worker, update, self._part, row)
                cluster.journal.close(row)
                if update >= progress.last:
                    break
            yield from course.finish(worker)


class Overlapped:
    """Exchange each part as soon as it is computed, and compute on as soon as the parts that are needed are back.

    A row of an update lasts until the worker begins to compute the next one.

    Parameters
    ----------
    options : SchemeOptions
    cluster : Cluster
    progress : Progress
    exchange : Exchange
    plan : Plan
    crew : Crew
    ready : callable
        Is told when a worker is about to begin its first update.
    taking_over : TakingOver
        Holds what is applied one update late.
    """

    def __init__(
        self, options: SchemeOptions, cluster: Cluster, progress: Progress, exchange: Exchange, plan: Plan, crew: Crew,
        ready: Ready, taking_over: TakingOver,
    ) -> None:
        self._iterations = options.local_iterations
        #: How many updates later a result is applied.
        self._delay = 1 if options.double_buffering else 0
        self._cluster = cluster
        self._progress = progress
        self._exchange = exchange
        self._plan = plan
        self._crew = crew
        self._course = Course(cluster, progress, ready)
        self._taking_over = taking_over

    def train(self, worker: Worker) -> Process:
        """Live a worker's life, until the last update or an interrupt."""
        cluster, progress, course = self._cluster, self._progress, self._course
        #: What is under way, of the oldest update first.
        pending: deque[_Results] = deque()
        arrived = _Results(0)
        with suppress(simpy.Interrupt):
            yield from course.prepare(worker)
            for update in course.updates(worker):
                row = cluster.journal.open(worker.index, update, worker.compute_lane)
                results = _Results(update)
                pending.append(results)
                yield from self._compute(worker, row, arrived, results)
                if update < progress.last and len(pending) > self._delay:
                    arrived = pending.popleft()
                    # What is a whole update late has had its time: the next minibatch begins on all of it.
                    yield from arrived.wait(row, arrived.open if self._delay else self._plan.forward[0].parts)
                    self._taking_over.release(worker.index, arrived.update)
                # Which update is the last one may have turned out meanwhile.
                last = update >= progress.last
                if last:
                    for late in (arrived, *pending):
                        yield from late.wait(row, late.open)
                        self._taking_over.release(worker.index, late.update)
                cluster.journal.close(row, min(update - 1 - cluster.version, self._delay))
                if last:
                    break
            yield from course.finish(worker)

    def _compute(self, worker: Worker, row: UpdateRow, arrived: _Results, results: _Results) -> Process:
        """Compute all minibatches of an update, and begin to exchange each part as soon as it is ready."""
        replica, device, plan = self._cluster.learner.replica(worker.index), worker.device, self._plan
        each = worker.duration(self._iterations) / self._iterations
        for step in plan.forward:
            if (yield from arrived.wait(row, step.parts)):
                row.resume()
            yield device.compute(each * step.share)
        # What is learned costs no time: the gradient is there for the first part that needs it.
        replica.begin()
        replica.compute(self._iterations)
        if self._iterations > 1:
            yield device.compute(each * (self._iterations - 1))
        for step in plan.backward:
            if step.share:
                yield device.compute(each * step.share)
            for number in step.parts:
                piece = Piece(row.step)
                exchange = self._exchange.exchange(worker, row.step, plan.parts[number], piece)
                results.add(number, self._crew.begin(worker.index, exchange), piece)


class _Results:
    """The parts of one update that a worker has contributed, and that come back."""

    def __init__(self, update: int) -> None:
        self.update = update
        self._parts: dict[int, tuple[simpy.Event, Piece]] = {}

    def add(self, number: int, event: simpy.Event, piece: Piece) -> None:
        """Take note of an exchange that has begun."""
        self._parts[number] = (event, piece)

    @property
    def open(self) -> tuple[int, ...]:
        """The parts that nobody has waited for."""
        return tuple(self._parts)

    def wait(self, row: UpdateRow, numbers: tuple[int, ...]) -> Generator[Any, Any, bool]:
        """Wait for some parts, charge the row with what keeps them, and return whether any had to be waited for."""
        waited = False
        for number in numbers:
            event, piece = self._parts.pop(number, (None, None))
            if event is None or piece is None or event.processed:
                continue
            waited = True
            piece.watch(row)
            yield event
            piece.leave()
        return waited


def live(
    options: SchemeOptions, cluster: Cluster, progress: Progress, exchange: Exchange, plan: Plan, crew: Crew,
    ready: Ready = _nothing, taking_over: TakingOver | None = None,
) -> Life:
    """Return the life that a plan needs."""
    if plan.is_single and options.overlap == "none" and not options.double_buffering:
        return Sequential(options, cluster, progress, exchange, plan.parts[0], ready)
    return Overlapped(options, cluster, progress, exchange, plan, crew, ready, taking_over or AtOnce())
