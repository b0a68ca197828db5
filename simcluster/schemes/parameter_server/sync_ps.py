"""Synchronous SGD through a parameter server (``sync-ps``; Jang et al. 2017, figure 1).

Modelled: every worker computes its local iterations, encodes and pushes; the server decodes each push as soon as it has
arrived and a core is free, averages when the last one is decoded, encodes once and sends the result; a worker decodes
and starts its next update at once, so that an early one computes while others still receive.
"""

from __future__ import annotations

from itertools import count
from typing import Literal

import simpy
from pydantic import Field

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Worker
from simcluster.recording import (
    DECODE,
    ENCODE,
    PULL,
    PUSH,
    SERVER_DECODE,
    SERVER_ENCODE,
    WAITING,
    Everybody,
    UpdateRow,
    words,
)
from simcluster.schemes.options import SchemeOptions
from simcluster.schemes.parameter_server import pull as pulls
from simcluster.schemes.seams import Cluster, Scheme


class SyncPsOptions(SchemeOptions):
    """The ``training`` section of ``sync-ps``."""

    scheme: Literal["sync-ps"] = "sync-ps"
    pull: pulls.PullMode = Field(
        default="unicast",
        description="How the result reaches the workers: a transfer each, one for all, or without any cost.",
    )


OPTIONS = SyncPsOptions


class _Round:
    """One update at the server: the pushes that it waits for, and the result that the workers wait for."""

    def __init__(self, env: simpy.Environment, members: int) -> None:
        self._missing = members
        self.rows: list[UpdateRow] = []
        self.complete = env.event()
        #: Succeeds with the arrivals of the result, by worker.
        self.sent = env.event()

    def join(self, row: UpdateRow) -> None:
        """Count a push that the server has decoded."""
        self.rows.append(row)
        self._missing -= 1
        if not self._missing:
            self.complete.succeed()

    def settle(self, busy: float) -> None:
        """Charge the server's decoding to all rows; ``busy`` is the time [s] that it has spent so far."""
        for row in self.rows:
            row.settle(busy)


class SyncPs:
    """The processes of synchronous SGD.

    Parameters
    ----------
    options : SyncPsOptions
    cluster : Cluster
        The machines, channels and clock that the scheme orchestrates.
    """

    def __init__(self, options: SyncPsOptions, cluster: Cluster) -> None:
        self._cluster = cluster
        self._server = cluster.servers[0]
        self._iterations = options.local_iterations
        self._pull = pulls.build(options.pull, cluster.env)
        self._round = self._next_round()
        self._stopped = False

    def start(self) -> simpy.Event:
        """Start all processes, and return the event at which the training is over."""
        env = self._cluster.env
        env.process(self._serve())
        return env.all_of([env.process(self._train(worker)) for worker in self._cluster.workers])

    def _train(self, worker: Worker) -> Process:
        """Live a worker's life."""
        push, pull, journal = self._cluster.push, self._cluster.pull, self._cluster.journal
        yield from push.prepare(worker)
        for update in count(1):
            row = journal.open(worker.index, update, worker.compute_lane)
            yield worker.compute(self._iterations)
            yield from push.encode(worker, row, ENCODE)
            yield from self._push(worker, row)
            row.arrive(self._server.cores.busy_s)
            yield from push.decode(self._server, row, SERVER_DECODE)
            arrivals = yield self._join(row)
            yield from self._receive(worker, row, arrivals[worker.index])
            yield from pull.decode(worker, row, DECODE)
            journal.close(row)
            if self._stopped:
                break
        worker.compute_lane.enter(words.WAIT, cause=words.FINISHED)
        yield from pull.finish(worker)

    def _serve(self) -> Process:
        """Live the server's life."""
        cluster, server = self._cluster, self._server
        for update in count(1):
            this = self._round
            yield this.complete
            this.settle(server.cores.busy_s)
            everybody = Everybody(update, this.rows)
            yield from server.aggregate(len(this.rows) * cluster.push.averaged_size, everybody)
            yield from cluster.pull.encode(server, everybody, SERVER_ENCODE)
            self._stopped = cluster.stop.after(update)
            self._round = self._next_round()
            this.sent.succeed(self._pull.send(cluster.pull, server, cluster.workers))
            cluster.journal.progress(update)
            if self._stopped:
                break

    def _next_round(self) -> _Round:
        return _Round(self._cluster.env, len(self._cluster.workers))

    def _push(self, worker: Worker, row: UpdateRow) -> Process:
        """Send the worker's parameters to the server."""
        push = self._cluster.push
        row.enter(PUSH)
        worker.send.enter(words.PUSH, row.update, push.wire_size)
        yield push.send(worker, (self._server,))
        worker.send.enter(words.WAIT, cause=words.NOTHING_TO_SEND)

    def _join(self, row: UpdateRow) -> simpy.Event:
        """Join the round, and return the event at which the server sends its result."""
        row.enter(WAITING, words.OTHER_WORKERS)
        this = self._round
        this.join(row)
        return this.sent

    def _receive(self, worker: Worker, row: UpdateRow, arrival: pulls.Arrival) -> Process:
        """Receive the result."""
        row.enter(PULL)
        worker.receive.enter(words.PULL, row.update, self._cluster.pull.wire_size)
        yield arrival
        worker.receive.enter(words.WAIT, cause=words.NOTHING_TO_RECEIVE)


def build(options: SyncPsOptions, cluster: Cluster) -> Scheme:
    """Return the scheme, ready to start."""
    return SyncPs(options, cluster)
