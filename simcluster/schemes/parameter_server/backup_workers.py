"""Synchronous SGD with backup workers (``backup-workers``; Chen et al. 2016): the first N of N + b contributions count.

Modelled: all workers compute on the same parameters and push. An update takes the first N contributions that a server
has decoded in all their shares; the servers average those, encode once, and send the result. Who is late has worked
for nothing: its update is discarded and counted. ``late`` says what it does then:

- ``abandon``: at the moment when the N-th contribution is in, late workers drop what they are at (computing, encoding,
  sending; bytes under way are discarded) and get the result together with all others;
- ``finish``: they compute to the end and push; the server sees the number of the update and drops it without decoding;
  then they get the newest result there is by a transfer of their own, and join the update that goes on.

With overlap, parts are pushed in the backward pass already, and the next forward pass begins layer by layer; but no
part comes back before all parts of N workers are there.

Assumed: telling late workers costs nothing. With ``finish`` and a lossy pull under real training, a result is sent as
its difference from the one before: who has missed that is given it at no cost. The training is over when the winners
of the last update have its result. An update ends with the last of its winners.

Faults: a worker that crashes is one that is late: what it has contributed to an update that isn't complete is
forgotten. The training goes on as long as N are left, and stands still until they are again: for ever, if too many are
lost for good. Who comes back begins with the newest result. A server that crashes stops everybody (see
``supervision``).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Annotated, Any, ClassVar, Literal

import simpy
from pydantic import Field

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Server, Worker
from simcluster.cluster.messages import Message, Part
from simcluster.options import FieldError
from simcluster.recording import (
    DECODE,
    ENCODE,
    PULL,
    PUSH,
    SERVER_DECODE,
    SERVER_ENCODE,
    Follower,
    Piece,
    UpdateRow,
    words,
)
from simcluster.schemes import delivery
from simcluster.schemes.crew import Crew
from simcluster.schemes.delivery import Arrival
from simcluster.schemes.ending import end
from simcluster.schemes.parameter_server import pull as pulls
from simcluster.schemes.parameter_server.options import BarrierOptions
from simcluster.schemes.parameter_server.rounds import Round
from simcluster.schemes.parameter_server.sharding import shares_of
from simcluster.schemes.plan import build_plan
from simcluster.schemes.seams import Cluster, Progress, Scheme


class BackupWorkersOptions(BarrierOptions):
    """The ``training`` section of ``backup-workers``."""

    goes_on: ClassVar[bool] = True

    scheme: Literal["backup-workers"] = "backup-workers"
    backups: Annotated[int, Field(ge=0)] | None = Field(
        default=None,
        description="Workers whose contribution an update can do without (b); one, if there are several, by default.",
    )
    late: Literal["abandon", "finish"] = Field(
        default="abandon", description="Whether late workers drop their work at the barrier, or push it late."
    )

    def contributions(self, workers: int) -> int:
        """Return how many workers' contributions one update has: N."""
        return workers - (min(1, workers - 1) if self.backups is None else self.backups)

    def check_workers(self, workers: int) -> None:
        """See that somebody is left to contribute.

        Raises
        ------
        FieldError
            If all workers are backups.
        """
        if self.backups is not None and self.backups >= workers:
            raise FieldError(
                f"of {workers} workers at most {workers - 1} can be backups", ("training", "backups")
            )


OPTIONS = BackupWorkersOptions

#: What is on its way back to a worker, by the number of the part.
_Results = dict[int, list[tuple[simpy.Process, Piece]]]


