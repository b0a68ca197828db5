"""When a worker's turn comes to run the collective operation of a part.

A worker runs one collective at a time, as NCCL's stream does. All workers must run them in one order, or each waits in
another one for ever.

- :class:`Alone`: there is one part only, and never anything else to wait for.
- :class:`InOrder`: the order in which parts become ready, which is the same on all workers. One that is early begins
  the next collective while others are still in the last one.
- :class:`Negotiated` (``order: priority``): a coordinator knows which parts are ready on all workers, and picks the one
  that the next forward pass needs first when everybody is free (Horovod's negotiation). Left out: the messages of the
  negotiation.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import Protocol

import simpy

from simcluster.cluster.machines import Worker
from simcluster.cluster.messages import Part
from simcluster.recording import WAITING, Follower, words
from simcluster.schemes.options import SchemeOptions
from simcluster.schemes.plan import Plan


class Turn(Protocol):
    """A worker's turn to run one collective."""

    #: Happens when the turn has come; None if it has come already.
    begins: simpy.Event | None

    def end(self) -> None:
        """Say that the worker is through with it."""


class Stream(Protocol):
    """Gives workers their turns."""

    def ask(self, worker: Worker, update: int, part: Part, follower: Follower) -> Turn:
        """Ask for a turn, since a part is ready; the follower waits for it."""


class Alone:
    """It is always one's turn."""

    begins: simpy.Event | None = None

    def ask(self, worker: Worker, update: int, part: Part, follower: Follower) -> Turn:
        """Return the turn that has come."""
        return self

    def end(self) -> None:
        """Do nothing."""


class _Next:
    """A turn that comes when the one before is over."""

    __slots__ = ("_over", "begins")

    def __init__(self, begins: simpy.Event | None, over: simpy.Event) -> None:
        self.begins = begins
        self._over = over

    def end(self) -> None:
        """Let the next one begin."""
        self._over.succeed()


class InOrder:
    """Every worker goes through its parts in the order in which they become ready.

    Parameters
    ----------
    env : simpy.Environment
    """

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        #: The end of the last turn that each worker has asked for.
        self._last: dict[int, simpy.Event] = {}

    def ask(self, worker: Worker, update: int, part: Part, follower: Follower) -> Turn:
        """Ask for the turn after the last one that the worker has asked for."""
        before = self._last.get(worker.index)
        self._last[worker.index] = over = self._env.event()
        if before is None or before.triggered:
            return _Next(None, over)
        follower.enter(WAITING, words.TURN)
        return _Next(before, over)


class _Collective:
    """A collective that the coordinator knows of: the turn of all workers."""

    def __init__(self, stream: Negotiated, begins: simpy.Event) -> None:
        self._stream = stream
        self.begins: simpy.Event | None = begins
        self.followers: list[Follower] = []
        self.running = 0

    def end(self) -> None:
        """Say that one worker is through with it."""
        self.running -= 1
        if not self.running:
            self._stream.proceed()


class Negotiated:
    """A coordinator picks among the parts that are ready on all workers.

    Parameters
    ----------
    env : simpy.Environment
    members : int
        How many workers take part.
    """

    def __init__(self, env: simpy.Environment, members: int) -> None:
        self._env = env
        self._members = members
        self._asked: dict[tuple[int, Part], _Collective] = {}
        #: Those that are ready on all workers: older updates first, then by priority, then as they became ready.
        self._ready: list[tuple[int, int, int, _Collective]] = []
        self._ranks = count()
        self._busy = False

    def ask(self, worker: Worker, update: int, part: Part, follower: Follower) -> Turn:
        """Tell the coordinator that a part is ready on one more worker."""
        key = update, part
        this = self._asked.get(key)
        if this is None:
            this = self._asked[key] = _Collective(self, self._env.event())
        this.followers.append(follower)
        follower.enter(WAITING, words.OTHER_WORKERS)
        if len(this.followers) == self._members:
            del self._asked[key]
            for each in this.followers:
                each.enter(WAITING, words.TURN)
            heappush(self._ready, (update, part.priority, next(self._ranks), this))
            if not self._busy:
                self.proceed()
        return this

    def proceed(self) -> None:
        """Pick what everybody runs next, since everybody is free."""
        self._busy = bool(self._ready)
        if self._busy:
            this = heappop(self._ready)[-1]
            this.running = self._members
            if this.begins is not None:
                this.begins.succeed()


def stream(options: SchemeOptions, plan: Plan, env: simpy.Environment, members: int) -> Stream:
    """Return the stream that a plan needs."""
    if plan.is_single and not options.double_buffering:
        return Alone()
    return Negotiated(env, members) if options.order == "priority" else InOrder(env)
