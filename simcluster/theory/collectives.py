"""Times and bytes of collective operations of equal members that begin together, on links of their own.

The cost model of Thakur, Rabenseifner and Gropp (Optimization of collective communication operations in MPICH, 2005):
a message costs alpha + n * beta, and adding up n bytes n * gamma; alpha is the latency, beta = 1/bandwidth, and gamma =
1/aggregation rate. Where a part isn't divisible by the number of members, chunks are ceil(size / members) and the
largest one sets the pace.

No codec; as soon as members differ or begin at different times, no such formula holds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Links:
    """What each member sends and receives on.

    Parameters
    ----------
    bandwidth : float [B/s]
        In each direction.
    latency : float [s]
        Of a message (alpha).
    aggregation_rate : float [B/s]
        Received bytes that a member adds up a second; infinite if that costs nothing.
    """

    bandwidth: float
    latency: float = 0.0
    aggregation_rate: float = math.inf

    def message(self, size: float) -> float:
        """Return the time of a message of so many bytes [s]."""
        return self.latency + size / self.bandwidth


def chunk(size: float, members: int) -> float:
    """Return the size of the largest of as many chunks as there are members [B]."""
    return float(math.ceil(size / members))


def ring_time(members: int, size: float, links: Links) -> float:
    """Return the time of a ring all-reduce [s]: 2 (M - 1) steps, in half of which a chunk is added up."""
    each = chunk(size, members)
    return (members - 1) * (2 * links.message(each) + each / links.aggregation_rate)


def ring_bytes(members: int, size: float) -> float:
    """Return what each member sends, and receives, in a ring, halving and doubling, or a direct exchange [B]."""
    return 2 * (members - 1) / members * size


def halving_doubling_time(members: int, size: float, links: Links) -> float:
    """Return the time of recursive halving and doubling [s].

    Raises
    ------
    ValueError
        If the number of members isn't a power of two.
    """
    steps = _logarithm(members)
    moved = (members - 1) * chunk(size, members)
    return 2 * (steps * links.latency + moved / links.bandwidth) + moved / links.aggregation_rate


def tree_time(members: int, size: float, links: Links) -> float:
    """Return the time of adding up on a binomial tree, and back [s].

    Raises
    ------
    ValueError
        If the number of members isn't a power of two.
    """
    return _logarithm(members) * (2 * links.message(size) + size / links.aggregation_rate)


def direct_time(members: int, size: float, links: Links) -> float:
    """Return the time of a direct exchange of stripes, for a size that is divisible by the number of members [s]."""
    moved = (members - 1) * size / members
    return 2 * links.message(moved) * (members > 1) + moved / links.aggregation_rate


def all_gather_time(members: int, size: float, links: Links) -> float:
    """Return the time in which messages of so many bytes go round a ring of all members [s]."""
    return (members - 1) * links.message(size)


def hierarchical_time(machines: int, members: int, size: float, inside: Links, between: Links) -> float:
    """Return the time of trees inside machines and a ring between them [s].

    Parameters
    ----------
    machines : int
        Number of machines.
    members : int
        Members of each machine, a power of two.
    size : float [B]
        What is added up.
    inside, between : Links
        What messages inside a machine, and between two machines, get.

    Raises
    ------
    ValueError
        If the number of members of a machine isn't a power of two.
    """
    return tree_time(members, size, inside) + ring_time(machines, size, between)


def _logarithm(members: int) -> int:
    if members & (members - 1) or members < 1:
        raise ValueError(f"expected a power of two, not {members}")
    return members.bit_length() - 1