class BackupWorkers:
    """The processes of synchronous SGD with backup workers.

    Parameters
    ----------
    options : BackupWorkersOptions
    cluster : Cluster
        The machines, channels and clock that the scheme orchestrates.
    """

    def __init__(self, options: BackupWorkersOptions, cluster: Cluster) -> None:
        self._cluster = cluster
        self._iterations = options.local_iterations
        self._wanted = options.contributions(len(cluster.workers))
        self._abandons = options.late == "abandon"
        self._plan = plan = build_plan(options, cluster.model)
        self.progress = Progress(cluster)
        self._crew = Crew(cluster.env)
        #: The parts that must be back before an update begins.
        self._first = plan.forward[0].parts
        #: What can be abandoned.
        self._attempts = Crew(cluster.env)
        self._delivery = delivery.build(plan, cluster.env)
        self._pull: pulls.PullMode = options.pull
        self._store = cluster.learner.store()
        self._held = shares_of(plan, list(cluster.servers))
        self._shares = [held for shares in self._held.values() for held in shares]
        self._rounds: dict[int, Round] = {}
        #: The lives of the workers, the present one of each that has crashed, by index.
        self._lives: dict[int, simpy.Process] = {}
        #: Shares of the present update that are not averaged yet.
        self._missing = len(self._shares)
        #: The newest round that has all its contributions, once there is one.
        self._newest: Round | None = None

    def start(self) -> simpy.Event:
        """Start all processes, and return the event at which the training is over."""
        env, crew, workers = self._cluster.env, self._crew, self._cluster.workers
        for server, share in self._shares:
            crew.begin(-1 - server.index, self._serve(server, share))
        version = self._cluster.version
        self._lives = {worker.index: crew.begin(worker.index, self._train(worker, version)) for worker in workers}
        won = env.process(self._last_winners())
        return env.process(end(self._cluster, won, [crew, self._attempts]))

    def _last_winners(self) -> Process:
        """Wait until the winners of the last update have its result, or have crashed."""
        yield self.progress.over
        last = self._round(self.progress.version)
        yield self._cluster.env.all_of([self._lives[index] for index in last.winners])

    def dismiss(self) -> None:
        """Stop all processes, wherever they are."""
        self._attempts.dismiss_all("stopped")
        self._crew.dismiss_all("stopped")
        self._delivery.dismiss()

    def lose(self, worker: Worker) -> None:
        """Go on without a worker that has crashed, if enough are left."""
        self._attempts.dismiss(worker.index, "crashed")
        self._crew.dismiss(worker.index, "crashed")
        self._cluster.env.process(self._leave(worker))

    def regain(self, worker: Worker) -> None:
        """Take a worker in again, which begins with the newest result."""
        self._lives[worker.index] = self._crew.begin(worker.index, self._return(worker))

    def _leave(self, worker: Worker) -> Process:
        """Forget what a worker was at, once all its processes have ended."""
        worker.compute_lane.enter(words.WAIT, cause=words.CRASHED)
        for this in self._rounds.values():
            this.forget(worker)
        newest = self._newest
        won = newest.update if newest is not None and worker.index in newest.winners else 0
        self._cluster.journal.leave(worker.index, won)
        yield from ()

    def _return(self, worker: Worker) -> Process:
        """Get the newest result, if there is one, and go on training."""
        update = self._cluster.version
        if self._newest is not None:
            update = self._newest.update
            results = self._receive_all(worker, self._newest)
            yield self._cluster.env.all_of([reception for pieces in results.values() for reception, _ in pieces])
        yield from self._train(worker, update)

    def _train(self, worker: Worker, update: int) -> Process:
        """Live a worker's life after an update: until it has the result of the last one."""
        cluster, progress = self._cluster, self.progress
        if not update:
            yield from cluster.push.prepare(worker)
        #: Results of the last update that are on their way.
        results: _Results = {}
        while update < progress.last:
            this = self._round(update + 1)
            progress.begin(this.update)
            row = cluster.journal.open(worker.index, this.update, worker.compute_lane)
            attempt = self._attempts.begin(worker.index, self._contribute(worker, this, row, results))
            yield attempt | this.complete if self._abandons else attempt
            if worker.index not in this.winners:
                self._attempts.dismiss(worker.index, "late")
                worker.device.clear()
                cluster.journal.reject(row)
                this = self._newest or this
            update = this.update
            this.audience.join(row)
            results = self._receive_all(worker, this)
            yield cluster.env.all_of(list(this.sent.values()))
            yield from _wait(results, row, self._first if update < progress.last else tuple(results))
            cluster.journal.close(row)

    def _contribute(self, worker: Worker, this: Round, row: UpdateRow, results: _Results) -> Process:
        """Compute as soon as the results are there that it takes, and push each part as soon as it is ready."""
        replica, plan = self._cluster.learner.replica(worker.index), self._plan
        each = worker.duration(self._iterations) / self._iterations
        for step in plan.forward:
            if (yield from _wait(results, row, step.parts)):
                row.resume()
            yield worker.device.compute(each * step.share)
        # What is learned costs no time: the gradient is there for the first part that needs it.
        replica.begin()
        replica.compute(self._iterations)
        if self._iterations > 1:
            yield worker.device.compute(each * (self._iterations - 1))
        pushes: list[tuple[simpy.Process, Piece]] = []
        for step in plan.backward:
            if step.share:
                yield worker.device.compute(each * step.share)
            for number in step.parts:
                for server, share in self._held[plan.parts[number]]:
                    piece = Piece(this.update)
                    life = self._push(worker, server, this, share, piece)
                    pushes.append((self._attempts.begin(worker.index, life), piece))
        yield from _wait({0: pushes}, row, (0,))

    def _push(self, worker: Worker, server: Server, this: Round, share: Part, follower: Follower) -> Process:
        """Push one share to its server, which drops it if it is late."""
        push, replica = self._cluster.push, self._cluster.learner.replica(worker.index)
        message = yield from push.encode(worker, share, replica.outgoing(share), follower, ENCODE)
        follower.enter(PUSH)
        with worker.send.during(words.PUSH, this.update, message.size):
            yield from self._delivery.send(push, worker, (server,), message, follower)
        if not this.closed:
            yield from push.decode(server, message, follower, SERVER_DECODE)
            if this.arrive(worker, share, message.values):
                self._newest = this

    def _serve(self, server: Server, share: Part) -> Process:
        """Average one share of a server, update by update."""
        push, pull = self._cluster.push, self._cluster.pull
        update = self._cluster.version
        while update < self.progress.last:
            update += 1
            this = self._round(update)
            yield this.complete
            values = this.contributions(share)
            yield from server.aggregate(len(values) * push.averaged_size(share), this.audience)
            self._store.average(share, values)
            result = self._store.parameters(share)
            message = yield from pull.encode(server, share, result, this.audience, SERVER_ENCODE)
            self._averaged(update)
            this.sent[share].succeed((message, self._send(server, this, message)))

    def _send(self, server: Server, this: Round, message: Message) -> dict[int, Arrival]:
        """Start to send a result to several workers together, and return its arrival for each of them."""
        everybody = {worker.index: worker for worker in self._cluster.workers}
        match self._pull:
            case "unicast":
                return {}
            case "free":
                return dict.fromkeys(everybody, self._cluster.env.event().succeed())
            case "multicast":
                to = everybody if self._abandons else dict(this.receivers)
                return dict.fromkeys(to, self._delivery.start(self._cluster.pull, server, list(to.values()), message))

    def _receive_all(self, worker: Worker, this: Round) -> _Results:
        """Begin to wait for the result of a round, all shares at a time, and return what is on its way by part."""
        this.receivers[worker.index] = worker
        results: _Results = {}
        for number, part in enumerate(self._plan.parts):
            for server, share in self._held[part]:
                piece = Piece(this.update)
                life = self._receive(worker, server, this, share, piece)
                results.setdefault(number, []).append((self._crew.begin(worker.index, life), piece))
        return results

    def _receive(self, worker: Worker, server: Server, this: Round, share: Part, follower: Follower) -> Process:
        """Get one share of a result: together with others, or by a transfer of one's own."""
        pull = self._cluster.pull
        message, together = yield this.sent[share]
        follower.enter(PULL)
        with worker.receive.during(words.PULL, this.update, message.size):
            if worker.index in together:
                yield together[worker.index]
            else:
                yield from self._delivery.send(pull, server, (worker,), message, follower)
        yield from pull.decode(worker, message, follower, DECODE)
        self._cluster.learner.replica(worker.index).install(share, message.values)

    def _round(self, update: int) -> Round:
        """Return a round, which begins when somebody first asks for it."""
        if update not in self._rounds:
            shares = [share for _, share in self._shares]
            self._rounds[update] = Round(self._cluster.env, update, self._wanted, shares)
        return self._rounds[update]

    def _averaged(self, update: int) -> None:
        """Count a share that has been averaged; the update is applied when all are."""
        self._missing -= 1
        if not self._missing:
            self._missing = len(self._shares)
            self._rounds.pop(update - 1, None)
            self.progress.applied()


def _wait(
    under_way: _Results, row: UpdateRow, numbers: tuple[int, ...]
) -> Generator[Any, Any, bool]:
    """Wait for some parts, charge the row with what keeps them, and return whether any had to be waited for."""
    waited = False
    for number in numbers:
        for process, piece in under_way.pop(number, ()):
            if not process.processed:
                waited = True
                piece.watch(row)
                try:
                    yield process
                finally:
                    piece.leave()
    return waited


def build(options: BackupWorkersOptions, cluster: Cluster) -> Scheme:
    """Return the scheme, ready to start."""
    return BackupWorkers(options, cluster)
