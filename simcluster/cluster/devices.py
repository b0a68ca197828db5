"""The devices of workers: what computes minibatches, and codecs too if the scenario lets them run there.

- :class:`DedicatedDevice` only computes: nothing ever slows it down.
- :class:`VariableDevice` only computes, and may be slow for a while.
- :class:`FairDevice` divides its capacity equally among all that it does at a time, as a GPU does with kernels of
  several streams: two pieces of work that overlap take twice as long while they do.
- :class:`SerialDevice` does one piece of work at a time, first come, first served.

What codecs do on a device is shown on the worker's lane ``codec``.

Left out: kernels that leave part of the device idle, so that two of them cost less than their sum.
"""

from __future__ import annotations

from itertools import count
from typing import Any, Protocol

import simpy
from simpy.events import Initialize

from simcluster.cluster.cores import Process
from simcluster.cluster.traffic import CountingLane
from simcluster.network.wake import Alarm
from simcluster.protocols import Recorder
from simcluster.recording import WAITING, Follower, words
from simcluster.sharing import ProcessorSharing


class Device(Protocol):
    """Computes minibatches."""

    def compute(self, duration: float) -> simpy.Event:
        """Return the event at which a computation is done that takes ``duration`` [s] of the whole device."""

    def change_speed(self, factor: float) -> None:
        """Go on at a multiple of the normal speed, above 0."""

    def clear(self) -> None:
        """Drop what it computes: nobody waits for it any more. Who does a codec's work on it lets go of it himself."""


class DedicatedDevice:
    """A device that does nothing but compute.

    Parameters
    ----------
    env : simpy.Environment
    """

    __slots__ = ("_env",)

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env

    def compute(self, duration: float) -> simpy.Event:
        """Return the event at which a computation is done that takes ``duration`` [s]."""
        return self._env.timeout(duration)

    def change_speed(self, factor: float) -> None:
        """Refuse: whoever lets a worker be slow gives it a :class:`VariableDevice`.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError("the speed of a dedicated device can't change")

    def clear(self) -> None:
        """Do nothing: what nobody waits for keeps nobody else waiting."""


class _Job(simpy.Event):
    """A piece of work on a shared device."""

    def __init__(self, env: simpy.Environment, size: float, rank: int) -> None:
        super().__init__(env)
        self.size = size
        self.weight = 1.0
        self.rank = rank
        self.tag = 0.0
        self.clock: Any = None


class VariableDevice:
    """A device whose speed may change while it computes.

    Parameters
    ----------
    env : simpy.Environment
    """

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._clock: ProcessorSharing[_Job] = ProcessorSharing(1.0)
        #: What is computed, but for codecs' work: a dictionary, for the order in which it began.
        self._computing: dict[_Job, None] = {}
        self._alarm = Alarm(env, self._ring)
        self._ranks = count()

    def compute(self, duration: float) -> simpy.Event:
        """Return the event at which a computation is done that takes ``duration`` [s] of the whole device."""
        job = self._begin(duration)
        if not job.triggered:
            self._computing[job] = None
        return job

    def change_speed(self, factor: float) -> None:
        """Go on at a multiple of the normal speed, above 0."""
        self._clock.change_capacity(factor, self._env.now)
        self._alarm.set(self._env.now, self._clock.delay())

    def clear(self) -> None:
        """Drop what it computes: nobody waits for it any more."""
        for job in list(self._computing):
            self._drop(job)

    def _begin(self, duration: float) -> _Job:
        """Begin a piece of work, and return the event at which it is done."""
        job = _Job(self._env, duration, next(self._ranks))
        if not duration:
            job.succeed()
            return job
        self._clock.admit(job, self._env.now)
        self._alarm.set(self._env.now, self._clock.delay())
        return job

    def _drop(self, job: _Job) -> None:
        """Take a piece of work off the device, unless it is done; what is left of others is done sooner."""
        self._computing.pop(job, None)
        if not job.triggered:
            self._clock.cancel(job, self._env.now)
            self._alarm.set(self._env.now, self._clock.delay())

    def _do(self, duration: float) -> Process:
        """Do a piece of work; who is interrupted meanwhile takes it off the device."""
        job = self._begin(duration)
        try:
            yield job
        finally:
            self._drop(job)

    def _ring(self) -> None:
        now = self._env.now
        for job in self._clock.finish(now):
            self._computing.pop(job, None)
            job.succeed()
        self._clock.advance(now)
        self._alarm.set(now, self._clock.delay())


class FairDevice(VariableDevice):
    """A device whose capacity is shared equally by all that it does at a time.

    Parameters
    ----------
    env : simpy.Environment
    entity : str
        The machine's name.
    recorder : Recorder
    """

    def __init__(self, env: simpy.Environment, entity: str, recorder: Recorder) -> None:
        super().__init__(env)
        self._lane = CountingLane(recorder.lane(entity, "codec"), words.NO_WORK)

    def work(self, activity: int, duration: float, size: float, follower: Follower, phase: int) -> Process:
        """Share the device with what else it does; the parameters are those of ``Cores.work``."""
        follower.enter(phase)
        with self._lane.during(activity, follower.update, size):
            yield from self._do(duration)


class SerialDevice(VariableDevice):
    """A device that does one piece of work at a time, first come, first served.

    Parameters
    ----------
    env : simpy.Environment
    entity : str
        The machine's name.
    recorder : Recorder
    """

    def __init__(self, env: simpy.Environment, entity: str, recorder: Recorder) -> None:
        super().__init__(env)
        self._lane = CountingLane(recorder.lane(entity, "codec"), words.NO_WORK)
        self._turns = simpy.Resource(env)
        self._waiting: dict[simpy.Process, None] = {}

    def compute(self, duration: float) -> simpy.Event:
        """Return the event at which a computation is done that takes ``duration`` [s], when its turn has come."""
        process = self._env.process(self._compute(duration))
        self._waiting[process] = None
        if process.callbacks is not None:
            process.callbacks.append(lambda event: self._waiting.pop(process, None))
        return process

    def work(self, activity: int, duration: float, size: float, follower: Follower, phase: int) -> Process:
        """Take turns with what else the device does; the parameters are those of ``Cores.work``."""
        follower.enter(WAITING, words.DEVICE)
        with self._turns.request() as turn:
            yield turn
            follower.enter(phase)
            with self._lane.during(activity, follower.update, size):
                yield from self._do(duration)

    def clear(self) -> None:
        """Drop what it computes, and what waits for its turn to be computed."""
        for process in list(self._waiting):
            if isinstance(process.target, Initialize):  # not begun yet: it never will
                process.target.callbacks = []
            elif process.is_alive:
                process.interrupt("dropped")
        self._waiting.clear()

    def _compute(self, duration: float) -> Process:
        try:
            with self._turns.request() as turn:
                yield turn
                yield from self._do(duration)
        except simpy.Interrupt:
            pass
