"""When the chunks of a ring start and arrive if its links are its own: from the chunks' dependencies, all at once.

A chunk starts when the chunk that its sender sent before has arrived, and so has the one that it is (with the sender's
share added); it arrives after the latency of the sender's route and its size over the route's rate:

    start[0, r]     = when r joined
    arrival[s, r]   = (start[s, r] + latency[r]) + size[(r - s) mod M] / rate[r]
    start[s + 1, r] = max(arrival[s, r], arrival[s, r - 1])

for the steps s = 0 .. 2 M - 3 and the members r = 0 .. M - 1, whose predecessor is r - 1 mod M. In step s member r
sends the chunk (r - s) mod M, in the reduce-scatter as in the all-gather. These are the times of a simulation chunk by
chunk, up to rounding. Adding up takes no time here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from simcluster.protocols import PrivateRoute

#: Members from which on numpy is worth its import.
_MANY = 48


class Steps(NamedTuple):
    """What happens in one step: lists or arrays by member."""

    starts: Any
    arrivals: Any
    #: When each member starts the next step, or is through.
    after: Any


class RingTimes:
    """The times of one ring.

    Parameters
    ----------
    ready : sequence of float [s]
        When each member joins.
    sizes : sequence of float [B]
        The chunks on the wire.
    routes : sequence of PrivateRoute
        The way from each member to the next.

    Attributes
    ----------
    halfway : sequence of float [s]
        When each member starts to pass on results.
    ends : sequence of float [s]
        When each has received all and sent all.
    """

    def __init__(self, ready: Sequence[float], sizes: Sequence[float], routes: Sequence[PrivateRoute]) -> None:
        self._ready = ready
        self._sizes = sizes
        self._routes = routes
        half = len(ready) - 2
        for step, times in enumerate(self._steps()):
            if step == half:
                self.halfway: Sequence[float] = list(map(float, times.after))
        self.ends: Sequence[float] = list(map(float, times.after))

    def passages(self, sender: int) -> Iterator[tuple[float, float, float]]:
        """Yield start [s], arrival [s] and size [B] of all that a member sends."""
        count = len(self._sizes)
        for step, (starts, arrivals) in enumerate(self._history):
            yield float(starts[sender]), float(arrivals[sender]), self._sizes[(sender - step) % count]

    @cached_property
    def _history(self) -> list[tuple[Any, Any]]:
        """Starts and arrivals of all steps; they are computed again for those who ask, who are few."""
        return [(times.starts, times.arrivals) for times in self._steps()]

    def _steps(self) -> Iterator[Steps]:
        return self._one_by_one() if len(self._ready) < _MANY else self._at_once()

    def _one_by_one(self) -> Iterator[Steps]:
        """Yield the steps, as lists."""
        sizes, routes, count = self._sizes, self._routes, len(self._ready)
        starts = list(self._ready)
        for step in range(2 * count - 2):
            arrivals = [
                (start + route.latency) + sizes[place - step % count] / route.rate
                for place, (start, route) in enumerate(zip(starts, routes, strict=True))
            ]
            after = [max(own, arrivals[place - 1]) for place, own in enumerate(arrivals)]
            yield Steps(starts, arrivals, after)
            starts = after

    def _at_once(self) -> Iterator[Steps]:
        """Yield the steps, as arrays; every number is the same as one by one."""
        import numpy as np

        count = len(self._ready)
        latencies = np.array([route.latency for route in self._routes])
        rates = np.array([route.rate for route in self._routes])
        # The chunks that the members send in a step are a window that moves back by one each time.
        durations = np.tile(np.array(self._sizes), 2)
        alike = bool((rates == rates[0]).all())
        if alike:
            durations = durations / rates[0]
        starts = np.array(self._ready, dtype=float)
        for step in range(2 * count - 2):
            first = -step % count
            window = durations[first : first + count]
            arrivals = starts + latencies
            arrivals += window if alike else window / rates
            after = np.empty(count)
            np.maximum(arrivals[1:], arrivals[:-1], out=after[1:])
            after[0] = max(arrivals[0], arrivals[-1])
            yield Steps(starts, arrivals, after)
            starts = after
