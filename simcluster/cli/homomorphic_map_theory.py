"""What Eq. 5 says of the candidates of a homomorphic map: columns beside the simulated ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from simcluster.cli.theory_columns import theory_columns
from simcluster.theory.entry import bound, edge_bandwidth, inside_workers
from simcluster.theory.feasibility import largest_overhead, slope

if TYPE_CHECKING:
    import pandas as pd

    from simcluster.experiments import Candidate, CandidateSet
    from simcluster.scenario import Scenario


def with_theory(table: pd.DataFrame, field: CandidateSet, speedup: float | None, among: range) -> pd.DataFrame:
    """Return the map with the line of Eq. 5 and what it says of each candidate; as it was where Eq. 5 doesn't hold.

    Adds ``workers``, ``slope``, ``bound`` (r), ``max_operation_overhead`` (the line at the candidate's rho),
    ``theory_inside``, ``theory_edge_bytes_per_s`` (the bandwidth on the line), ``theory_from_workers`` and
    ``theory_to_workers``. All take the charged overhead; at other numbers of workers, with what decoding costs there.

    Parameters
    ----------
    table : DataFrame
        From :func:`simcluster.experiments.homomorphic_map`.
    field : CandidateSet
    speedup : float or None
        The goal; None: the plain update's time.
    among : range
        Numbers of workers that are looked at.
    """
    plain = field.plain
    # This column is there if one ideal link, equal workers and strong scaling make the formula hold.
    if "max_operation_overhead" not in theory_columns(plain):
        return table
    workers, fall = plain.cluster.total_workers, _slope(plain)
    reach = bound(workers, fall, speedup)
    result = table.assign(workers=workers, slope=fall, bound=reach)
    result["max_operation_overhead"] = [largest_overhead(rho, reach, fall) for rho in result["rho"]]
    result["theory_inside"] = result["charged_overhead"] <= result["max_operation_overhead"]
    result["theory_edge_bytes_per_s"] = [
        edge_bandwidth(rho, overhead, fall * plain.network.bandwidth, workers=workers, speedup=speedup)
        for rho, overhead in zip(result["rho"], result["charged_overhead"], strict=True)
    ]
    of_one = slope(1, plain.model.parameters, _one_device(plain), plain.network.bandwidth, _iterations(plain))
    pull = plain.training.pull
    spans = [
        inside_workers(one.fraction, overhead_of(one, plain), of_one, pull, among=among, speedup=speedup)
        for one in field.candidates
    ]
    result["theory_from_workers"] = [math.nan if span is None else span[0] for span in spans]
    result["theory_to_workers"] = [math.nan if span is None else span[1] for span in spans]
    return result


def overhead_of(candidate: Candidate, plain: Scenario) -> Callable[[int], float]:
    """Return the charged overhead as a function of the number of workers: each push is decoded at the server."""
    compression, size = candidate.scenario.compression, candidate.scenario.model.parameters
    if candidate.way != "recoded":
        return lambda workers: candidate.overhead
    codec, cores = compression.codec, plain.cluster.server.cores
    encode, decode = codec.encode_time(size, size), codec.decode_time(size, size)
    once = _iterations(plain) * _one_device(plain)
    return lambda workers: candidate.overhead + workers / once * (2 * encode + (-(-workers // cores) + 1) * decode)


def _slope(plain: Scenario) -> float:
    workers, size, time = plain.cluster.total_workers, plain.model.parameters, _one_device(plain)
    return slope(workers, size, time, plain.network.bandwidth, _iterations(plain), plain.training.pull)


def _one_device(plain: Scenario) -> float:
    """Return the time [s] of a minibatch on one of the devices."""
    return plain.compute.minibatch_time / plain.cluster.worker_groups[0].speed


def _iterations(plain: Scenario) -> int:
    iterations: int = plain.training.local_iterations
    return iterations
