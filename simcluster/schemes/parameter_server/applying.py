"""How a server takes over one push while others arrive: one after the other under a lock, or all at once.

A push is added to the parameters on one core of the server, which reads it at the aggregation rate:

- ``locked``: a share of the parameters has one lock; pushes to it take turns, however many cores the server has;
- ``lock-free`` (Hogwild; Recht et al. 2011): as many pushes are added at a time as there are cores. Additions of single
  parameters are atomic, so that none is lost.

A pull reads without the lock. Left out: what cores that write the same memory cost each other, and pulls that see one
half of a push.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, Protocol

import simpy

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Server
from simcluster.cluster.messages import Part
from simcluster.recording import WAITING, Follower, words

ApplyMode = Literal["locked", "lock-free"]


class Applying(Protocol):
    """Adds pushes to the parameters."""

    def apply(self, server: Server, share: Part, size: float, follower: Follower) -> Process:
        """Spend the time of adding a push of ``size`` bytes [B] to a share of a server, while ``follower`` waits."""


class LockFree:
    """Adds as many pushes at a time as there are cores."""

    def apply(self, server: Server, share: Part, size: float, follower: Follower) -> Process:
        """Spend the time of adding a push on the next core that is free."""
        return server.aggregate(size, follower)


class Locked:
    """Adds one push after the other to each share.

    Parameters
    ----------
    env : simpy.Environment
    """

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._locks: dict[Part, simpy.Resource] = {}

    def apply(self, server: Server, share: Part, size: float, follower: Follower) -> Process:
        """Wait for the lock of the share, and spend the time of adding a push under it."""
        if share not in self._locks:
            self._locks[share] = simpy.Resource(self._env)
        follower.enter(WAITING, words.LOCK)
        with self._locks[share].request() as turn:
            yield turn
            yield from server.aggregate(size, follower)


def build(mode: ApplyMode, env: simpy.Environment, servers: Sequence[Server]) -> Applying:
    """Return the way of a mode; who adds pushes in no time needs no lock."""
    timeless = all(math.isinf(server.aggregation_rate) for server in servers)
    return LockFree() if mode == "lock-free" or timeless else Locked(env)
