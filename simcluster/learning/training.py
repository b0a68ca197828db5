"""The learner that really trains: replicas of workers, global parameters, coders, and evaluations on the way.

What is evaluated are the server's parameters or, where there is no server, the mean of the workers'. The consensus
distance is the root of the mean squared distance of the workers' parameters from their mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Protocol

import numpy as np

from simcluster.cluster.messages import Coder, PlainCoder
from simcluster.codecs.protocol import Codec
from simcluster.learning.checkpoints import Checkpoint, Holder, resume
from simcluster.learning.coding import CodecCoder
from simcluster.learning.history import MEAN, SERVER, History
from simcluster.learning.layout import Layout
from simcluster.learning.options import LearningOptions
from simcluster.learning.replica import WorkerReplica
from simcluster.learning.sgd import Sgd
from simcluster.learning.store import GlobalParameters
from simcluster.learning.tasks import Evaluation, Task
from simcluster.learning.vector import Array


class Clock(Protocol):
    """Whoever knows the simulated time."""

    @property
    def now(self) -> float:
        """Simulated time [s]."""


class TrainingLearner:
    """Learns a task.

    Parameters
    ----------
    options : LearningOptions
    task : Task
    layout : Layout
    codecs : mapping of str to Codec
        The codec of each direction, ``push`` and ``pull``, in which there is one.
    local_steps : bool
        Whether workers exchange parameters, after local steps, or gradients.
    shared : bool
        Whether all workers are meant to have the same parameters, as those who gossip are not.
    clock : Clock
    seed : int
    """

    def __init__(
        self, options: LearningOptions, task: Task, layout: Layout, codecs: Mapping[str, Codec], *,
        local_steps: bool, shared: bool, clock: Clock, seed: int,
    ) -> None:
        self._options = options
        self._task = task
        self._layout = layout
        self._codecs = codecs
        self._local_steps = local_steps
        self._shared = shared
        self._clock = clock
        self._seed = seed
        self._initial = task.initial()
        self._replicas: dict[int, WorkerReplica] = {}
        self._store: GlobalParameters | None = None
        self._checkpoint = Checkpoint(0, {-1: GlobalParameters(layout, self._initial, self._optimiser())})
        self._due = 0
        self._last = 0
        self._evaluated = -1
        self._goal = options.goal
        self.history = History(options.coupling, "" if self._goal is None else str(self._goal))
        #: Whether a condition of ``stop_when`` holds; one who may stop does so, too, when the training has diverged.
        self.over = False

    def replica(self, worker: int) -> WorkerReplica:
        """Return the replica of a worker."""
        if worker not in self._replicas:
            self._replicas[worker] = WorkerReplica(
                self._layout, self._initial, self._task.source(worker), self._optimiser(), self._local_steps,
                self._diverge,
            )
        return self._replicas[worker]

    def store(self) -> GlobalParameters:
        """Return the global parameters of a parameter server."""
        if self._store is None:
            self._store = GlobalParameters(self._layout, self._initial, self._optimiser())
        return self._store

    def coder(self, direction: str, size_of: Callable[[float], float]) -> Coder:
        """Return what makes messages of values; see :class:`simcluster.learning.seams.Learner`."""
        if direction not in self._codecs:
            return PlainCoder(size_of)
        return CodecCoder(
            self._codecs[direction],
            self._layout,
            self._initial,
            direction=direction,
            own_bytes=self._options.coupling == "own",
            feedback=self._options.error_feedback,
            seed=self._seed,
            size_of=size_of,
        )

    def applied(self, update: int) -> None:
        """Say that an update is in the global parameters (or in a worker's, where nobody holds global ones)."""
        if self._evaluated < 0:
            self._note(0, 0.0, self._row(0, 0.0, self._whose, self._initial, 0.0))
        self._last = update
        if update >= self._due:
            self._evaluate(update)
        self.over = self.over or any(one.met(time=self._clock.now) for one in self._options.stop_when)

    @property
    def may_stop(self) -> bool:
        """Whether the training may end before its last update."""
        return bool(self._options.stop_when)

    def save(self) -> Callable[[], None]:
        """Copy everything as it is now, and return what makes this copy the last checkpoint, once it is written."""
        copy = Checkpoint(self._last, self._holders())

        def keep() -> None:
            self._checkpoint = copy

        return keep

    def restore(self) -> None:
        """Go back to the last checkpoint, or to the start."""
        self._checkpoint.restore(self._holders())
        self._last = self._evaluated = self._checkpoint.update
        self._due = self._next_after(self._last)

    def resume(self, workers: Sequence[int]) -> None:
        """Give workers that begin again, after a crash or a pause, the parameters as they are now."""
        again = [self.replica(worker) for worker in workers]
        if self._store is None:
            resume(self._replicas, workers, shared=self._shared)
            return
        for replica in again:
            replica.values[...] = self._store.values

    def _holders(self) -> dict[int, Holder]:
        """Return everybody who has parameters, the server first."""
        holders: dict[int, Holder] = {} if self._store is None else {-1: self._store}
        return holders | self._replicas

    def _next_after(self, update: int) -> int:
        every = self._options.evaluate_every
        return update - update % every + every

    def finish(self) -> None:
        """Evaluate what the training ended with, if the last evaluation was before."""
        if self._evaluated < self._last:
            self._evaluate(self._last)

    def _optimiser(self) -> Sgd:
        return Sgd(self._options.optimiser, self._layout.size)

    def _diverge(self) -> None:
        self.history.diverged = self.over = True

    @property
    def _whose(self) -> int:
        """Whose parameters are the global ones."""
        return MEAN if self._store is None else SERVER

    def _evaluate(self, update: int) -> None:
        """Keep a row about the global parameters, and one about each worker's if they are wanted."""
        now, mean = self._clock.now, self._mean()
        distances = [float(np.linalg.norm(replica.values - mean)) for replica in self._ordered()]
        parameters = mean if self._store is None else self._store.values
        spread = float(np.sqrt(np.mean(np.square(distances))))
        found = self._row(update, now, self._whose, parameters, spread)
        if self._options.every_worker:
            for worker, (replica, apart) in enumerate(zip(self._ordered(), distances, strict=True)):
                self._row(update, now, worker, replica.values, apart)
        self._note(update, now, found)

    def _row(self, update: int, time: float, entity: int, parameters: Array, distance: float) -> Evaluation:
        with np.errstate(all="ignore"):
            found = self._task.evaluate(parameters)
        row = (time, update, entity, found.loss, found.accuracy, found.gradient_norm, distance)
        self.history.rows.extend(row)
        return found

    def _note(self, update: int, time: float, found: Evaluation) -> None:
        """See whether an evaluation meets the goal, or ends the training."""
        history = self.history
        self._evaluated, self._due = update, self._next_after(update)
        reached = self._goal is not None and self._goal.met(loss=found.loss, accuracy=found.accuracy)
        if reached and history.reached_s is None:
            history.reached_s, history.reached_update = time, update
        goals = self._options.stop_when
        self.over = self.over or any(one.met(loss=found.loss, accuracy=found.accuracy) for one in goals)

    def _ordered(self) -> list[WorkerReplica]:
        return [replica for _, replica in sorted(self._replicas.items())]

    def _mean(self) -> Array:
        """Return the mean of the workers' parameters."""
        total = np.zeros(self._layout.size)
        for replica in self._ordered():
            total += replica.values
        return total / len(self._replicas)


class StopWhen:
    """The stop rule of a run that learns: its conditions, or the last update that was asked for.

    Parameters
    ----------
    learner : TrainingLearner
    updates : int
    """

    def __init__(self, learner: TrainingLearner, updates: int) -> None:
        self._learner = learner
        self._updates = updates
        #: The last update, if nothing can end the training before; else infinite.
        self.last: float = inf if learner.may_stop else updates

    def after(self, update: int) -> bool:
        """Say whether ``update`` was the last one."""
        return update >= self._updates or self._learner.over
