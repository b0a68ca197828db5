"""The cores of a machine: where codecs run and servers aggregate.

Work queues first come, first served, and takes the free core of the lowest number. A core does one piece of work at a
time, to its end.
"""

from __future__ import annotations

from collections.abc import Generator
from heapq import heappop, heappush
from typing import Any, Protocol

import simpy

from simcluster.protocols import Recorder
from simcluster.recording import WAITING, Follower, words

#: What SimPy runs; it yields events, transfers among them.
Process = Generator[Any, Any, None]


class Engine(Protocol):
    """What codecs run on: cores or a device."""

    def work(self, activity: int, duration: float, size: float, follower: Follower, phase: int) -> Process:
        """Do a piece of work; see :meth:`Cores.work`."""


class Cores:
    """A machine's cores.

    Parameters
    ----------
    env : simpy.Environment
    entity : str
        The machine's name, for its lanes ``core-0``, ``core-1`` ...
    count : int
        Number of cores, at least 1.
    recorder : Recorder
    """

    def __init__(self, env: simpy.Environment, entity: str, count: int, recorder: Recorder) -> None:
        self._env = env
        self._turns = simpy.Resource(env, capacity=count)
        self._free = list(range(count))
        self._busy = 0.0
        self._busy_since = 0.0
        self._count = count
        self._lanes = [recorder.lane(entity, f"core-{core}") for core in range(count)]

    @property
    def busy_s(self) -> float:
        """Time in which at least one core was at work until now [s]."""
        idle = len(self._free) == self._count
        return self._busy if idle else self._busy + (self._env.now - self._busy_since)

    def work(self, activity: int, duration: float, size: float, follower: Follower, phase: int) -> Process:
        """Wait for a core and occupy it.

        Parameters
        ----------
        activity : int
            What the core's lane shows.
        duration : float [s]
        size : float [B]
            Bytes that it works on.
        follower : Follower
            Whose update depends on it: waits for the core from now on, and is in ``phase`` once a core takes it up.
        phase : int
            The phase of the update that this work is.
        """
        follower.enter(WAITING, words.CORE)
        with self._turns.request() as turn:
            yield turn
            core = self._take()
            self._lanes[core].enter(activity, follower.update, size)
            follower.enter(phase)
            try:
                yield self._env.timeout(duration)
            finally:
                self._lanes[core].enter(words.WAIT, cause=words.NO_WORK)
                self._put_back(core)

    def _take(self) -> int:
        if len(self._free) == self._count:
            self._busy_since = self._env.now
        return heappop(self._free)

    def _put_back(self, core: int) -> None:
        heappush(self._free, core)
        if len(self._free) == self._count:
            self._busy += self._env.now - self._busy_since
