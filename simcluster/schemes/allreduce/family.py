"""What all schemes with collective operations share: everybody contributes a part, and gets the mean of all.

There is no server: workers send to each other, all through the channel ``push``. The barrier is the operation itself,
since nobody can have the mean before the last one has contributed. Every worker takes the mean over on its own: a step
along the mean gradient, or the mean parameters. An update is applied when the last worker has taken over its last part.

Messages that can't be added up as they are (``channel.sums``) are decoded, added and encoded again by everybody who
adds up; results are passed on as they are, so that all workers have the same.

Where every worker encodes its own contribution as a whole (``all-gather``), all can agree on something before: they do
so by the same operation, on proposals that travel as they are. Where sums of several are encoded, nobody has what an
agreement would have to be about, and a codec that needs one is refused.

Where adding up costs time (``cluster.worker.aggregation_rate``), it is charged on the bytes that arrive to be added,
where the worker's codecs run: the gamma term of the cost models of Thakur, Rabenseifner and Gropp (2005).

Faults: a worker that crashes leaves the operation without its contribution, so that nobody can end it: the update in
progress is lost for all, and begins again with those who are in then, in a new ring, tree or group, as in elastic
Horovod (see ``supervision``). There is no server that could fail.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

import simpy

from simcluster.cluster.channels import Channel
from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Worker
from simcluster.cluster.messages import NOTHING, Part, Values
from simcluster.learning.seams import Replica
from simcluster.recording import Contribution
from simcluster.schemes import taking_over
from simcluster.schemes.allreduce.options import AllReduceOptions
from simcluster.schemes.allreduce.rounds import Collective, Round
from simcluster.schemes.allreduce.stream import stream
from simcluster.schemes.crew import Crew
from simcluster.schemes.life import live
from simcluster.schemes.plan import build_plan
from simcluster.schemes.seams import Cluster, Progress


class AllReduce:
    """The processes of synchronous SGD without servers.

    Parameters
    ----------
    options : AllReduceOptions
    cluster : Cluster
        The machines, channels and clock that the scheme orchestrates.
    collective : Collective
        How contributions are added up.
    """

    def __init__(self, options: AllReduceOptions, cluster: Cluster, collective: Collective) -> None:
        self._cluster = cluster
        self._collective = collective
        self._plan = plan = build_plan(options, cluster.model)
        self.progress = Progress(cluster)
        self._crew = Crew(cluster.env)
        self._stream = stream(options, plan, cluster.env, len(cluster.workers))
        #: What proposals travel in, before all encode.
        self._plain = cluster.push.plain()
        #: The rounds that go on now, by channel, part and update.
        self._rounds: dict[tuple[Channel, Part, int], Round] = {}
        #: Places of the workers among those that are in.
        self._places = {worker.index: place for place, worker in enumerate(cluster.workers)}
        #: Parts of an update that workers have not taken over yet.
        self._missing: dict[int, int] = {}
        self._taking_over = taking_over.build(options)
        self._life = live(options, cluster, self.progress, self, plan, self._crew, taking_over=self._taking_over)

    def start(self) -> simpy.Event:
        """Start all processes, and return the event at which the training is over."""
        crew = self._crew
        return self._cluster.env.all_of(
            [crew.begin(worker.index, self._life.train(worker), yields=True) for worker in self._cluster.workers]
        )

    def dismiss(self) -> None:
        """Stop all processes, wherever they are."""
        self._crew.dismiss_all("stopped")

    def exchange(self, worker: Worker, update: int, part: Part, follower: Contribution) -> Process:
        """Contribute a part, and take over the mean of what all contribute."""
        replica = self._cluster.learner.replica(worker.index)
        # Now: when its turn comes, the worker may have computed the next update already.
        average = replica.outgoing(part)
        turn = self._stream.ask(worker, update, part, follower)
        try:
            if turn.begins is not None:
                yield turn.begins
            if len(self._cluster.workers) > 1:
                channel = self._cluster.push
                if channel.agrees:
                    yield from self._agree(channel.propose(worker, part, average), worker, update, part, follower)
                average = yield from self._reduce(channel, worker, update, part, average, follower)
        finally:
            turn.end()
        self._taking_over.bring(worker.index, update, partial(self._take_over, replica, update, part, average))

    def _agree(self, size: float, worker: Worker, update: int, part: Part, follower: Contribution) -> Process:
        """Agree with all others on what they need to encode a part: by the same operation, on what each proposes."""
        proposal = Part(part.start, size, part.priority)
        yield from self._reduce(self._plain, worker, update, proposal, NOTHING, follower)

    def _reduce(
        self, channel: Channel, worker: Worker, update: int, part: Part, own: Values, follower: Contribution
    ) -> Generator[Any, Any, Values]:
        """Take part in the operation on a part, and return the mean."""
        key = channel, part, update
        if key not in self._rounds:
            cluster = self._cluster
            self._rounds[key] = Round(cluster.env, channel, cluster.workers, update, part)
        this = self._rounds[key]
        seat = this.join(self._places[worker.index], follower, own)
        try:
            return (yield from self._collective.run(seat))
        finally:
            seat.leave()
            if this.over:
                del self._rounds[key]

    def _take_over(self, replica: Replica, update: int, part: Part, average: Values) -> None:
        """Let a worker take over a part; the update is applied when all have all."""
        replica.incoming(part, average)
        everything = len(self._plan.parts) * len(self._cluster.workers)
        missing = self._missing.pop(update, everything) - 1
        if missing:
            self._missing[update] = missing
        else:
            self.progress.applied()
