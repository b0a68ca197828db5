"""What asynchronous training keeps books of: which push made which version of the parameters, and who has seen which.

A push to several servers, or in several parts, is one update; it is applied when its last share is. Its staleness is
that of its stalest share: how many pushes of other workers the server took over between the pull that the worker
computed on and this push. A worker's own pushes don't count: it has applied them itself.
"""

from __future__ import annotations

from math import inf

from simcluster.cluster.messages import Part
from simcluster.schemes.seams import Cluster, Progress


class OwnPace(Progress):
    """The progress as a worker sees it that waits for nobody: it has no last update of its own.

    Parameters
    ----------
    cluster : Cluster
    """

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.last = inf


class Versions:
    """The versions of all shares.

    Parameters
    ----------
    cluster : Cluster
    progress : Progress
        Is told each update.
    shares : int
        In how many shares the parameters are pushed.
    """

    def __init__(self, cluster: Cluster, progress: Progress, shares: int) -> None:
        self._journal = cluster.journal
        self._progress = progress
        self._shares = shares
        self._version: dict[Part, int] = {}
        #: The version that a worker computes on, with its own pushes since.
        self._seen: dict[tuple[int, Part], int] = {}
        #: Of updates under way, by worker and step: shares that were applied, and the largest staleness of them.
        self._partly: dict[tuple[int, int], tuple[int, int]] = {}

    @property
    def over(self) -> bool:
        """Whether the last update has been applied: no push counts any more."""
        return self._progress.over.triggered

    def read(self, worker: int, share: Part) -> None:
        """Take note that a worker gets a share as it is now."""
        self._seen[worker, share] = self._version.get(share, 0)

    def is_partly_applied(self, worker: int, step: int) -> bool:
        """Whether some shares of a worker's update are applied, and others not yet."""
        return (worker, step) in self._partly

    def forget(self, worker: int) -> None:
        """Take note that a worker has crashed: no more shares of its updates come."""
        for place in [place for place in self._partly if place[0] == worker]:
            del self._partly[place]

    def apply(self, worker: int, step: int, share: Part) -> bool:
        """Take note that a worker's push of a share is applied now, and return whether its whole update is.

        Parameters
        ----------
        worker : int
        step : int
            The worker's own count.
        share : Part
        """
        version, seen = self._version.get(share, 0), self._seen.get((worker, share), 0)
        self._version[share] = version + 1
        self._seen[worker, share] = seen + 1
        applied, staleness = self._partly.pop((worker, step), (0, 0))
        applied, staleness = applied + 1, max(staleness, version - seen)
        if applied < self._shares:
            self._partly[worker, step] = applied, staleness
            return False
        self._journal.apply(worker, step, self._progress.applied(), staleness)
        return True
