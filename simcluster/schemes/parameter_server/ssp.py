"""Stale synchronous parallel training (``ssp``; Ho et al. 2013): asynchronous SGD whose workers can't run away.

Modelled: a worker's clock counts its updates that the servers have applied. A worker at clock c may go on while
c - min(clock of all) <= bound; else it waits until the slowest has caught up, and pulls then. So it computes on
parameters that hold all updates of everybody up to clock c - bound. With bound 0 all wait for all at every update, as
synchronous SGD does; but a server applies one push after the other, and encodes for each worker. For the rest of the
order of events, what is assumed, and what happens when machines fail, see ``asynchronous``: who is lost for good is
taken out of the minimum.

Left out: workers that read old parameters from a cache although they could pull (here each pulls at every clock).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import simpy
from pydantic import Field

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Worker
from simcluster.recording import WAITING, Follower, words
from simcluster.schemes.options import MOST_UPDATES
from simcluster.schemes.parameter_server import applying
from simcluster.schemes.parameter_server.asynchronous import Asynchronous
from simcluster.schemes.parameter_server.options import AsynchronousOptions
from simcluster.schemes.seams import Cluster, Scheme


class SspOptions(AsynchronousOptions):
    """The ``training`` section of ``ssp``."""

    scheme: Literal["ssp"] = "ssp"
    bound: Annotated[int, Field(ge=0, le=MOST_UPDATES)] = Field(
        default=3, description="Updates by which a worker may be ahead of the slowest one (s)."
    )


OPTIONS = SspOptions


class StalenessGate:
    """Lets a worker pass while it is at most some updates ahead of the slowest.

    Parameters
    ----------
    env : simpy.Environment
    workers : sequence of Worker
        Who is in.
    bound : int
    """

    def __init__(self, env: simpy.Environment, workers: Sequence[Worker], bound: int) -> None:
        self._env = env
        self._bound = bound
        self._clocks = {worker.index: 0 for worker in workers}
        #: How many workers are at each clock.
        self._at = {0: len(workers)}
        self._slowest = 0
        #: Succeeds when workers at a clock may go on, by the clock.
        self._openings: dict[int, simpy.Event] = {}

    def pass_through(self, worker: int, ahead: int, follower: Follower) -> Process:
        """Wait until the slowest worker is at most the bound behind; for the parameters see ``Gate.pass_through``."""
        clock = self._clocks[worker] + ahead
        if clock - self._slowest > self._bound:
            follower.enter(WAITING, words.STALENESS)
            yield self._openings.setdefault(clock, self._env.event())

    def applied(self, worker: int) -> None:
        """Let a worker's clock tick, and those go on who waited for it."""
        clock = self._clocks[worker]
        self._clocks[worker] = clock + 1
        self._at[clock] -= 1
        self._at[clock + 1] = self._at.get(clock + 1, 0) + 1
        self._catch_up()

    def leave(self, worker: int) -> None:
        """Wait for a worker no more, and let those go on who waited for it; one that has not joined again is out."""
        clock = self._clocks.pop(worker, None)
        if clock is not None:
            self._at[clock] -= 1
            self._catch_up()

    def join(self, worker: int) -> None:
        """Count on a worker that is back, as one of the slowest."""
        self._clocks[worker] = self._slowest
        self._at[self._slowest] = self._at.get(self._slowest, 0) + 1

    def _catch_up(self) -> None:
        """Let those go on who waited for the slowest, if that is another one now."""
        while self._clocks and not self._at.get(self._slowest, 0):
            self._at.pop(self._slowest, None)
            self._slowest += 1
            opening = self._openings.pop(self._slowest + self._bound, None)
            if opening is not None:
                opening.succeed()


def build(options: SspOptions, cluster: Cluster) -> Scheme:
    """Return the scheme, ready to start."""
    applies = applying.build(options.apply, cluster.env, cluster.servers)
    return Asynchronous(options, cluster, applies, StalenessGate(cluster.env, cluster.workers, options.bound))
