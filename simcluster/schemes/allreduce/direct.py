"""Synchronous SGD with a direct exchange (``direct``): every worker owns a stripe, as in 1-bit SGD (Seide et al. 2014).

Modelled: the part is cut into as many stripes as there are workers. Each worker encodes every other's stripe of its
own contribution and sends it to the owner, beginning with the one after itself, without waiting in between: the M - 1
transfers share its interface. The owner decodes what arrives in the order of arrival, adds it to its own (which it
never encodes), encodes the mean, and sends it to all others, all at once. Two steps instead of the 2 (M - 1) of a
ring, the same 2 (M - 1)/M of the part each way, and two encodings on the way of every value, whatever M is.

The parameters aren't aligned with the stripes of a codec: every stripe is encoded on its own.

See ``family`` for what all collectives share, faults among it.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Literal

from simcluster.cluster.messages import Values, mean
from simcluster.schemes.allreduce.family import AllReduce
from simcluster.schemes.allreduce.options import AllReduceOptions
from simcluster.schemes.allreduce.rounds import Seat
from simcluster.schemes.seams import Cluster, Scheme


class DirectOptions(AllReduceOptions):
    """The ``training`` section of ``direct``."""

    scheme: Literal["direct"] = "direct"


OPTIONS = DirectOptions


class Direct:
    """Everybody sends to everybody: contributions to the owners, and means back."""

    def run(self, seat: Seat) -> Generator[Any, Any, Values]:
        """Do one member's share, and return the mean."""
        members, here = len(seat.round.workers), seat.place
        stripes = seat.round.part.split(members)
        others = [(here + offset) % members for offset in range(1, members)]
        under_way = []
        for other in others:
            message = yield from seat.encode(stripes[other], seat.own.piece(stripes[other]))
            under_way.append(seat.send(other, message, "contribution"))
        #: In the order of the workers, so that the sum doesn't depend on who is first.
        values = {here: seat.own.piece(stripes[here])}
        for _ in others:
            sender, message = yield from seat.receive_any("contribution")
            yield from seat.absorb(message)
            values[sender] = message.values
        average = mean([values[place] for place in range(members)])
        message = yield from seat.encode(stripes[here], average)
        seat.pull()
        under_way += [seat.send(other, message, "mean") for other in others]
        found = {here: message}
        for _ in others:
            sender, message = yield from seat.receive_any("mean")
            yield from seat.decode(message)
            found[sender] = message
        yield from under_way
        first, *rest = [found[place] for place in range(members)]
        return first.values.join(each.values for each in rest)


def build(options: DirectOptions, cluster: Cluster) -> Scheme:
    """Return the scheme, ready to start."""
    return AllReduce(options, cluster, Direct())
