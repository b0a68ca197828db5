"""Agreements before encoding: a scaler that all workers share (TernGrad, QSGD), the first factor of PowerSGD.

Every worker sends its proposal to the server, as it is; when the server has all of them, it sends the agreement to
every worker, in a transfer each. Reducing a few proposals costs nothing.
"""

from __future__ import annotations

import simpy

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Server, Worker
from simcluster.cluster.messages import Message, Part
from simcluster.recording import PULL, PUSH, WAITING, Contribution, words
from simcluster.schemes.delivery import Delivery, carry
from simcluster.schemes.seams import Cluster


class Agreements:
    """The agreements that go on now.

    Parameters
    ----------
    cluster : Cluster
    delivery : Delivery
    """

    def __init__(self, cluster: Cluster, delivery: Delivery) -> None:
        self._cluster = cluster
        self._delivery = delivery
        #: How many proposals are missing, and the event at which there is none, by part and update.
        self._open: dict[tuple[Part, int], tuple[int, simpy.Event]] = {}

    def reach(self, worker: Worker, server: Server, update: int, part: Part, follower: Contribution) -> Process:
        """Agree on a part with all other workers, if its codec needs that."""
        values = self._cluster.learner.replica(worker.index).outgoing(part)
        size = self._cluster.push.propose(worker, part, values)
        if not size:
            return
        proposal = Message(part, size)
        follower.enter(PUSH)
        with worker.send.during(words.PUSH, update, size):
            yield from self._delivery.send(self._cluster.push, worker, (server,), proposal, follower)
        follower.enter(WAITING, words.OTHER_WORKERS)
        yield self._propose(part, update)
        follower.enter(PULL)
        with worker.receive.during(words.PULL, update, size):
            yield from carry(self._cluster.pull.send(server, (worker,), proposal))

    def _propose(self, part: Part, update: int) -> simpy.Event:
        """Count a proposal, and return the event at which all are there."""
        key = part, update
        missing, complete = self._open.pop(key, (len(self._cluster.workers), self._cluster.env.event()))
        if missing > 1:
            self._open[key] = missing - 1, complete
        else:
            complete.succeed()
        return complete
