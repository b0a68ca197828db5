"""Columns of theory beside the simulated ones: for lines in plots, and for whoever doubts a number."""

from __future__ import annotations

from simcluster.scenario import Scenario
from simcluster.theory.feasibility import largest_overhead, overhead_beating_vanilla, slope
from simcluster.theory.symmetric import SymmetricUpdate
from simcluster.theory.sync_sgd import computation_time, ideal_speedup


def theory_columns(scenario: Scenario) -> dict[str, float]:
    """Return what the closed formulas say of a scenario.

    - ``ideal_speedup``, and ``single_node_update_time_s``: i*C, or the share of it that the contributions to one update
      are, in schemes in which not all workers contribute to each;
    - ``ideal_computation_s`` (i*C/M), if all do;

    and where the paper's formulas hold (``sync-ps`` with one server and one message for all parameters, one ideal
    half-duplex link, one codec, workers of equal speed, no jitter, no fault):

    - ``theory_update_time_s``, the exact time, and ``vanilla_update_time_s``, that without compression;
    - with strong scaling and free aggregation, the largest h of Eq. 5 in its general form with which homomorphic
      compression is as fast as vanilla (``max_operation_overhead``), or as one device of speed 1
      (``max_operation_overhead_one_device``); like the equation they leave out latency.
    """
    compute, workers = scenario.compute, scenario.cluster.total_workers
    iterations = scenario.training.local_iterations
    share = scenario.contributing_share
    columns = {
        "single_node_update_time_s": iterations * compute.minibatch_time * share,
        "ideal_speedup": ideal_speedup(workers),
    }
    if share == 1:
        ideal = computation_time(workers, iterations, compute.minibatch_time, compute.scaling)
        columns["ideal_computation_s"] = ideal
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
    calm = not scenario.faults and not scenario.can_crash
    return bool(one_link and equal and calm and _all_at_once(scenario) and _one_codec(scenario))


def _all_at_once(scenario: Scenario) -> bool:
    """Whether all parameters go to one server and back, in one message each, between two computations."""
    training = scenario.training
    one_server = scenario.servers == 1 and scenario.own_servers == 1
    behind = training.slices or training.double_buffering
    return bool(training.scheme == "sync-ps" and one_server and not behind)


def _one_codec(scenario: Scenario) -> bool:
    """Whether the cost profile of one codec says all there is to say of what travels."""
    compression, learning = scenario.compression, scenario.learning
    one = compression.push is None and compression.pull is None and not compression.codec.agreed_fraction
    return one and (learning is None or learning.coupling != "own")


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
