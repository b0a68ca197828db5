"""Eq. 5 of the paper: which (rho, h) reach a desired training time (Jang, Na, Yoon 2017, arXiv 1711.10123, section 5).

The update shall take at most r times the ideal, i*C/M * r with 1 <= r <= M, so that r = M/speed-up. From
i*C/M * r >= i*C/M * h + k*rho*M*W/chi follows

    h <= r - slope * rho,    slope = k * M^2 * W / (i * C * chi),

with k = 1 (pull ``free``), 2 (``unicast``), 1 + 1/M (``multicast``). The paper prints it for i = k = 1, which compares
one minibatch with a whole transfer. Strong scaling; latency, aggregation and one-off times are left out.
"""

from __future__ import annotations

import math

from simcluster.theory.sync_sgd import Pull, copies


def slope(
    workers: float,
    parameters: float,
    minibatch_time: float,
    bandwidth: float,
    iterations: float = 1,
    pull: Pull = "free",
) -> float:
    """Return by how much h must fall when rho rises by 1: T_tnf / T_cmt of the vanilla update.

    The defaults of ``iterations`` and ``pull`` give Eq. 5 as it is printed.

    Parameters
    ----------
    workers : float
        Number of workers M.
    parameters : float [B]
        Size W of the parameters.
    minibatch_time : float [s]
        Time C of a whole minibatch on one device.
    bandwidth : float [B/s]
        Transmission rate chi (the paper's BW) of the link.
    iterations : float
        Local iterations i of an update.
    pull : str
        ``free``, ``unicast`` or ``multicast``.
    """
    return copies(workers, pull) * workers**2 * parameters / (iterations * minibatch_time * bandwidth)


def largest_overhead(compressed_fraction: float, bound: float, slope: float) -> float:
    """Return the largest feasible operation overhead h: r - slope * rho (Eq. 5); nothing is feasible if it is <= 0.

    Parameters
    ----------
    compressed_fraction : float
        rho.
    bound : float
        r, allowed update time / ideal update time i*C/M.
    slope : float
        Of :func:`slope`.
    """
    return bound - slope * compressed_fraction


def largest_fraction(operation_overhead: float, bound: float, slope: float) -> float:
    """Return the largest feasible compressed fraction rho: (r - h) / slope (Eq. 5); nothing is if it is <= 0."""
    return (bound - operation_overhead) / slope


def largest_workers(
    compressed_fraction: float, operation_overhead: float, bound: float, slope_of_one: float, pull: Pull = "free"
) -> int:
    """Return the largest number of workers at which Eq. 5 holds for a given r: that reach an efficiency of 1/r.

    Parameters
    ----------
    compressed_fraction, operation_overhead : float
        rho and h.
    bound : float
        r.
    slope_of_one : float
        :func:`slope` at one worker and pull ``free``: W / (i * C * chi).
    pull : str
        ``free``, ``unicast`` or ``multicast``.

    Returns
    -------
    int
        0 if no number of workers will do.
    """
    room = (bound - operation_overhead) / (slope_of_one * compressed_fraction)
    if room <= 0:
        return 0
    root = {
        "free": math.sqrt(room),
        "unicast": math.sqrt(room / 2),
        "multicast": (math.sqrt(1 + 4 * room) - 1) / 2,  # M^2 + M <= room
    }[pull]
    return math.floor(root)


def overhead_beating_vanilla(compressed_fraction: float, slope: float) -> float:
    """Return the h below which an update with rho and h is faster than the vanilla one: 1 + (1 - rho) * slope.

    Eq. 5 with the r of vanilla SGD itself, r = 1 + slope.
    """
    return largest_overhead(compressed_fraction, 1 + slope, slope)
