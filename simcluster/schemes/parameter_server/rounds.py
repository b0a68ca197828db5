"""One update of all workers that is over as soon as enough of them have contributed."""

from __future__ import annotations

from collections.abc import Sequence

import simpy

from simcluster.cluster.machines import Worker
from simcluster.cluster.messages import Part, Values
from simcluster.recording import WAITING, Follower, words


class Audience:
    """All who wait for the same work of the servers; who comes late is told what goes on.

    Parameters
    ----------
    update : int
    """

    def __init__(self, update: int) -> None:
        self.update = update
        self._followers: list[Follower] = []
        self._phase, self._cause = WAITING, words.OTHER_WORKERS

    def join(self, follower: Follower) -> None:
        """Tell somebody the phases from now on."""
        self._followers.append(follower)
        follower.enter(self._phase, self._cause)

    def enter(self, phase: int, cause: int = 0) -> None:
        """Begin another phase now."""
        self._phase, self._cause = phase, cause
        for follower in self._followers:
            follower.enter(phase, cause)


class Round:
    """One update: whose contributions count, and the result.

    Parameters
    ----------
    env : simpy.Environment
    update : int
    wanted : int
        How many workers' contributions it takes.
    shares : sequence of Part
        The shares that a contribution has.

    Attributes
    ----------
    complete : simpy.Event
        Succeeds when as many workers have contributed as are wanted.
    winners : dict of int to Worker
        They, by index.
    receivers : dict of int to Worker
        Who waits for the result, by index.
    sent : dict of Part to simpy.Event
        Each succeeds when there is a result of a share, with its message and the arrivals of what is sent to several
        workers together, by worker.
    """

    def __init__(self, env: simpy.Environment, update: int, wanted: int, shares: Sequence[Part]) -> None:
        self.update = update
        self._wanted = wanted
        self.complete = env.event()
        self.audience = Audience(update)
        self.winners: dict[int, Worker] = {}
        self.receivers: dict[int, Worker] = {}
        self.sent = {share: env.event() for share in shares}
        self._arrived: dict[int, dict[Part, Values]] = {}

    @property
    def closed(self) -> bool:
        """Whether it has all contributions that it takes: others are late."""
        return self.complete.triggered

    def arrive(self, worker: Worker, share: Part, values: Values) -> bool:
        """Take a share of a worker's contribution, which counts when it has all shares; who is late is turned away.

        Returns
        -------
        bool
            Whether this was the last share that the round waited for.
        """
        if self.closed:
            return False
        mine = self._arrived.setdefault(worker.index, {})
        mine[share] = values
        if len(mine) == len(self.sent):
            self.winners[worker.index] = self.receivers[worker.index] = worker
            if len(self.winners) == self._wanted:
                self.complete.succeed()
        return self.closed

    def forget(self, worker: Worker) -> None:
        """Forget what a worker has contributed, since it has crashed; what is complete stays as it is."""
        if not self.closed:
            self._arrived.pop(worker.index, None)
            self.winners.pop(worker.index, None)
            self.receivers.pop(worker.index, None)

    def contributions(self, share: Part) -> list[Values]:
        """Return what the winners contributed to a share, in the order in which they did."""
        return [self._arrived[index][share] for index in self.winners]
