"""Synchronous SGD as the paper's formulas have it (Jang, Na, Yoon 2017, arXiv 1711.10123, section 4.1).

One global update takes the computation time T_cmt = i*c and the transfer time T_tnf = W*M/chi, one after the other.
Workers are equal, and one link serves all transfers. Left out: latency, aggregation, encoding and decoding
(:mod:`simcluster.theory.symmetric` has them).

The formulas are plain arithmetic, so that arrays may be given for numbers.
"""

from __future__ import annotations

from typing import Literal

Pull = Literal["free", "unicast", "multicast"]
Scaling = Literal["strong", "weak"]


def copies(workers: float, pull: Pull) -> float:
    """Return how often an update moves M*W over the link: k of Eq. 5 in its general form (DESIGN.md, section 1).

    Parameters
    ----------
    workers : float
        Number of workers M.
    pull : str
        ``free``: 1, the pushes alone, as T_tnf = W*M/chi counts; ``unicast``: 2; ``multicast``: 1 + 1/M.
    """
    return {"free": 1.0, "unicast": 2.0, "multicast": 1 + 1 / workers}[pull]


def computation_time(
    workers: float,
    iterations: float,
    minibatch_time: float,
    scaling: Scaling = "strong",
    operation_overhead: float = 1.0,
) -> float:
    """Return T_cmt [s], the time in which a worker computes for one update (section 4.1; with h: section 5).

    Parameters
    ----------
    workers : float
        Number of workers M.
    iterations : float
        Local iterations i of an update.
    minibatch_time : float [s]
        Time C of a whole minibatch on one device.
    scaling : str
        ``strong``: the minibatch is split, T_cmt = i*h*C/M; ``weak``: every worker keeps a whole one, T_cmt = i*h*C.
    operation_overhead : float
        h, time on compressed parameters / time on plain ones.
    """
    share = {"strong": 1 / workers, "weak": 1.0}[scaling]
    return iterations * operation_overhead * minibatch_time * share


def transfer_time(
    workers: float, parameters: float, bandwidth: float, compressed_fraction: float = 1.0, pull: Pull = "free"
) -> float:
    """Return T_tnf = k*rho*W*M/chi [s], the time of parameters on the link (section 4.1; with rho: section 5).

    Parameters
    ----------
    workers : float
        Number of workers M.
    parameters : float [B]
        Size W of the parameters.
    bandwidth : float [B/s]
        Transmission rate chi of the link.
    compressed_fraction : float
        rho, compressed size / original size.
    pull : str
        How the result comes back; see :func:`copies`. The paper's T_tnf is ``free``.
    """
    return copies(workers, pull) * compressed_fraction * parameters * workers / bandwidth


def update_time(
    workers: float,
    iterations: float,
    minibatch_time: float,
    parameters: float,
    bandwidth: float,
    *,
    compressed_fraction: float = 1.0,
    operation_overhead: float = 1.0,
    pull: Pull = "free",
    scaling: Scaling = "strong",
) -> float:
    """Return T_update = T_cmt + T_tnf [s] (section 4.1); see those two for the parameters."""
    computation = computation_time(workers, iterations, minibatch_time, scaling, operation_overhead)
    return computation + transfer_time(workers, parameters, bandwidth, compressed_fraction, pull)


def ideal_speedup(workers: float) -> float:
    """Return the speed-up without any communication (Fig. 6a, dotted): M."""
    return workers


def speedup(
    workers: float,
    iterations: float,
    minibatch_time: float,
    parameters: float,
    bandwidth: float,
    *,
    compressed_fraction: float = 1.0,
    operation_overhead: float = 1.0,
    pull: Pull = "free",
    scaling: Scaling = "strong",
) -> float:
    """Return samples per second, in units of what one device that sends nothing does (Fig. 6a).

    With rho = h = 1 it is the speed-up of vanilla SGD; with rho < 1 and h = 1 it is the paper's upper bound for that
    rho. See :func:`update_time` for the parameters.
    """
    spent = update_time(
        workers,
        iterations,
        minibatch_time,
        parameters,
        bandwidth,
        compressed_fraction=compressed_fraction,
        operation_overhead=operation_overhead,
        pull=pull,
        scaling=scaling,
    )
    minibatches = iterations * {"strong": 1.0, "weak": workers}[scaling]
    return minibatches * minibatch_time / spent


def total_time(updates: float, update: float, encode_time: float = 0.0, decode_time: float = 0.0) -> float:
    """Return the time [s] of several updates, and of the one encoding before and decoding after them (Fig. 7a).

    Parameters
    ----------
    updates : float
        Number of global updates; the paper doesn't say its own.
    update : float [s]
        Time of one update.
    encode_time, decode_time : float [s]
        One-off times of homomorphic and one-time compression.
    """
    return encode_time + updates * update + decode_time
