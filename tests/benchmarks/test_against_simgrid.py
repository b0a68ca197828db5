"""Synchronous SGD on a star, recorded, against SimGrid's Python: ``pytest tests/benchmarks --benchmark-only``.

Target: with 1,024 workers at least 30 times faster. What is measured is a whole run with its trace and its summary
here, and there the run of the engine alone (its raw flow model, every message put and got by actors), both in
CPU time; ``extra_info`` holds microseconds a flow and the ratio, of the fastest of interleaved runs. SimGrid's C++
isn't measured.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from simcluster.simulation import simulate
from tests.building import scenario
from tests.network.test_simgrid_comparison import ENVIRONMENT, missing

PROGRAM = Path(__file__).with_name("simgrid_star.py")
UPDATES = 4
#: Uniform between 1 and 3 s.
SPREAD = {"distribution": "uniform", "cv": 1 / 12**0.5, "per": "update"}


def platform(workers: int) -> str:
    """Return a star: interfaces of 1 MB/s for each worker, full duplex."""
    head = "<?xml version='1.0'?><!DOCTYPE platform SYSTEM 'https://simgrid.org/simgrid.dtd'><platform version='4.1'>"
    cluster = f'<cluster id="c" prefix="h" suffix="" radical="0-{workers}" speed="1Gf" bw="{workers}MBps" lat="0s"/>'
    return f"{head}{cluster}</platform>"


def simgrid(path: Path, workers: int, spread: float) -> tuple[float, float]:
    """Return the CPU time that SimGrid takes, and the simulated time [s]."""
    command = [sys.executable, str(PROGRAM), str(workers), str(UPDATES), str(spread), str(path)]
    run = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=600, check=True)
    seconds, end = map(float, run.stdout.split())
    return seconds, end


def question(workers: int, *, spread: bool) -> dict[str, Any]:
    """Return the same as a scenario."""
    compute: dict[str, Any] = {"scaling": "weak", "minibatch_time": "2 s" if spread else "1 s"}
    if spread:
        compute["jitter"] = SPREAD
    return {
        "model": {"parameters": "1 MB"},
        "compute": compute,
        "cluster": {"workers": workers},
        "network": {"topology": "star", "bandwidth": f"{workers} MB/s"},
        "training": {"updates": UPDATES},
    }


def test_it_is_the_same_training(tmp_path: Path) -> None:
    if missing():
        pytest.skip(f"SimGrid is missing: {missing()}")
    path = tmp_path / "star.xml"
    path.write_text(platform(16))
    _, end = simgrid(path, 16, 0.0)
    assert simulate(scenario(question(16, spread=False))).metrics["total_time_s"] == pytest.approx(end, rel=1e-6)


@pytest.mark.parametrize("spread", [False, True], ids=["equal", "spread"])
@pytest.mark.parametrize("workers", [1_024, 4_096])
def test_a_recorded_star(benchmark: Any, workers: int, spread: bool, tmp_path: Path) -> None:
    path = tmp_path / "star.xml"
    path.write_text(platform(workers))
    ours: list[float] = []
    theirs: list[float] = []
    asked = scenario(question(workers, spread=spread))

    def both() -> None:
        begin = time.process_time()
        simulate(asked, record=True)
        ours.append(time.process_time() - begin)
        if not missing():
            theirs.append(simgrid(path, workers, 2.0 if spread else 0.0)[0])

    benchmark.group = "recorded star against SimGrid"
    benchmark.pedantic(both, rounds=3)
    flows = 2 * workers * UPDATES
    benchmark.extra_info["us_per_flow"] = round(min(ours) / flows * 1e6, 2)
    if theirs:
        benchmark.extra_info["simgrid_us_per_flow"] = round(min(theirs) / flows * 1e6, 2)
        benchmark.extra_info["times_faster"] = round(min(theirs) / min(ours), 2)
