"""What a sweep costs beside its runs: ``pytest tests/benchmarks --benchmark-only``.

Target: driver and store cost less than 10 % of the simulation, for runs of 10 ms. The sweep has 1,000 points of the
paper's scenario. ``extra_info`` holds runs per second, and the processor time that driver and store add to the same
simulations alone, and reading and checking the grid beside: processor time, since the clock on the wall also measures
who else uses the machine.
"""

from __future__ import annotations

from pathlib import Path
from time import process_time
from typing import Any

import pytest

from simcluster.experiments import plan_sweep, run_sweep
from simcluster.simulation import load_grid, simulate

ROOT = Path(__file__).parents[2]
FILE = ROOT / "scenarios" / "homomorphic_2017" / "alexnet.yaml"
#: 1,000 points of 25 workers; 33 updates make runs of about 10 ms.
AXES = ["network.bandwidth=0.1..10 Gbit/s:0.1", "compute.minibatch_time=0.1..1.0 s:0.1", "training.updates=33"]
FEWER = ["network.bandwidth=1..10 Gbit/s", *AXES[1:]]


@pytest.mark.parametrize("jobs", [1, 2, 4])
def test_a_sweep_of_1000_points(jobs: int, benchmark: Any, tmp_path: Path) -> None:
    cost = []

    def sweep() -> int:
        begin = process_time()
        rows = len(run_sweep(plan_sweep(load_grid(FILE, AXES)), jobs=jobs, store=tmp_path / "store.sqlite").table)
        cost.append((process_time() - begin) / rows)
        return rows

    assert benchmark.pedantic(sweep, rounds=1) == 1000
    benchmark.extra_info["runs per second"] = 1000 / benchmark.stats.stats.min
    benchmark.extra_info["processor time of the parent, ms a run"] = cost[0] * 1e3


def test_driver_and_store_beside_the_runs(benchmark: Any, tmp_path: Path) -> None:
    scenarios = [point.scenario for point in load_grid(FILE, FEWER)]
    alone, planning, together = [], [], []
    for number in range(9):
        times = [process_time()]
        for scenario in scenarios:
            simulate(scenario)
        times.append(process_time())
        plan = plan_sweep(load_grid(FILE, FEWER))
        times.append(process_time())
        run_sweep(plan, store=tmp_path / f"{number}.sqlite")
        times.append(process_time())
        for kept, begin, end in zip((alone, planning, together), times, times[1:], strict=False):
            kept.append(end - begin)
    benchmark.extra_info["milliseconds a run"] = min(alone) / len(scenarios) * 1e3
    benchmark.extra_info["driver and store / simulation"] = min(together) / min(alone) - 1
    benchmark.extra_info["reading and checking the grid / simulation"] = min(planning) / min(alone)
    benchmark.pedantic(lambda: None, rounds=1)
