"""Decentralized parallel SGD (``d-psgd``; Lian et al. 2017, arXiv 1705.09056).

Modelled: every worker has a model of its own. In each update it computes a gradient on its parameters x_t, sends x_t to
its neighbours, and averages theirs with its own by the weights of the mixing matrix; it waits for its neighbours only,
so that the delay of a slow worker travels one hop an update. Orders of averaging:

- ``combine-then-adapt`` (the paper's algorithm 1): x_{t+1} = sum_j w_ij x_t^j - lr g(x_t). What is averaged is known
  before the computing begins, so that both go on at the same time.
- ``adapt-then-combine``: x_{t+1} = sum_j w_ij (x_t^j - lr g(x_t^j)). What is averaged contains the gradient, so that
  the exchange begins when it is computed.

Parts (layers, buckets, slices) go that way independently of each other: x_{t+1} of a layer is sent as soon as its
average and its gradient are there. With a codec that loses something, neighbours keep what they have got of each
other, and the difference from that is sent; a worker takes for its own share, too, what its neighbours have of it
(DCD-PSGD; Tang et al. 2018, Communication Compression for Decentralized Training). Where neighbours change from
update to update, the difference is from what this one has.

An exchange is over when a worker has all its neighbours' parameters, and its own have arrived: so long it needs them.
Adding up costs time where ``cluster.worker.aggregation_rate`` says so, on the bytes that arrive.
Assumed: applying a gradient costs nothing; a message that comes early waits in a buffer.

Faults: neighbours miss a worker that crashes, theirs miss them an update later, and so on: the update in progress is
lost for all (see ``supervision``). Whoever goes on without a worker closes the graph around it: it is that of as many
workers as are left, in their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

import simpy
from pydantic import Field, model_validator

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Worker
from simcluster.cluster.messages import Part, Values
from simcluster.options import FieldError
from simcluster.recording import Contribution, Piece
from simcluster.schemes import delivery
from simcluster.schemes.crew import Crew
from simcluster.schemes.gossip.combining import Combiner
from simcluster.schemes.gossip.graphs import GraphName, build_graph
from simcluster.schemes.gossip.letters import Letters
from simcluster.schemes.gossip.options import GossipOptions
from simcluster.schemes.life import Life, live
from simcluster.schemes.plan import build_plan
from simcluster.schemes.seams import Cluster, Progress, Scheme


class DPsgdOptions(GossipOptions):
    """The ``training`` section of ``d-psgd``."""

    scheme: Literal["d-psgd"] = "d-psgd"
    graph: GraphName = Field(default="ring", description="Who averages with whom.")
    averaging: Literal["combine-then-adapt", "adapt-then-combine"] = Field(
        default="combine-then-adapt",
        description="Average the parameters while the gradient is computed, and then apply it; or the other way round.",
    )

    def spectral_gap(self, workers: int) -> float | None:
        """Return the spectral gap of the mixing matrix; see ``mixing``."""
        from simcluster.schemes.gossip import mixing

        return mixing.spectral_gap(self.graph, workers)

    @model_validator(mode="after")
    def _check_exchange(self) -> Self:
        if self.exchange == "parameters" and self.averaging == "combine-then-adapt":
            raise FieldError(
                "the average would undo the local steps that a worker makes meanwhile",
                "exchange",
                "say 'averaging: adapt-then-combine', or 'exchange: gradients'",
            )
        return self


OPTIONS = DPsgdOptions


class _Shares:
    """Counts the parts of all workers: an update is applied when all have theirs.

    Parameters
    ----------
    progress : Progress
    count : int
        Parts of all workers together.
    """

    def __init__(self, progress: Progress, count: int) -> None:
        self._progress = progress
        self._count = count
        #: What is missing, by update: neighbours may be an update ahead.
        self._missing: dict[int, int] = {}

    def applied(self, update: int) -> None:
        """Count a part that a worker has applied."""
        missing = self._missing.pop(update, self._count) - 1
        if missing:
            self._missing[update] = missing
        else:
            self._progress.applied()


class AdaptThenCombine:
    """Apply the own gradient, and then average.

    Parameters
    ----------
    cluster : Cluster
    combiner : Combiner
    shares : _Shares
    steps : bool
        Whether there is a gradient to apply; who has made local steps has none.
    """

    def __init__(self, cluster: Cluster, combiner: Combiner, shares: _Shares, steps: bool) -> None:
        self._learner = cluster.learner
        self._combiner = combiner
        self._shares = shares
        self._steps = steps

    def exchange(self, worker: Worker, update: int, part: Part, follower: Contribution) -> Process:
        """Apply the gradient, send the result to the neighbours, and average."""
        replica = self._learner.replica(worker.index)
        if self._steps:
            replica.step(part)
        average = yield from self._combiner.combine(worker, update, part, follower)
        replica.install(part, average)
        self._shares.applied(update)


class CombineThenAdapt:
    """Average while the gradient is computed, and then apply it.

    Parameters
    ----------
    cluster : Cluster
    combiner : Combiner
    shares : _Shares
    progress : Progress
    crew : Crew
    parts : sequence of Part
    """

    def __init__(
        self, cluster: Cluster, combiner: Combiner, shares: _Shares, progress: Progress, crew: Crew,
        parts: Sequence[Part],
    ) -> None:
        self._learner = cluster.learner
        self._combiner = combiner
        self._shares = shares
        self._progress = progress
        self._crew = crew
        self._parts = parts
        #: The averages that are being made, by worker and part.
        self._averages: dict[tuple[int, Part], tuple[simpy.Event, Piece]] = {}
        self._made: dict[tuple[int, Part], Values] = {}

    def begin(self, worker: Worker) -> None:
        """Begin to average the first parameters of a worker."""
        for part in self._parts:
            self._combine(worker, self._progress.version + 1, part)

    def exchange(self, worker: Worker, update: int, part: Part, follower: Contribution) -> Process:
        """Wait for the average, apply the gradient to it, and begin to average the result."""
        average, piece = self._averages.pop((worker.index, part))
        if not average.processed:
            piece.watch(follower)
            yield average
            piece.leave()
        replica = self._learner.replica(worker.index)
        replica.install(part, self._made.pop((worker.index, part)))
        replica.step(part)
        self._shares.applied(update)
        if update < self._progress.last:
            self._combine(worker, update + 1, part)

    def _combine(self, worker: Worker, update: int, part: Part) -> None:
        # Whoever sends for an update has begun it: a training that stops early lets everybody finish it.
        self._progress.begin(update)
        piece = Piece(update)
        self._averages[worker.index, part] = self._crew.begin(worker.index, self._make(worker, part, piece)), piece

    def _make(self, worker: Worker, part: Part, piece: Piece) -> Process:
        average = yield from self._combiner.combine(worker, piece.update, part, piece)
        self._made[worker.index, part] = average


class DPsgd:
    """The processes of decentralized parallel SGD.

    Parameters
    ----------
    options : DPsgdOptions
    cluster : Cluster
        The machines, channels and clock that the scheme orchestrates.
    """

    def __init__(self, options: DPsgdOptions, cluster: Cluster) -> None:
        self._cluster = cluster
        self._crew = crew = Crew(cluster.env)
        self.progress = progress = Progress(cluster)
        plan = build_plan(options, cluster.model)
        letters = Letters(cluster.env, cluster.push, delivery.build(plan, cluster.env))
        graph = build_graph(options.graph, len(cluster.workers), cluster.seed)
        combiner = Combiner(cluster, graph, letters, crew)
        shares = _Shares(progress, len(cluster.workers) * len(plan.parts))
        self._life: Life
        if options.averaging == "combine-then-adapt":
            combined = CombineThenAdapt(cluster, combiner, shares, progress, crew, plan.parts)
            self._life = live(options, cluster, progress, combined, plan, crew, combined.begin)
        else:
            adapted = AdaptThenCombine(cluster, combiner, shares, options.exchange == "gradients")
            self._life = live(options, cluster, progress, adapted, plan, crew)

    def start(self) -> simpy.Event:
        """Start all processes, and return the event at which the training is over."""
        crew, workers = self._crew, self._cluster.workers
        lives = [crew.begin(worker.index, self._life.train(worker), yields=True) for worker in workers]
        return self._cluster.env.all_of(lives)

    def dismiss(self) -> None:
        """Stop all processes, wherever they are."""
        self._crew.dismiss_all("stopped")


def build(options: DPsgdOptions, cluster: Cluster) -> Scheme:
    """Return the scheme, ready to start."""
    return DPsgd(options, cluster)
