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
        """Drop all that it does: nobody waits for it any more."""


class DedicatedDevice:
    """A device that does nothing but compute.

    Parameters
    ----------
    env : simpy.Environment
    """

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
        self._alarm = Alarm(env, self._ring)
        self._ranks = count()

    def compute(self, duration: float) -> simpy.Event:
        """Return the event at which a computation is done that takes ``duration`` [s] of the whole device."""
        job = _Job(self._env, duration, next(self._ranks))
        if not duration:
            return job.succeed()
        self._clock.admit(job, self._env.now)
        self._alarm.set(self._env.now, self._clock.delay())
        return job

    def change_speed(self, factor: float) -> None:
        """Go on at a multiple of the normal speed, above 0."""
        self._clock.change_capacity(factor, self._env.now)
        self._alarm.set(self._env.now, self._clock.delay())

    def clear(self) -> None:
        """Drop all that it does: nobody waits for it any more."""
        for job in self._clock.jobs():
            self._clock.cancel(job, self._env.now)

    def _ring(self) -> None:
        now = self._env.now
        for job in self._clock.finish(now):
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
            yield self.compute(duration)


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

    def compute(self, duration: float) -> simpy.Event:
        """Return the event at which a computation is done that takes ``duration`` [s], when its turn has come."""
        return self._env.process(self._compute(duration))

    def work(self, activity: int, duration: float, size: float, follower: Follower, phase: int) -> Process:
        """Take turns with what else the device does; the parameters are those of ``Cores.work``."""
        follower.enter(WAITING, words.DEVICE)
        with self._turns.request() as turn:
            yield turn
            follower.enter(phase)
            with self._lane.during(activity, follower.update, size):
                yield super().compute(duration)

    def clear(self) -> None:
        """Drop all that it does, and all that waits for its turn."""
        super().clear()
        self._turns = simpy.Resource(self._env)

    def _compute(self, duration: float) -> Process:
        with self._turns.request() as turn:
            yield turn
            yield super().compute(duration)
