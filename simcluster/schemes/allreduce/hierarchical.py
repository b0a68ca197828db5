"""Synchronous SGD with a hierarchical all-reduce (``hierarchical``): inside machines, and between them.

Modelled: the workers of one machine add up towards its first one, its leader, on a binomial tree (``tree``); the
leaders run a ring (``ring``); every leader hands the mean down the tree of its machine, chunk messages of the ring in
one, as they are. So the slow links between machines carry 2 (L - 1)/L of the part for L machines, however many workers
they hold.

Which workers share a machine, the network knows (topology ``machines``), or ``workers_per_machine`` says it, in the
order of the workers.

Left out: leaders of several parts of a machine's sum, which use several interfaces at once (reduce-scatter inside).

See ``family`` for what all collectives share, faults among it.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from simcluster.cluster.messages import Message, Values
from simcluster.schemes.allreduce.family import AllReduce
from simcluster.schemes.allreduce.options import AllReduceOptions
from simcluster.schemes.allreduce.ring import ring
from simcluster.schemes.allreduce.rounds import Seat, bundle
from simcluster.schemes.allreduce.tree import broadcast, reduce
from simcluster.schemes.seams import Cluster, Scheme
from simcluster.schemes.teams import teams


class HierarchicalOptions(AllReduceOptions):
    """The ``training`` section of ``hierarchical``."""

    scheme: Literal["hierarchical"] = "hierarchical"
    workers_per_machine: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="How many workers share a machine; the network's machines if not given."
    )


OPTIONS = HierarchicalOptions


class Hierarchical:
    """Adds up inside machines, then between them, and hands down.

    Parameters
    ----------
    teams : sequence of sequence of int
        The places of the workers of each machine; the first is its leader.
    """

    def __init__(self, teams: Sequence[Sequence[int]]) -> None:
        self._team = {place: team for team in teams for place in team}
        self._leaders = [team[0] for team in teams]

    def run(self, seat: Seat) -> Generator[Any, Any, Values]:
        """Do one member's share, and return the mean."""
        part, team = seat.round.part, self._team[seat.place]
        total = yield from reduce(seat, team, part, seat.own)
        result: Message | None = None
        if total is not None:
            chunks = yield from ring(seat, self._leaders, part, total, len(seat.round.workers))
            result = bundle(chunks)
        seat.pull()
        result = yield from broadcast(seat, team, result)
        return result.values


def build(options: HierarchicalOptions, cluster: Cluster) -> Scheme:
    """Return the scheme, ready to start."""
    return AllReduce(options, cluster, Hierarchical(teams(cluster, options.workers_per_machine)))
