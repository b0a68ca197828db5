"""Checkpoints of a training: when one is due, how it is written, and what is lost when the last one is loaded.

A synchronous training stops for a checkpoint, and whoever stops it says when it is written. An asynchronous one goes
on: the checkpoint has everything as it was when the servers began to write it, and counts once all have written it.
"""

from __future__ import annotations

from simcluster.cluster.cores import Process
from simcluster.recording import IncidentLog, Nobody, words
from simcluster.schemes.crew import Crew
from simcluster.schemes.seams import Cluster


class Checkpoints:
    """The last checkpoint, and the one that is being written.

    Parameters
    ----------
    cluster : Cluster
    interval : float or None [s]
        Time from one to the next, rounded up to whole updates; None for no checkpoints.
    duration : float [s]
        What writing one takes.
    incidents : IncidentLog
        Takes what was written.
    """

    def __init__(self, cluster: Cluster, interval: float | None, duration: float, incidents: IncidentLog) -> None:
        self._cluster = cluster
        self._env = cluster.env
        self._interval = interval
        self._duration = duration
        self._incidents = incidents
        #: The updates that the last checkpoint has.
        self._version = 0
        #: When the last one was written, or loaded, or begun beside the training [s].
        self._since = 0.0
        self._writers = Crew(cluster.env)

    @property
    def is_due(self) -> bool:
        """Whether it is time for another one."""
        return self._interval is not None and self._env.now - self._since >= self._interval

    def keep(self, version: int, began: float) -> None:
        """Say that a training that has stopped for it has written one, which it began to write at ``began`` [s]."""
        self._since = self._env.now
        self._cluster.learner.save()()
        self._count(version, self._cluster.journal.place, began)

    def write_beside(self, version: int) -> None:
        """Begin to write one on the servers, beside the training."""
        self._since = self._env.now
        self._writers.begin(0, self._write(version))

    def dismiss(self) -> None:
        """Give up the one that is being written: it never counts."""
        self._writers.dismiss_all("stopped")

    def load(self) -> int:
        """Go back to the last one, and return its version: all updates since never took effect."""
        self._since = self._env.now
        self._cluster.journal.roll_back(self._version)
        self._cluster.learner.restore()
        return self._version

    def _write(self, version: int) -> Process:
        began, place = self._env.now, self._cluster.journal.place
        remember = self._cluster.learner.save()
        writing = [
            self._writers.begin(1, server.cores.work(words.CHECKPOINT, self._duration, 0.0, Nobody(), 0))
            for server in self._cluster.servers
        ]
        yield self._env.all_of(writing)
        remember()
        self._count(version, place, began)

    def _count(self, version: int, place: int, began: float) -> None:
        self._version = version
        self._cluster.journal.mark(place)
        self._incidents.add("checkpoint", "training", began, self._env.now)
