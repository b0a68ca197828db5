"""Synchronous SGD through parameter servers (``sync-ps``; Jang et al. 2017, figure 1).

Modelled: every worker computes its local iterations, encodes and pushes; the server decodes each push as soon as it has
arrived and a core is free, averages when the last one is decoded, encodes once and sends the result; a worker decodes
and starts its next update at once, so that an early one computes while others still receive. Parts (shares of several
servers, buckets of layers, slices) go that way independently of each other.

Faults: the barrier misses the worker that crashes, so that the update in progress is lost for all; see ``supervision``.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal

import simpy

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Server, Worker
from simcluster.cluster.messages import Part, Values
from simcluster.recording import (
    DECODE,
    ENCODE,
    PULL,
    PUSH,
    SERVER_DECODE,
    SERVER_ENCODE,
    WAITING,
    Contribution,
    Everybody,
    words,
)
from simcluster.schemes import delivery, taking_over
from simcluster.schemes.crew import Crew
from simcluster.schemes.life import live
from simcluster.schemes.parameter_server import agreeing
from simcluster.schemes.parameter_server import pull as pulls
from simcluster.schemes.parameter_server.options import BarrierOptions
from simcluster.schemes.parameter_server.sharding import shares_of, spread
from simcluster.schemes.plan import build_plan
from simcluster.schemes.seams import Cluster, Progress, Scheme


class SyncPsOptions(BarrierOptions):
    """The ``training`` section of ``sync-ps``."""

    buffers: ClassVar[bool] = True
    agrees: ClassVar[bool] = True

    scheme: Literal["sync-ps"] = "sync-ps"


OPTIONS = SyncPsOptions


class _Round:
    """One update of one part at a server: the pushes that it waits for, and the result that the workers wait for."""

    def __init__(self, env: simpy.Environment, members: int) -> None:
        self._missing = members
        self.followers: list[Contribution] = []
        self.values: list[Values] = []
        self.complete = env.event()
        #: Succeeds with the message of the result and its arrivals, by worker.
        self.sent = env.event()

    def join(self, follower: Contribution, values: Values) -> None:
        """Count a push that the server has decoded."""
        self.followers.append(follower)
        self.values.append(values)
        self._missing -= 1
        if not self._missing:
            self.complete.succeed()

    def settle(self, busy: float) -> None:
        """Charge the server's decoding to all who wait; ``busy`` is the time [s] that it has spent so far."""
        for follower in self.followers:
            follower.settle(busy)


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
        self._plan = plan = build_plan(options, cluster.model)
        self.progress = Progress(cluster)
        self._crew = Crew(cluster.env)
        self._delivery = delivery.build(plan, cluster.env)
        self._pull = pulls.build(options.pull, cluster.env, self._delivery)
        self._agreements = agreeing.build(cluster, self._delivery)
        self._store = cluster.learner.store()
        #: The rounds that go on now, by a server's share of a part and update.
        self._rounds: dict[tuple[Part, int], _Round] = {}
        #: Shares of the present update that are not averaged yet.
        self._missing: dict[int, int] = {}
        servers = list(cluster.servers)
        self._shares = [held for shares in shares_of(plan, servers).values() for held in shares]
        #: Places of the workers among those that are in.
        self._places = {worker.index: place for place, worker in enumerate(cluster.workers)}
        exchange = spread(self._exchange, plan, servers, self._crew)
        self._taking_over = taking_over.build(options)
        self._life = live(options, cluster, self.progress, exchange, plan, self._crew, taking_over=self._taking_over)

    def start(self) -> simpy.Event:
        """Start all processes, and return the event at which the training is over."""
        env, crew = self._cluster.env, self._crew
        for server, share in self._shares:
            crew.begin(_of_server(server), self._serve(server, share))
        workers = self._cluster.workers
        return env.all_of([crew.begin(one.index, self._life.train(one), yields=True) for one in workers])

    def dismiss(self) -> None:
        """Stop all processes, wherever they are."""
        self._crew.dismiss_all("stopped")
        self._delivery.dismiss()

    def _exchange(
        self, worker: Worker, server: Server, update: int, part: Part, follower: Contribution
    ) -> Process:
        """Push a part to its server, and pull the average."""
        push, pull, replica = self._cluster.push, self._cluster.pull, self._cluster.learner.replica(worker.index)
        own = replica.outgoing(part)
        yield from self._agreements.reach(worker, server, update, part, own, follower)
        message = yield from push.encode(worker, part, own, follower, ENCODE)
        self._agreements.encoded(worker, part)
        follower.enter(PUSH)
        with worker.send.during(words.PUSH, update, message.size):
            yield from self._delivery.send(push, worker, (server,), message, follower)
        follower.arrive(server.cores.busy_s)
        yield from push.decode(server, message, follower, SERVER_DECODE)
        follower.enter(WAITING, words.OTHER_WORKERS)
        this = self._round(part, update)
        this.join(follower, message.values)
        result, arrivals = yield this.sent
        follower.enter(PULL)
        with worker.receive.during(words.PULL, update, result.size):
            yield arrivals[self._places[worker.index]]
        yield from pull.decode(worker, result, follower, DECODE)
        self._taking_over.bring(worker.index, update, partial(replica.install, part, result.values))

    def _serve(self, server: Server, part: Part) -> Process:
        """Average one share of a server, update by update."""
        cluster, progress = self._cluster, self.progress
        update = cluster.version
        while update < progress.last:
            update += 1
            this = self._round(part, update)
            yield this.complete
            this.settle(server.cores.busy_s)
            everybody = Everybody(update, this.followers)
            yield from server.aggregate(len(this.values) * cluster.push.averaged_size(part), everybody)
            self._store.average(part, this.values)
            values = self._store.parameters(part)
            message = yield from cluster.pull.encode(server, part, values, everybody, SERVER_ENCODE)
            self._averaged(update)
            del self._rounds[part, update]
            this.sent.succeed((message, self._pull.send(cluster.pull, server, cluster.workers, message)))

    def _round(self, part: Part, update: int) -> _Round:
        """Return the round of a part, which begins when somebody first asks for it."""
        this = self._rounds.get((part, update))
        if this is None:
            this = self._rounds[part, update] = _Round(self._cluster.env, len(self._cluster.workers))
        return this

    def _averaged(self, update: int) -> None:
        """Count a share that has been averaged; the update is applied when all are."""
        missing = self._missing.pop(update, len(self._shares)) - 1
        if missing:
            self._missing[update] = missing
        else:
            self.progress.applied()


def _of_server(server: Server) -> int:
    """Return a number for the crew that no worker has."""
    return -1 - server.index


def build(options: SyncPsOptions, cluster: Cluster) -> Scheme:
    """Return the scheme, ready to start."""
    return SyncPs(options, cluster)
