"""Synchronous SGD with recursive halving and doubling (``halving-doubling``; Rabenseifner 2004, MPICH, Gloo).

Modelled: with M = 2**k workers, in step j = 0 .. k - 1 each exchanges with the worker whose number differs in bit j: it
gives one half of the stretch that it is still in charge of, keeps the other and adds what it gets. So it ends up with
1/M of the sum, after k steps instead of the M - 1 of a ring; the same steps backwards gather the mean. Every worker
sends and receives 2 (M - 1)/M of the part. Neighbours in number exchange the largest halves, as within one machine.

Where M isn't a power of two, the excess is folded first, as MPICH does it: with p the largest power of two below M,
each even one of the first 2 (M - p) workers hands its whole contribution to the next odd one, which takes part for
both and hands the whole mean back. Sums are encoded for every hop; every stretch of the mean is encoded once, and
passed on as it is, before it is decoded.

See ``family`` for what all collectives share, faults among it.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from typing import Any, Literal

from simcluster.cluster.messages import Message, Part, Values
from simcluster.schemes.allreduce.family import AllReduce
from simcluster.schemes.allreduce.options import AllReduceOptions
from simcluster.schemes.allreduce.rounds import Seat, bundle
from simcluster.schemes.seams import Cluster, Scheme


class HalvingDoublingOptions(AllReduceOptions):
    """The ``training`` section of ``halving-doubling``."""

    scheme: Literal["halving-doubling"] = "halving-doubling"


OPTIONS = HalvingDoublingOptions


class HalvingDoubling:
    """Halves stretches while adding up, and doubles them while gathering."""

    def run(self, seat: Seat) -> Generator[Any, Any, Values]:
        """Do one member's share, and return the mean."""
        members, here, part = len(seat.round.workers), seat.place, seat.round.part
        power = 1 << (members.bit_length() - 1)
        folded = 2 * (members - power)
        if here < folded and here % 2 == 0:
            return (yield from _through_another(seat, here + 1))
        own = seat.own
        if here < folded:
            message = yield from seat.receive("folded")
            yield from seat.absorb(message)
            own = message.values + own
        team = [*range(1, folded, 2), *range(folded, members)]
        message = yield from _halve(seat, team, part, own)
        seat.pull()
        result = yield from _double(seat, team, message)
        if here < folded:
            yield seat.send(here - 1, result, "unfolded")
        return result.values


def _through_another(seat: Seat, other: int) -> Generator[Any, Any, Values]:
    """Let another one take part, and return the mean that comes back."""
    message = yield from seat.encode(seat.round.part, seat.own)
    yield seat.send(other, message, "folded")
    seat.pull()
    message = yield from seat.receive("unfolded")
    yield from seat.decode(message)
    return message.values


def _halve(seat: Seat, team: Sequence[int], part: Part, held: Values) -> Generator[Any, Any, Message]:
    """Add up in stretches that get smaller, and return the mean of the last one, encoded."""
    here, count = team.index(seat.place), len(team)
    low, high, bit = 0, count, 1
    while bit < count:
        middle = (low + high) // 2
        give, keep = ((low, middle), (middle, high)) if here & bit else ((middle, high), (low, middle))
        kept = held.piece(_stretch(part, count, *keep))
        given = _stretch(part, count, *give)
        message = yield from seat.encode(given, held.piece(given))
        connection = seat.send(team[here ^ bit], message, bit)
        message = yield from seat.receive(bit)
        yield from seat.absorb(message)
        held = message.values + kept
        yield connection
        low, high = keep
        bit *= 2
    return (yield from seat.encode(_stretch(part, count, low, high), held * (1 / len(seat.round.workers))))


def _double(seat: Seat, team: Sequence[int], message: Message) -> Generator[Any, Any, Message]:
    """Gather the mean from its stretches, and return it as one message."""
    here, bit = team.index(seat.place), len(team) // 2
    undecoded = None
    while bit:
        connection = seat.send(team[here ^ bit], message, ("mean", bit))
        if undecoded is not None:
            yield from seat.decode(undecoded)
        undecoded = yield from seat.receive(("mean", bit))
        # Who has the bit set has kept the upper half.
        message = bundle([undecoded, message] if here & bit else [message, undecoded])
        yield connection
        bit //= 2
    if undecoded is not None:
        yield from seat.decode(undecoded)
    return message


def _stretch(part: Part, count: int, low: int, high: int) -> Part:
    """Return the chunks from one number to before another, of ``count`` that a part is cut into, as one part."""
    each = math.ceil(part.size / count)
    begin, end = min(low * each, part.size), min(high * each, part.size)
    return Part(part.start + begin, end - begin, part.priority)


def build(options: HalvingDoublingOptions, cluster: Cluster) -> Scheme:
    """Return the scheme, ready to start."""
    return AllReduce(options, cluster, HalvingDoubling())
