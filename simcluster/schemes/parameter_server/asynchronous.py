"""Push, apply, pull: what the asynchronous schemes with parameter servers share.

Modelled: a worker computes its local iterations, encodes and pushes; the server decodes the push as soon as it has
arrived and a core is free, and applies it at once, on its own; then the worker may have to wait at a gate (``ssp``),
pulls the parameters as they are then, encoded for it alone, and decodes them. Shares of several servers, buckets of
layers and slices go that way independently of each other; an update is applied when all of its parts are.

In updates after which a worker doesn't fetch, it applies its own gradients and computes on, while the push is under
way; it begins no other push of the same part before that one is applied.

Assumed: a pull answers a push on the same connection, and asking for it costs nothing. The number of an update is its
place in the order in which updates were applied. The training is over when the last one is: what is under way then is
dismissed.

Faults: a worker that crashes takes its transfers, and what servers do for it, along (``Crew.dismiss``); shares of its
push that were applied before stay applied, and nobody waits for the rest; the gate forgets the worker. It comes back
with a pull, as one of the slowest. A server that crashes stops everybody (see ``supervision``).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol

import simpy

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Server, Worker
from simcluster.cluster.messages import Message, Part
from simcluster.recording import (
    DECODE,
    ENCODE,
    PULL,
    PUSH,
    SERVER_DECODE,
    SERVER_ENCODE,
    WAITING,
    Contribution,
    Follower,
    Piece,
    words,
)
from simcluster.schemes import delivery
from simcluster.schemes.crew import Crew
from simcluster.schemes.ending import end
from simcluster.schemes.life import live
from simcluster.schemes.options import SchemeOptions
from simcluster.schemes.parameter_server.applying import Applying
from simcluster.schemes.parameter_server.sharding import shares_of, spread
from simcluster.schemes.parameter_server.versions import OwnPace, Versions
from simcluster.schemes.plan import build_plan
from simcluster.schemes.seams import Cluster, Progress


class Gate(Protocol):
    """Where workers that are ahead of others may have to wait."""

    def pass_through(self, worker: int, ahead: int, follower: Follower) -> Process:
        """Wait until a worker may go on.

        Parameters
        ----------
        worker : int
        ahead : int
            Its updates that are not counted yet: 1 as long as some shares of its last one are not applied, else 0.
        follower : Follower
        """

    def applied(self, worker: int) -> None:
        """Say that one more update of a worker has been applied."""

    def leave(self, worker: int) -> None:
        """Wait for a worker no more: it has crashed."""

    def join(self, worker: int) -> None:
        """Count on a worker that is back: as one of the slowest."""


class OpenGate:
    """Nobody waits."""

    def pass_through(self, worker: int, ahead: int, follower: Follower) -> Process:
        """Go on at once."""
        yield from ()

    def applied(self, worker: int) -> None:
        """Do nothing."""

    def leave(self, worker: int) -> None:
        """Do nothing."""

    def join(self, worker: int) -> None:
        """Do nothing."""


class Asynchronous:
    """The processes of asynchronous SGD.

    Parameters
    ----------
    options : SchemeOptions
    cluster : Cluster
        The machines, channels and clock that the scheme orchestrates.
    applying : Applying
        How servers add pushes to their parameters.
    gate : Gate
        Between push and pull.
    fetch_every : int
        Updates from one pull to the next.
    """

    def __init__(
        self, options: SchemeOptions, cluster: Cluster, applying: Applying, gate: Gate, fetch_every: int = 1
    ) -> None:
        self._cluster = cluster
        self._applying = applying
        self._gate = gate
        self._fetch_every = fetch_every
        self._steps_itself = options.exchange == "gradients"
        plan = build_plan(options, cluster.model)
        servers = list(cluster.servers)
        self.progress = Progress(cluster)
        self._crew = Crew(cluster.env)
        self._delivery = delivery.build(plan, cluster.env)
        self._store = cluster.learner.store()
        self._shares = [held for shares in shares_of(plan, servers).values() for held in shares]
        self._versions = Versions(cluster, self.progress, len(self._shares))
        #: The last push of each worker and share that it did not wait for.
        self._pushing: dict[tuple[int, Part], simpy.Event] = {}
        self._never = cluster.env.event()
        exchange = spread(self._exchange, plan, servers, self._crew)
        self._life = live(options, cluster, OwnPace(cluster), exchange, plan, self._crew)

    def start(self) -> simpy.Event:
        """Start all processes, and return the event at which the training is over."""
        self._cluster.journal.defer()
        for worker in self._cluster.workers:
            self._crew.begin(worker.index, self._life.train(worker), yields=True)
        return self._cluster.env.process(end(self._cluster, self.progress.over, [self._crew]))

    def dismiss(self) -> None:
        """Stop all processes, wherever they are."""
        self._crew.dismiss_all("stopped")

    def lose(self, worker: Worker) -> None:
        """Go on without a worker that has crashed."""
        self._crew.dismiss(worker.index, "crashed")
        self._cluster.env.process(self._leave(worker))

    def regain(self, worker: Worker) -> None:
        """Take a worker in again, which begins with a pull."""
        self._crew.begin(worker.index, self._return(worker))

    def _leave(self, worker: Worker) -> Process:
        """Forget what a worker was at, once all its processes have ended."""
        worker.compute_lane.enter(words.WAIT, cause=words.CRASHED)
        self._cluster.journal.leave(worker.index)
        self._versions.forget(worker.index)
        for share in [share for index, share in self._pushing if index == worker.index]:
            del self._pushing[worker.index, share]
        self._gate.leave(worker.index)
        yield from ()

    def _return(self, worker: Worker) -> Process:
        """Pull everything, and go on training."""
        for server, share in self._shares:
            yield from self._fetch(worker, server, 0, share, Piece(0))
        self._gate.join(worker.index)
        yield from self._life.train(worker)

    def _exchange(
        self, worker: Worker, server: Server, update: int, share: Part, follower: Contribution
    ) -> Process:
        """Push a share to its server, and pull it if it is time."""
        replica = self._cluster.learner.replica(worker.index)
        message = yield from self._cluster.push.encode(worker, share, replica.outgoing(share), follower, ENCODE)
        yield from self._finish_push(worker, share, follower)
        if update % self._fetch_every:
            push = self._push(worker, server, update, message, Piece(update))
            self._pushing[worker.index, share] = self._crew.begin(worker.index, push)
            if self._steps_itself:
                replica.step(share)
            return
        yield from self._push(worker, server, update, message, follower)
        ahead = int(self._versions.is_partly_applied(worker.index, update))
        yield from self._gate.pass_through(worker.index, ahead, follower)
        yield from self._fetch(worker, server, update, share, follower)

    def _push(
        self, worker: Worker, server: Server, update: int, message: Message, follower: Follower
    ) -> Process:
        """Send a message to a server, which applies it at once."""
        push, share = self._cluster.push, message.part
        follower.enter(PUSH)
        with worker.send.during(words.PUSH, update, message.size):
            yield from self._delivery.send(push, worker, (server,), message, follower)
        yield from push.decode(server, message, follower, SERVER_DECODE)
        yield from self._applying.apply(server, share, push.averaged_size(share), follower)
        if not self._versions.over:
            self._store.apply(share, message.values)
            if self._versions.apply(worker.index, update, share):
                self._gate.applied(worker.index)
        if self._versions.over:
            follower.enter(WAITING, words.FINISHED)
            yield self._never

    def _finish_push(self, worker: Worker, share: Part, follower: Follower) -> Process:
        """Wait for the last push of a share, if that is under way."""
        before = self._pushing.pop((worker.index, share), None)
        if before is not None and not before.processed:
            follower.enter(PUSH)
            yield before

    def _fetch(
        self, worker: Worker, server: Server, update: int, share: Part, follower: Follower
    ) -> Process:
        """Pull a share as it is now, and compute on it."""
        message = yield from self._receive(worker, server, update, share, follower)
        self._cluster.learner.replica(worker.index).install(share, message.values)

    def _receive(
        self, worker: Worker, server: Server, update: int, share: Part, follower: Follower
    ) -> Generator[Any, Any, Message]:
        """Return the message with a share of the parameters as they are now, once the worker has decoded it."""
        pull = self._cluster.pull
        self._versions.read(worker.index, share)
        values = self._store.parameters(share)
        message = yield from pull.encode(server, share, values, follower, SERVER_ENCODE, worker.name)
        follower.enter(PULL)
        with worker.receive.during(words.PULL, update, message.size):
            yield from self._delivery.send(pull, server, (worker,), message, follower)
        yield from pull.decode(worker, message, follower, DECODE)
        return message
