"""Synchronous SGD with ring all-reduce (``ring-allreduce``): Horovod's, NCCL's and Baidu's.

Modelled: real chunks over the network, in the order of the workers' numbers (so that a ring crosses each machine's
interface once); see ``ring`` for what happens in it, and ``family`` for what all collectives share, faults among it.

Where the links that the ring uses are its own and nothing works on the way, all chunks are computed at once from their
dependencies, and there is one event for each worker instead of one for each chunk (``ring_times``); the times are the
same, and so is all that is recorded. Otherwise every chunk is a transfer of the network; so it is where crashes can
interrupt the ring.

Left out: several rings at a time (NCCL's channels), and chunks that are sent in smaller pieces.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from math import fsum, isinf
from typing import Any, Literal

import simpy

from simcluster.cluster.channels import Channel
from simcluster.cluster.messages import Part, Values, mean
from simcluster.network.transfer import units_of
from simcluster.protocols import PrivateRoute
from simcluster.recording import words
from simcluster.schemes.allreduce.family import AllReduce
from simcluster.schemes.allreduce.options import AllReduceOptions
from simcluster.schemes.allreduce.ring import ring
from simcluster.schemes.allreduce.ring_times import RingTimes
from simcluster.schemes.allreduce.rounds import Collective, Round, Seat
from simcluster.schemes.seams import Cluster, Scheme, Unsupervised


class RingAllReduceOptions(AllReduceOptions):
    """The ``training`` section of ``ring-allreduce``."""

    scheme: Literal["ring-allreduce"] = "ring-allreduce"


OPTIONS = RingAllReduceOptions


class ChunkByChunk:
    """Every chunk is a transfer."""

    def run(self, seat: Seat) -> Generator[Any, Any, Values]:
        """Do one member's share, and return the mean."""
        members = len(seat.round.workers)
        first, *others = yield from ring(seat, range(members), seat.round.part, seat.own, members)
        return first.values.join(message.values for message in others)


class _Chunks:
    """The chunks of a part.

    Parameters
    ----------
    channel : Channel
    part : Part
    members : int
    """

    def __init__(self, channel: Channel, part: Part, members: int) -> None:
        self.sizes = [float(channel.wire_size(chunk)) for chunk in part.split(members)]
        units = [units_of(size) for size in self.sizes]
        #: What each member sends in all: bytes [B], and units of the network's books. That is all chunks twice, but for
        #: the one that it adds up last and the one that it receives last.
        self.sent = [
            (2 * fsum(self.sizes) - self.sizes[added] - self.sizes[last], 2 * sum(units) - units[added] - units[last])
            for added, last in (((place + 1) % members, (place + 2) % members) for place in range(members))
        ]


class InBulk:
    """All chunks are computed when the last member has joined: nobody can be through before.

    Parameters
    ----------
    env : simpy.Environment
    routes : sequence of PrivateRoute
        The way from each member to the next.
    """

    def __init__(self, env: simpy.Environment, routes: Sequence[PrivateRoute]) -> None:
        self._env = env
        self._routes = routes
        self._chunks: dict[Part, _Chunks] = {}
        #: The rounds that go on, with the event at which each member is through.
        self._through: dict[Round, dict[int, simpy.Event]] = {}

    def run(self, seat: Seat) -> Generator[Any, Any, Values]:
        """Do one member's share, and return the mean."""
        this, place = seat.round, seat.place
        through = self._through.setdefault(this, {})
        through[place] = self._env.event()
        if this.complete:
            self._compute(this, through)
        times: RingTimes
        average: Values
        times, average = yield through[place]
        self._book(seat, times)
        del through[place]
        if not through:
            del self._through[this]
        return average

    def _compute(self, this: Round, through: dict[int, simpy.Event]) -> None:
        """Compute the times of all chunks, and let the members go on in their time."""
        env, now = self._env, self._env.now
        members = len(this.workers)
        seats = [this.seats[place] for place in range(members)]
        times = RingTimes([seat.joined for seat in seats], self._of(this).sizes, self._routes)
        average = mean([seat.own for seat in seats])
        halves: dict[float, list[Seat]] = {}
        for seat, halfway, end in zip(seats, times.halfway, times.ends, strict=True):
            halves.setdefault(halfway, []).append(seat)
            event = through[seat.place]
            # As simpy.Timeout does it: an event that is bound to happen later.
            event._ok = True
            event._value = times, average
            env.schedule(event, delay=max(end - now, 0.0))
        for halfway, then in halves.items():
            env.timeout(max(halfway - now, 0.0)).callbacks.append(partial(_pull, then))

    def _book(self, seat: Seat, times: RingTimes) -> None:
        """Take into the books what a member has sent."""
        this, place = seat.round, seat.place
        after = this.workers[(place + 1) % len(this.workers)]
        passages = partial(times.passages, place)
        self._routes[place].book(*self._of(this).sent[place], passages)
        seat.worker.send.past(words.PUSH, this.update, passages)
        after.receive.past(words.PULL, this.update, passages)

    def _of(self, this: Round) -> _Chunks:
        """Return the chunks of a round's part, which are the same in every update."""
        part = this.part
        if part not in self._chunks:
            self._chunks[part] = _Chunks(this.channel, part, len(this.workers))
        return self._chunks[part]


def _pull(seats: Sequence[Seat], _: object) -> None:
    """Let members go over from adding up to waiting for results."""
    for seat in seats:
        seat.pull()


def _collective(cluster: Cluster) -> Collective:
    """Return how the ring runs: in bulk if only latency and bandwidth count, and nobody may interrupt it."""
    workers = cluster.workers
    undisturbed = isinstance(cluster.supervision, Unsupervised)
    effortless = cluster.push.passes_on and all(isinf(worker.aggregation_rate) for worker in workers)
    if len(workers) == 1 or not (undisturbed and effortless):
        return ChunkByChunk()
    routes = cluster.push.private_routes(list(zip(workers, [*workers[1:], workers[0]], strict=True)))
    return ChunkByChunk() if routes is None else InBulk(cluster.env, routes)


def build(options: RingAllReduceOptions, cluster: Cluster) -> Scheme:
    """Return the scheme, ready to start."""
    return AllReduce(options, cluster, _collective(cluster))
