"""Queueing formulas of the network: processor sharing, and a closed network of workers and one link.

A shared link serves its transfers by processor sharing: each of n has 1/n of the bandwidth. Both results then need the
means of sizes and think times, not their laws. Kleinrock, Queueing Systems II (1976), chapter 4, for the first; Reiser
and Lavenberg, Mean-Value Analysis of Closed Multichain Queueing Networks (Journal of the ACM 27, 1980), for the second.
"""

from __future__ import annotations

from dataclasses import dataclass


def processor_sharing_time(service: float, load: float) -> float:
    """Return the mean time [s] in an M/G/1 queue with processor sharing.

    E[T] = E[S] / (1 - load), and for a job of known size x, E[T given x] = x / (1 - load).

    Parameters
    ----------
    service : float [s]
        E[S], or the job's own x: its time on a link of its own.
    load : float
        Arrival rate x E[S], at least 0 and below 1.

    Raises
    ------
    ValueError
        If the load isn't in [0, 1): the queue has no steady state.
    """
    if not 0 <= load < 1:
        raise ValueError(f"the load must be at least 0 and below 1, not {load}")
    return service / (1 - load)


@dataclass(frozen=True)
class ClosedNetwork:
    """Steady state of workers that compute (think) and then use one link, again and again.

    Parameters
    ----------
    throughput : float [1/s]
        Transfers that end a second.
    response_time : float [s]
        Mean time of a transfer, with its waiting for or sharing of the link.
    on_link : float
        Mean number of transfers on the link.
    """

    throughput: float
    response_time: float
    on_link: float


def closed_network(workers: int, think_time: float, service: float) -> ClosedNetwork:
    """Return the steady state of ``async-ps`` on one link, by mean-value analysis.

    Q(0) = 0; for m = 1 ... M: R = S (1 + Q(m - 1)), X = m / (Z + R), Q = X R.

    Parameters
    ----------
    workers : int
        M, at least 1.
    think_time : float [s]
        Z, mean time of computing between transfers.
    service : float [s]
        S, mean time of a transfer on a link of its own. If the link served one transfer after the other, the formula
        would need it to be exponential.
    """
    throughput = response = on_link = 0.0
    for present in range(1, workers + 1):
        response = service * (1 + on_link)
        throughput = present / (think_time + response)
        on_link = throughput * response
    return ClosedNetwork(throughput, response, on_link)


def throughput_bound(workers: int, think_time: float, service: float) -> float:
    """Return the asymptotic bound [1/s] of the throughput, min(1/S, M/(Z + S)); see :func:`closed_network`."""
    return min(1 / service, workers / (think_time + service))
