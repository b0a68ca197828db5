"""Where a representation enters the feasible region of Eq. 5 (Jang, Na, Yoon 2017, arXiv 1711.10123, section 5).

Two goals: an update that is as fast as the vanilla one, h <= 1 + slope * (1 - rho), or a speed-up S over one device,
h <= M/S - slope * rho, with the slope of :mod:`simcluster.theory.feasibility` in its general form. Strong scaling;
latency, aggregation and one-off times are left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from simcluster.theory.feasibility import largest_overhead, slope
from simcluster.theory.sync_sgd import Pull


def bound(workers: float, slope: float, speedup: float | None = None) -> float:
    """Return r of Eq. 5, the allowed update time / the ideal one: that of vanilla SGD, or of a speed-up."""
    return 1 + slope if speedup is None else workers / speedup


def edge_bandwidth(
    compressed_fraction: float,
    operation_overhead: float,
    slope_at_one: float,
    *,
    workers: float,
    speedup: float | None = None,
) -> float:
    """Return the bandwidth at which a representation lies on the line of Eq. 5.

    Against vanilla it is inside below (if rho < 1 < h), for a speed-up above.

    Parameters
    ----------
    compressed_fraction, operation_overhead : float
        rho and h.
    slope_at_one : float [B/s]
        :func:`~simcluster.theory.feasibility.slope` at a bandwidth of 1 B/s, which falls with 1/bandwidth.
    workers : float
        Number of workers M.
    speedup : float, optional
        S; against vanilla if not given.

    Returns
    -------
    float [B/s]
        Infinite if it is inside at every bandwidth, nan if at none.
    """
    if speedup is None:
        gain, loss = slope_at_one * (1 - compressed_fraction), operation_overhead - 1
        if loss <= 0:
            # Faster to compute on: no more bytes makes it inside everywhere; with more, it is from some bandwidth on.
            return math.inf if gain >= 0 else gain / loss if loss else math.nan
        return gain / loss if gain > 0 else math.nan
    room = workers / speedup - operation_overhead
    return slope_at_one * compressed_fraction / room if room > 0 else math.nan


def inside_workers(
    compressed_fraction: float,
    operation_overhead: Callable[[int], float],
    slope_of_one: float,
    pull: Pull,
    *,
    among: range,
    speedup: float | None = None,
) -> tuple[int, int] | None:
    """Return the least and the largest number of workers at which Eq. 5 holds; None if it holds at none.

    Parameters
    ----------
    compressed_fraction : float
        rho.
    operation_overhead : callable
        h at a number of workers: a format that is decoded costs more where there are more of them.
    slope_of_one : float
        :func:`~simcluster.theory.feasibility.slope` at one worker and pull ``free``: W / (i * C * chi).
    pull : str
        ``free``, ``unicast`` or ``multicast``.
    among : range
        The numbers that are looked at.
    speedup : float, optional
        S; against vanilla if not given.
    """
    holds = []
    for workers in among:
        fall = slope(workers, slope_of_one, 1, 1, pull=pull)
        if operation_overhead(workers) <= largest_overhead(compressed_fraction, bound(workers, fall, speedup), fall):
            holds.append(workers)
    return (holds[0], holds[-1]) if holds else None
