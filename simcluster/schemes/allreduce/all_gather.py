"""Synchronous SGD with an all-gather (``all-gather``): everybody gets everybody's message and adds up for itself.

For codecs whose sum is no message of theirs, or one that grows: the union of M sparse gradients has up to M times as
many entries (DGC, top-k, SBC). Nothing is encoded twice, and nothing is lost on the way; the price is that a worker
receives M - 1 messages, and decodes and adds up all of them.

Modelled: the messages go round a ring of all workers, in the order of their numbers, one at a time on each connection
(the all-gather of NCCL and MPI): everybody sends and receives M - 1 messages. A message is passed on before it is
decoded. A worker takes its own contribution as its message says it, like all others do, and adds up in the order of the
workers: so all have the same mean.

See ``family`` for what all collectives share, faults among it.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, ClassVar, Literal

from simcluster.cluster.messages import Values, mean
from simcluster.schemes.allreduce.family import AllReduce
from simcluster.schemes.allreduce.options import AllReduceOptions
from simcluster.schemes.allreduce.ring import pass_on
from simcluster.schemes.allreduce.rounds import Seat
from simcluster.schemes.seams import Cluster, Scheme


class AllGatherOptions(AllReduceOptions):
    """The ``training`` section of ``all-gather``."""

    agrees: ClassVar[bool] = True

    scheme: Literal["all-gather"] = "all-gather"


OPTIONS = AllGatherOptions


class AllGather:
    """Passes everybody's message round the ring."""

    def run(self, seat: Seat) -> Generator[Any, Any, Values]:
        """Do one member's share, and return the mean."""
        message = yield from seat.encode(seat.round.part, seat.own)
        team = range(len(seat.round.workers))
        messages = yield from pass_on(seat, team, seat.place, message, "contribution", adds_up=True)
        return mean([message.values for message in messages])


def build(options: AllGatherOptions, cluster: Cluster) -> Scheme:
    """Return the scheme, ready to start."""
    return AllReduce(options, cluster, AllGather())
