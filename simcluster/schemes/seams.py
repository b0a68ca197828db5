"""What a scheme gets, and what it gives: the seam between schemes and whoever builds a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

import simpy

from simcluster.cluster.channels import Channel
from simcluster.cluster.machines import Server, Worker
from simcluster.learning.seams import Learner
from simcluster.recording import Journal
from simcluster.schemes.plan import ModelShape


class StopRule(Protocol):
    """Says when the training is over."""

    #: The last update, if that is known from the start; else infinite.
    last: float

    def after(self, update: int) -> bool:
        """Say whether ``update``, which has just been applied, was the last one."""


class UpdateLimit:
    """Stops after a number of updates.

    Parameters
    ----------
    updates : int
    """

    def __init__(self, updates: int) -> None:
        self.last: float = updates

    def after(self, update: int) -> bool:
        """Say whether ``update`` was the last one."""
        return update >= self.last


class Supervision(Protocol):
    """Whoever may interrupt a training."""

    def wants_pause(self, version: int) -> bool:
        """Take note of an update that has just been applied, and say whether the training shall pause after it."""


class Unsupervised:
    """Nobody ever interrupts."""

    def wants_pause(self, version: int) -> bool:
        """Say no."""
        return False


@dataclass(frozen=True)
class Cluster:
    """What a scheme orchestrates: who is in, the channels between them, what they learn, and when to stop.

    Workers send through ``push``, to servers and to each other; servers through ``pull``.
    """

    env: simpy.Environment
    workers: Sequence[Worker]
    servers: Sequence[Server]
    push: Channel
    pull: Channel
    model: ModelShape
    learner: Learner
    stop: StopRule
    journal: Journal
    #: The scenario's seed, for schemes that draw.
    seed: int
    supervision: Supervision = field(default_factory=Unsupervised)
    #: Updates that were applied before: the training goes on from there.
    version: int = 0


class Progress:
    """What has been applied so far, and which update is the last one.

    Parameters
    ----------
    cluster : Cluster
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        #: Number of updates that have been applied.
        self.version = cluster.version
        #: Whether the last update is only the last one before a pause.
        self.paused = False
        #: The highest update that any worker has begun.
        self.begun = cluster.version
        #: The last update that workers begin; infinite as long as nobody knows.
        self.last: float = cluster.stop.last
        #: Succeeds when the last update has been applied.
        self.over = cluster.env.event()

    def begin(self, update: int) -> None:
        """Say that a worker begins an update."""
        if update > self.begun:
            self.begun = update

    def applied(self) -> int:
        """Say that one more update has been applied, and return its number.

        If the rule stops the training here, the updates that somebody has begun meanwhile are the last ones: everybody
        finishes them, so that nobody waits for a worker that has gone home.
        """
        self.version += 1
        cluster = self._cluster
        cluster.learner.applied(self.version)
        if self.last == inf and cluster.stop.after(self.version):
            self.last = max(self.version, self.begun)
        if cluster.supervision.wants_pause(self.version) and max(self.version, self.begun) < self.last:
            self.last, self.paused = max(self.version, self.begun), True
        cluster.journal.progress(self.version)
        if self.version == self.last:
            self.over.succeed()
        return self.version


class Scheme(Protocol):
    """How workers cooperate."""

    def start(self) -> simpy.Event:
        """Start all processes, and return the event at which the training is over."""


class DisturbableScheme(Scheme, Protocol):
    """A scheme that can be stopped in the middle, as a crash does."""

    progress: Progress

    def dismiss(self) -> None:
        """Stop all processes, wherever they are; what they were at is lost."""

    def lose(self, worker: Worker) -> None:
        """Go on without a worker that has crashed; only schemes whose options say ``goes_on`` can."""

    def regain(self, worker: Worker) -> None:
        """Take a worker in again; only schemes whose options say ``goes_on`` can."""
