"""Agreements before encoding: a scaler that all workers share (TernGrad, QSGD), the first factor of PowerSGD.

Every worker sends its proposal to the server, as it is; when the server has all of them, it sends the agreement to
every worker, in a transfer each. Reducing a few proposals costs nothing.

A worker proposes when it has encoded its last message of the part: what that lost is in what comes next (error
feedback). Only with double buffering the next gradients can be there before; then they wait.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import simpy

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Server, Worker
from simcluster.cluster.messages import Message, Part, Values
from simcluster.recording import PULL, PUSH, WAITING, Contribution, words
from simcluster.schemes.delivery import Delivery, carry
from simcluster.schemes.seams import Cluster


class NoAgreements:
    """What every worker encodes is its own business."""

    def reach(
        self, worker: Worker, server: Server, update: int, part: Part, values: Values, follower: Contribution
    ) -> Iterable[Any]:
        """Go on at once."""
        return ()

    def encoded(self, worker: Worker, part: Part) -> None:
        """Do nothing: nobody waits for it."""


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
        #: The event at which each worker has encoded its last message of a part.
        self._encoded: dict[tuple[int, Part], simpy.Event] = {}
        #: How many proposals are missing, and the event at which there is none, by part and update.
        self._open: dict[tuple[Part, int], tuple[int, simpy.Event]] = {}

    def reach(
        self, worker: Worker, server: Server, update: int, part: Part, values: Values, follower: Contribution
    ) -> Process:
        """Agree on a part with all other workers, before its values are encoded."""
        last = self._encoded.get((worker.index, part))
        if last is not None and not last.triggered:
            follower.enter(WAITING, words.ENCODE)
            yield last
        self._encoded[worker.index, part] = self._cluster.env.event()
        size = self._cluster.push.propose(worker, part, values)
        proposal = Message(part, size)
        follower.enter(PUSH)
        with worker.send.during(words.PUSH, update, size):
            yield from self._delivery.send(self._cluster.push, worker, (server,), proposal, follower)
        follower.enter(WAITING, words.OTHER_WORKERS)
        yield self._propose(part, update)
        follower.enter(PULL)
        with worker.receive.during(words.PULL, update, size):
            yield from carry(self._cluster.pull.send(server, (worker,), proposal))

    def encoded(self, worker: Worker, part: Part) -> None:
        """Say that a worker has encoded what was agreed on."""
        self._encoded[worker.index, part].succeed()

    def _propose(self, part: Part, update: int) -> simpy.Event:
        """Count a proposal, and return the event at which all are there."""
        key = part, update
        missing, complete = self._open.pop(key, (len(self._cluster.workers), self._cluster.env.event()))
        if missing > 1:
            self._open[key] = missing - 1, complete
        else:
            complete.succeed()
        return complete


def build(cluster: Cluster, delivery: Delivery) -> NoAgreements | Agreements:
    """Return what lets the workers agree, if their codec needs that."""
    return Agreements(cluster, delivery) if cluster.push.agrees else NoAgreements()
