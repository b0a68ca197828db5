"""Asynchronous decentralized parallel SGD (``ad-psgd``; Lian et al. 2018, arXiv 1710.06952).

Modelled: every worker has a model and two threads. The compute thread copies the model, computes a gradient on the
copy and hands it to the gossip thread; it waits only if that hasn't taken the previous gradient yet. The gossip
thread applies a gradient that is ready, and averages: an *active* worker sends its model to a partner, drawn at
random among its neighbours in the graph, and then receives the partner's; a *passive* one, when it has received a
model completely, answers with its own. Both average what they have received with what their model is by then. An edge
of the graph joins an active and a passive worker, so that nobody waits in a circle; see ``pairs``.

An active worker averages all the time, as the thread of facebookresearch/stochastic_gradient_push does (``ad_psgd.py``,
``BilatPushPull`` in ``gossiper.py``), or once for each of its gradients, as in the paper's algorithm 1: ``averaging``.

An update is one gradient that is applied. Its staleness counts the updates of all workers since the copy of the
model. Averaging costs time where ``cluster.worker.aggregation_rate`` says so.
Assumed: copying the model and applying a gradient cost nothing; a gossip thread that has nothing to
do applies a gradient at once, before the compute thread copies the model. Whole models are exchanged, behind the
computing: what the journal charges to an update besides computing is what the gossip thread does while the compute
thread waits for it.

Faults: an answer that never comes stops the gossip thread that waits for it, those that wait for this one, and at
last everybody: a crash loses the gradients that are not applied yet, of all workers, and the training goes on when
the group is complete again or without who is lost (see ``supervision``), on the graph of as many workers as are left.
Left out: partners that give up waiting, and ask another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import ClassVar, Literal, Self

import simpy
from pydantic import Field, model_validator

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Worker
from simcluster.cluster.messages import Part
from simcluster.options import FieldError
from simcluster.schemes.crew import Crew
from simcluster.schemes.ending import end
from simcluster.schemes.gossip.asynchronous import Gossip, Gradient, Learner
from simcluster.schemes.gossip.options import GossipOptions
from simcluster.schemes.gossip.pairs import PairGraphName, Pairs
from simcluster.schemes.seams import Cluster, Progress, Scheme


class AsynchronousGossipOptions(GossipOptions):
    """The part of the ``training`` section that AD-PSGD shares with its hierarchical form."""

    overlaps: ClassVar[bool] = False

    graph: PairGraphName = Field(default="exponential", description="Who may average with whom.")
    averaging: Literal["always", "once-per-update"] = Field(
        default="always",
        description="How often an active worker averages: as often as the network lets it, or once for each update.",
    )

    def contributions(self, workers: int) -> int:
        """Return how many workers' contributions one update has: one."""
        return 1

    def spectral_gap(self, workers: int) -> float | None:
        """Return the spectral gap of the expected W^T W of one averaging; see ``mixing``."""
        from simcluster.schemes.gossip import mixing

        return mixing.spectral_gap_of_pairs(self.graph, workers)

    @model_validator(mode="after")
    def _check_asynchronous(self) -> Self:
        if self.exchange == "parameters":
            raise FieldError(
                "averages arrive while a worker computes, and would undo its local steps",
                "exchange",
                "say 'exchange: gradients'",
            )
        if self.slice_size is not None:
            raise FieldError("whole models are averaged, in one message", "slice_size", "leave it out")
        return self


class AdPsgdOptions(AsynchronousGossipOptions):
    """The ``training`` section of ``ad-psgd``."""

    one_at_a_time: ClassVar[bool] = True

    scheme: Literal["ad-psgd"] = "ad-psgd"


OPTIONS = AdPsgdOptions


class AdPsgd:
    """The processes of asynchronous decentralized parallel SGD.

    Parameters
    ----------
    options : AsynchronousGossipOptions
    cluster : Cluster
        The machines, channels and clock that the scheme orchestrates.
    """

    def __init__(self, options: AsynchronousGossipOptions, cluster: Cluster) -> None:
        self._cluster = cluster
        self._iterations = options.local_iterations
        self._part = Part(0.0, cluster.model.size)
        self.progress = Progress(cluster)
        self._crew = Crew(cluster.env)
        self._gossip = Gossip(cluster, self.progress, self._part, options.averaging == "once-per-update")
        self._learners = [
            Learner(cluster.env, number, members) for number, members in enumerate(self._teams(cluster.workers))
        ]
        self._pairs = Pairs(options.graph, len(self._learners))

    def start(self) -> simpy.Event:
        """Start all processes, and return the event at which the training is over."""
        self._cluster.journal.defer()
        for learner in self._learners:
            for worker in learner.members:
                self._crew.begin(worker.index, self._live(learner, worker))
        return self._cluster.env.process(end(self._cluster, self.progress.over, [self._crew]))

    def dismiss(self) -> None:
        """Stop all processes, wherever they are."""
        self._crew.dismiss_all("stopped")

    def _teams(self, workers: Sequence[Worker]) -> Iterator[Sequence[Worker]]:
        """Yield the workers that act as one: each on its own."""
        for worker in workers:
            yield (worker,)

    def _live(self, learner: Learner, worker: Worker) -> Process:
        """Live a worker's life: begin its gossip thread, and compute."""
        if not self._cluster.version:  # else it goes on after a pause
            yield from self._cluster.push.prepare(worker)
        if worker is learner.worker:
            self._crew.begin(worker.index, self._gossip_of(learner))
        yield from self._train(learner, worker)

    def _gossip_of(self, learner: Learner) -> Process:
        """Return the life of a gossip thread."""
        if not self._pairs.is_active(learner.number):
            return self._gossip.answer(learner)
        draws = self._pairs.draws(learner.number, self._cluster.seed, learner.worker.name)
        return self._gossip.ask(learner, (self._learners[number] for number in draws))

    def _train(self, learner: Learner, worker: Worker) -> Process:
        """Compute gradients, and hand them to the gossip thread."""
        cluster, replica = self._cluster, self._cluster.learner.replica(worker.index)
        for step in count(1):
            row = cluster.journal.open(worker.index, step, worker.compute_lane)
            version = self.progress.version
            replica.begin()
            yield worker.compute(self._iterations)
            yield from learner.free(row)
            replica.compute(self._iterations)
            self._gossip.hand_over(learner, Gradient(step, version, replica.outgoing(self._part)))
            cluster.journal.close(row)


def build(options: AdPsgdOptions, cluster: Cluster) -> Scheme:
    """Return the scheme, ready to start."""
    return AdPsgd(options, cluster)
