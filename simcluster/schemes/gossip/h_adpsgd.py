"""Hierarchical AD-PSGD (``h-adpsgd``; Zhang et al. 2019, arXiv 1907.05701): machines as super-learners.

Modelled: the workers of one machine act as one learner of AD-PSGD (see ``ad_psgd``). In each step all of them compute a
gradient on the same model and add them up by a ring all-reduce; the first one, on whose machine the model is, hands the
mean to its gossip thread, copies the model as it is then, and sends it to the others in one multicast. Super-learners
average their models as the workers of AD-PSGD do.

The all-reduce is 2 (m - 1) steps of 1/m of the gradient to the next worker: reduce-scatter, then all-gather. A codec
encodes whatever a worker sends, inside machines too: there it decodes, adds and encodes again at every hop.

An update is one step of a super-learner. Assumed: workers are put into machines in order, as topology ``machines`` does
with ``nodes_per_machine``; the last machine may have fewer.

Faults: as in ``ad-psgd``; a machine that has lost a worker goes on with those that are left, one that has lost all
leaves the graph.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import count
from typing import Any, Literal

import simpy
from pydantic import Field

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Worker
from simcluster.cluster.messages import Values
from simcluster.recording import DECODE, ENCODE, PULL, WAITING, Nobody, Piece, UpdateRow, words
from simcluster.schemes.delivery import AtOnce, carry
from simcluster.schemes.gossip.ad_psgd import AdPsgd, AsynchronousGossipOptions
from simcluster.schemes.gossip.asynchronous import Gradient, Learner
from simcluster.schemes.gossip.letters import Letters
from simcluster.schemes.seams import Cluster, Scheme
from simcluster.schemes.teams import teams


class HAdPsgdOptions(AsynchronousGossipOptions):
    """The ``training`` section of ``h-adpsgd``."""

    scheme: Literal["h-adpsgd"] = "h-adpsgd"
    workers_per_machine: int = Field(ge=1, description="Workers that act as one super-learner, in order.")

    def contributions(self, workers: int) -> int:
        """Return how many workers' contributions one update has: those of a machine that is full."""
        return min(self.workers_per_machine, workers)

    def spectral_gap(self, workers: int) -> float | None:
        """Return the spectral gap of the expected W^T W of one averaging of super-learners."""
        return super().spectral_gap(-(-workers // self.workers_per_machine))


OPTIONS = HAdPsgdOptions


class HAdPsgd(AdPsgd):
    """The processes of hierarchical AD-PSGD.

    Parameters
    ----------
    options : HAdPsgdOptions
    cluster : Cluster
        The machines, channels and clock that the scheme orchestrates.

    Raises
    ------
    UserInputError
        If the network puts other workers together.
    """

    def __init__(self, options: HAdPsgdOptions, cluster: Cluster) -> None:
        self._places = teams(cluster, options.workers_per_machine)
        super().__init__(options, cluster)
        self._letters = Letters(cluster.env, cluster.push, AtOnce())
        #: The model of a step on its way from a super-learner's first worker to the others.
        self._models: dict[tuple[int, int], simpy.Event] = {}

    def _teams(self, workers: Sequence[Worker]) -> Iterator[Sequence[Worker]]:
        """Yield the workers of each machine."""
        for places in self._places:
            yield tuple(workers[place] for place in places)

    def _train(self, learner: Learner, worker: Worker) -> Process:
        """Compute gradients, add them up with those of the machine, and get the model of the next step."""
        cluster, replica = self._cluster, self._cluster.learner.replica(worker.index)
        for step in count(1):
            row = cluster.journal.open(worker.index, step, worker.compute_lane)
            version = self.progress.version
            replica.begin()
            yield worker.compute(self._iterations)
            replica.compute(self._iterations)
            total = yield from self._all_reduce(learner, worker, step, replica.outgoing(self._part), row)
            if worker is learner.worker:
                yield from learner.free(row)
                mean = total * (1 / len(learner.members))
                self._gossip.hand_over(learner, Gradient(step, version, mean))
                self._broadcast(learner, step)
            else:
                yield from self._receive_model(learner, worker, step, row)
            cluster.journal.close(row)

    def _all_reduce(
        self, learner: Learner, worker: Worker, step: int, gradient: Values, row: UpdateRow
    ) -> Generator[Any, Any, Values]:
        """Return the sum of all gradients of a machine, added up in its ring.

        After ``size - 1`` hops a worker has the whole sum of the chunk of the next one; then the sums go round.
        """
        size, rank, push = len(learner.members), learner.members.index(worker), self._cluster.push
        chunks = self._part.split(size)
        values = [gradient.piece(chunk) for chunk in chunks]
        there = learner.members[(rank + 1) % size]
        for hop in range(2 * (size - 1)):
            out, into = (rank - hop) % size, (rank - hop - 1) % size
            message = yield from push.encode(worker, chunks[out], values[out], row, ENCODE, there.name)
            piece = Piece(step)
            key = learner.number, step, hop
            sending = self._crew.begin(
                worker.index, self._letters.send(worker, there, (*key, rank), message, piece)
            )
            received = yield from self._letters.take((*key, (rank - 1) % size), row, words.OTHER_WORKERS)
            yield from push.decode(worker, received, row, DECODE)
            if hop < size - 1:
                yield from worker.aggregate(push.averaged_size(chunks[into]), row)
                values[into] = values[into] + received.values
            else:
                values[into] = received.values
            if not sending.processed:
                piece.watch(row)
                yield sending
                piece.leave()
        return values[0].join(values[1:])

    def _broadcast(self, learner: Learner, step: int) -> None:
        """Begin to send the model as it is now to the other workers of a machine."""
        if len(learner.members) > 1:
            # Who has added up gradients of this step has got the model of the last one.
            self._models.pop((learner.number, step - 1), None)
            values = self._cluster.learner.replica(learner.worker.index).parameters(self._part)
            self._crew.begin(learner.worker.index, self._send_model(learner, step, values))

    def _send_model(self, learner: Learner, step: int, values: Values) -> Process:
        """Send a model to the other workers of a machine."""
        push, worker = self._cluster.push, learner.worker
        message = yield from push.encode(worker, self._part, values, Nobody(), ENCODE)
        with worker.send.during(words.PUSH, step, message.size):
            transfer = push.send(worker, learner.members[1:], message)
            self._model(learner, step).succeed((message, transfer))
            yield from carry(transfer)

    def _receive_model(self, learner: Learner, worker: Worker, step: int, row: UpdateRow) -> Process:
        """Receive the model of the next step."""
        row.enter(WAITING, words.OTHER_WORKERS)
        message, transfer = yield self._model(learner, step)
        row.enter(PULL)
        with worker.receive.during(words.PULL, step, message.size):
            yield transfer
        yield from self._cluster.push.decode(worker, message, row, DECODE)
        self._cluster.learner.replica(worker.index).install(self._part, message.values)

    def _model(self, learner: Learner, step: int) -> simpy.Event:
        """Return the event at which a model is sent; it succeeds with the message and its transfer."""
        return self._models.setdefault((learner.number, step), self._cluster.env.event())


def build(options: HAdPsgdOptions, cluster: Cluster) -> Scheme:
    """Return the scheme, ready to start."""
    return HAdPsgd(options, cluster)
