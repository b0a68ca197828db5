"""Weighted max-min fair rates, by progressive filling.

All shares rise together at one level (rate per unit of weight) until a pool is full or a share is at its limit; those
that can't rise stop there, and the others go on (Bertsekas and Gallager, *Data Networks*, section 6.5.2). Strict
priorities are filled one after another, each with what the ones before it left over.

The result is certified by this: every share is at its own limit, or draws on a full pool on which no share of its
priority has a higher level.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from math import inf
from operator import attrgetter
from typing import Any, Protocol


class Pool(Protocol):
    """A capacity that shares draw on, for example a link; all but ``capacity`` is scratch of the filling."""

    capacity: float
    #: What is not yet given away.
    left: float
    #: Weight and number of the shares that still rise.
    rising_weight: float
    rising: int


class Share(Protocol):
    """Somebody who draws on pools at one rate: its weight times its level."""

    weight: float
    #: The highest level that it may have.
    limit: float
    #: Lower values are served before higher ones.
    priority: int
    #: The sequence of pools that it draws on.
    pools: Any
    #: Set by the filling: its level, and the pool that stopped it (None: its own limit did).
    level: float
    bottleneck: Any


def max_min(shares: Sequence[Share]) -> None:
    """Set the level and the bottleneck of each share.

    Parameters
    ----------
    shares : sequence of Share
        All shares that draw on the pools concerned; each has a finite limit or at least one pool.
    """
    if len(shares) == 1 and len(shares[0].pools) == 1:
        _alone(shares[0], shares[0].pools[0])
        return
    for share in shares:
        for pool in share.pools:
            pool.left = pool.capacity
    first = shares[0].priority
    if all(share.priority == first for share in shares):
        _fill(shares)
        return
    for priority in sorted({share.priority for share in shares}):
        _fill([share for share in shares if share.priority == priority])


def _alone(share: Share, pool: Pool) -> None:
    """Fill one share that draws on one pool."""
    level = pool.capacity / share.weight
    share.bottleneck = None if share.limit < level else pool
    share.level = min(level, share.limit)


def _fill(shares: Sequence[Share]) -> None:
    """Fill shares of one priority out of what is left in the pools."""
    users = _users(shares)
    # Levels only rise, and so does what a pool can still give to each: an old entry is too low, never too high.
    order = [(pool.left / pool.rising_weight, rank, pool) for rank, pool in enumerate(users)]
    heapify(order)
    limited = sorted((share for share in shares if share.limit < inf), key=attrgetter("limit"), reverse=True)
    rising = dict.fromkeys(shares)
    while rising:
        while limited and limited[-1] not in rising:
            limited.pop()
        while order:
            known, rank, pool = order[0]
            level = pool.left / pool.rising_weight if pool.rising else inf
            if level <= known:
                break
            heappop(order)
            if pool.rising:
                heappush(order, (level, rank, pool))
        if limited and (not order or limited[-1].limit <= order[0][0]):
            _stop((limited.pop(),), None, rising)
        else:
            level, _, pool = heappop(order)
            _stop([share for share in users[pool] if share in rising], pool, rising)


def _users(shares: Sequence[Share]) -> dict[Any, list[Share]]:
    """Return the shares that draw on each pool, and count them in it."""
    users: dict[Any, list[Share]] = {}
    for share in shares:
        for pool in share.pools:
            drawn = users.get(pool)
            if drawn is None:
                users[pool] = [share]
                pool.rising, pool.rising_weight = 1, share.weight
            else:
                drawn.append(share)
                pool.rising += 1
                pool.rising_weight += share.weight
    return users


def _stop(shares: Iterable[Share], bottleneck: Any, rising: dict[Share, None]) -> None:
    """Keep shares at the level at which their bottleneck, or their own limit, stops them."""
    if bottleneck is not None:
        level = max(bottleneck.left, 0.0) / bottleneck.rising_weight
    for share in shares:
        share.level = level if bottleneck is not None else share.limit
        share.bottleneck = bottleneck
        del rising[share]
        rate = share.level * share.weight
        for pool in share.pools:
            if pool is not bottleneck:
                pool.left -= rate
                pool.rising -= 1
                pool.rising_weight -= share.weight
    if bottleneck is not None:
        bottleneck.left = 0.0
        bottleneck.rising = 0
