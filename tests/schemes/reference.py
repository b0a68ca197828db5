"""Synchronous SGD re-computed slowly and obviously, without SimPy, virtual time or events.

The link is stepped from one change to the next, dividing it by the number of transfers on it; the server takes pushes
in the order of their arrival with the core that is free first.
"""

from __future__ import annotations

from dataclasses import dataclass


def shared_link(starts: list[float], size: float, bandwidth: float) -> list[float]:
    """Return when equal transfers end that enter the link at given times."""
    left = dict.fromkeys(range(len(starts)), size)
    ends = [0.0] * len(starts)
    now = min(starts)
    while left:
        flying = [one for one in left if starts[one] <= now]
        coming = [starts[one] for one in left if starts[one] > now]
        if not flying:
            now = min(coming)
            continue
        rate = bandwidth / len(flying)
        first = min(left[one] for one in flying)
        step = min([first / rate, *(time - now for time in coming)])
        for one in flying:
            if left[one] == first and step == first / rate:
                ends[one] = now + step
                del left[one]
            else:
                left[one] -= rate * step
        now += step
    return ends


@dataclass
class Reference:
    """Workers of given compute times around one server."""

    compute: list[float]
    parameters: float
    bandwidth: float
    latency: float
    fraction: float
    encode: float
    decode: float
    cores: int
    pull: str

    def update_ends(self, updates: int) -> list[float]:
        """Return when each update ends."""
        starts = [0.0] * len(self.compute)
        ends = []
        for _ in range(updates):
            starts = self._update(starts)
            ends.append(max(starts))
        return ends

    def _update(self, starts: list[float]) -> list[float]:
        size = self.parameters * self.fraction
        sent = [start + time + self.encode + self.latency for start, time in zip(starts, self.compute, strict=True)]
        arrivals = shared_link(sent, size, self.bandwidth)
        free = [0.0] * self.cores
        decoded = []
        for arrival in sorted(arrivals):
            core = free.index(min(free))
            free[core] = max(free[core], arrival) + self.decode
            decoded.append(free[core])
        now = max(decoded) + self.encode
        count = len(starts)
        if self.pull == "unicast":
            pulled = shared_link([now + self.latency] * count, size, self.bandwidth)
        else:
            pulled = [now + (self.latency + size / self.bandwidth if self.pull == "multicast" else 0.0)] * count
        return [time + self.decode for time in pulled]
