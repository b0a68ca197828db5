"""What all schemes with collective operations share: everybody contributes a part, and gets the mean of all.

There is no server: workers send to each other, all through the channel ``push``. The barrier is the operation itself,
since nobody can have the mean before the last one has contributed. Every worker takes the mean over on its own: a step
along the mean gradient, or the mean parameters. An update is applied when the last worker has taken over its last part.

Messages that can't be added up as they are (``channel.sums``) are decoded, added and encoded again by everybody who
adds up; results are passed on as they are, so that all workers have the same.

Where adding up costs time (``cluster.worker.aggregation_rate``), it is charged on the bytes that arrive to be added,
where the worker's codecs run: the gamma term of the cost models of Thakur, Rabenseifner and Gropp (2005).

Faults: a worker that crashes leaves the operation without its contribution, so that nobody can end it: the update in
progress is lost for all, and begins again with those who are in then, in a new ring, tree or group, as in elastic
Horovod (see ``supervision``). There is no server that could fail.
"""

from __future__ import annotations

import simpy

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Worker
from simcluster.cluster.messages import Part
from simcluster.recording import Contribution
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
        #: The rounds that go on now, by part and update.
        self._rounds: dict[tuple[Part, int], Round] = {}
        #: Places of the workers among those that are in.
        self._places = {worker.index: place for place, worker in enumerate(cluster.workers)}
        #: Parts of an update that workers have not taken over yet.
        self._missing: dict[int, int] = {}
        self._life = live(options, cluster, self.progress, self, plan, self._crew)

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
        turn = self._stream.ask(worker, update, part, follower)
        try:
            if turn.begins is not None:
                yield turn.begins
            average = replica.outgoing(part)
            if len(self._cluster.workers) > 1:
                this = self._round(part, update)
                seat = this.join(self._places[worker.index], follower, average)
                try:
                    average = yield from self._collective.run(seat)
                finally:
                    seat.leave()
                    if this.over:
                        del self._rounds[part, update]
        finally:
            turn.end()
        replica.incoming(part, average)
        self._taken_over(update)

    def _round(self, part: Part, update: int) -> Round:
        """Return the round of a part, which begins when the first member joins."""
        key = part, update
        if key not in self._rounds:
            cluster = self._cluster
            self._rounds[key] = Round(cluster.env, cluster.push, cluster.workers, update, part)
        return self._rounds[key]

    def _taken_over(self, update: int) -> None:
        """Count a part that a worker has taken over; the update is applied when all have all."""
        everything = len(self._plan.parts) * len(self._cluster.workers)
        missing = self._missing.pop(update, everything) - 1
        if missing:
            self._missing[update] = missing
        else:
            self.progress.applied()
