"""Columns of theory beside the simulated ones: for lines in plots, and for whoever doubts a number."""

from __future__ import annotations

from simcluster.scenario import Scenario
from simcluster.theory.feasibility import largest_overhead, overhead_beating_vanilla, slope
from simcluster.theory.symmetric import SymmetricUpdate
from simcluster.theory.sync_sgd import computation_time, ideal_speedup


def theory_columns(scenario: Scenario) -> dict[str, float]:
    """Return what the closed formulas say of a scenario.

    - ``ideal_computation_s`` (i*C/M), ``single_node_update_time_s`` (i*C) and ``ideal_speedup``;

    and where the paper's formulas hold (``sync-ps``, one ideal half-duplex link, workers of equal speed, no jitter):

    - ``theory_update_time_s``, the exact time, and ``vanilla_update_time_s``, that without compression;
    - with strong scaling and free aggregation, the largest h of Eq. 5 in its general form with which homomorphic
      compression is as fast as vanilla (``max_operation_overhead``), or as one device of speed 1
      (``max_operation_overhead_one_device``); like the equation they leave out latency.
    """
    compute, workers = scenario.compute, scenario.cluster.total_workers
    iterations = scenario.training.local_iterations
    columns = {
        "ideal_computation_s": computation_time(workers, iterations, compute.minibatch_time, compute.scaling),
        "single_node_update_time_s": iterations * compute.minibatch_time,
        "ideal_speedup": ideal_speedup(workers),
    }
    if _as_in_the_paper(scenario):
        update = _symmetric(scenario)
        columns["theory_update_time_s"] = update.parts().total
        columns["vanilla_update_time_s"] = _symmetric(scenario, compressed=False).parts().total
        if update.scaling == "strong" and update.aggregation_rate is None:
            columns |= _equation_5(update, speed=scenario.cluster.worker_groups[0].speed)
    return columns


def _as_in_the_paper(scenario: Scenario) -> bool:
    network, jitter = scenario.network, scenario.compute.jitter
    one_link = network.topology == "shared-link" and network.duplex == "half" and network.ideal
    equal = len({group.speed for group in scenario.cluster.worker_groups}) == 1 and (jitter is None or jitter.cv == 0)
    return bool(scenario.training.scheme == "sync-ps" and one_link and equal)


def _equation_5(update: SymmetricUpdate, speed: float) -> dict[str, float]:
    fall = slope(
        update.workers,
        update.parameters,
        update.minibatch_time,
        update.bandwidth,
        iterations=update.iterations,
        pull=update.pull,
    )
    rho = update.compressed_fraction
    return {
        "max_operation_overhead": overhead_beating_vanilla(rho, fall),
        "max_operation_overhead_one_device": largest_overhead(rho, update.workers * speed, fall),
    }


def _symmetric(scenario: Scenario, *, compressed: bool = True) -> SymmetricUpdate:
    compute, cluster, compression = scenario.compute, scenario.cluster, scenario.compression
    codec, size = compression.codec, scenario.model.parameters
    compressed = compressed and not compression.is_plain
    return SymmetricUpdate(
        workers=cluster.total_workers,
        iterations=scenario.training.local_iterations,
        minibatch_time=compute.minibatch_time / cluster.worker_groups[0].speed,
        parameters=size,
        bandwidth=scenario.network.bandwidth,
        scaling=compute.scaling,
        latency=scenario.network.latency,
        pull=scenario.training.pull,
        compressed_fraction=codec.compressed_size(size) / size if compressed else 1.0,
        encode_time=codec.encode_time(size, size) if compressed else 0.0,
        decode_time=codec.decode_time(size, size) if compressed else 0.0,
        usage=compression.usage,
        direction=compression.direction,
        operation_overhead=scenario.overhead if compressed else 1.0,
        cores=cluster.server.cores,
        aggregation_rate=cluster.server.aggregation_rate,
    )
