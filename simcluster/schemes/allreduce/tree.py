"""Synchronous SGD with a binomial tree (``tree``): contributions are added up towards worker 0, and the mean returns.

Modelled: in step k = 0, 1, 2 ... every worker whose number is an odd multiple of 2**k hands what it has to the worker
2**k before it, and is done; worker 0 has the sum in the end, and the mean goes down the same tree, to the farthest
first. With four workers: 1 to 0 and 3 to 2, 2 to 0; 0 to 2, 0 to 1 and 2 to 3 (Caffe's order, docs/multigpu.md). A
worker adds up in the order of the steps, and sends to one at a time. Sums are encoded for every hop; the mean is
encoded once, and passed on as it is.

Whole parts travel. Left out: trees that pass on a part piece by piece (a slice of a part is a collective of its own,
and a worker runs one at a time), and two trees at once (NCCL's double binary trees).

See ``family`` for what all collectives share, faults among it.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Literal

from simcluster.cluster.messages import Message, Part, Values
from simcluster.schemes.allreduce.family import AllReduce
from simcluster.schemes.allreduce.options import AllReduceOptions
from simcluster.schemes.allreduce.rounds import Seat
from simcluster.schemes.seams import Cluster, Scheme


class TreeOptions(AllReduceOptions):
    """The ``training`` section of ``tree``."""

    scheme: Literal["tree"] = "tree"


OPTIONS = TreeOptions


class Tree:
    """Adds up towards the first worker, and back."""

    def run(self, seat: Seat) -> Generator[Any, Any, Values]:
        """Do one member's share, and return the mean."""
        part, team = seat.round.part, range(len(seat.round.workers))
        total = yield from reduce(seat, team, part, seat.own)
        result: Message | None = None
        if total is not None:
            result = yield from seat.encode(part, total * (1 / len(team)))
        seat.pull()
        result = yield from broadcast(seat, team, result)
        return result.values


def reduce(seat: Seat, team: Sequence[int], part: Part, own: Values) -> Generator[Any, Any, Values | None]:
    """Add up towards the first of a team; return the sum there, and nothing elsewhere.

    Parameters
    ----------
    seat : Seat
    team : sequence of int
        The places of its members.
    part : Part
    own : Values
        What the member contributes.
    """
    here, total, bit = team.index(seat.place), own, 1
    while bit < len(team):
        if here & bit:
            message = yield from seat.encode(part, total)
            yield seat.send(team[here - bit], message, ("sum", bit))
            return None
        if here + bit < len(team):
            message = yield from seat.receive(("sum", bit))
            yield from seat.absorb(message)
            total = message.values + total
        bit *= 2
    return total


def broadcast(seat: Seat, team: Sequence[int], message: Message | None) -> Generator[Any, Any, Message]:
    """Pass a message on from the first of a team to all others, and return it; all but the first decode it.

    Parameters
    ----------
    seat : Seat
    team : sequence of int
        The places of its members.
    message : Message or None
        What the first member has.
    """
    here = team.index(seat.place)
    reach = here & -here or 1 << (len(team) - 1).bit_length()
    undecoded = None
    if message is None:
        undecoded = message = yield from seat.receive("mean")
    while reach > 1:
        reach //= 2
        if here + reach < len(team):
            connection = seat.send(team[here + reach], message, "mean")
            if undecoded is not None:
                yield from seat.decode(undecoded)
                undecoded = None
            yield connection
    if undecoded is not None:
        yield from seat.decode(undecoded)
    return message


def build(options: TreeOptions, cluster: Cluster) -> Scheme:
    """Return the scheme, ready to start."""
    return AllReduce(options, cluster, Tree())
