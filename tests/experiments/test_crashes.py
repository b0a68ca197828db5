"""Sweeps that are killed; ``python -m tests.experiments.crashing 50`` does it more often."""

from __future__ import annotations

import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

from simcluster.experiments import load_store, plan_sweep, run_sweep, running
from simcluster.simulation import load_grid
from tests.experiments import crashing

ROOT = Path(__file__).parents[2]
FILE = str(ROOT / "scenarios" / "homomorphic_2017" / "alexnet.yaml")


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> str:
    return crashing.sweep_here(tmp_path_factory.mktemp("calm") / "store.sqlite").to_csv()


def test_a_killed_parent_loses_nothing(calm: str, tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"
    rng = random.Random(5)
    assert crashing.kill_parent(store, rng.uniform(0.0, 0.2)), "it was over too soon: nothing was tested"
    crashing.kill_parent(store, rng.uniform(0.0, 0.5))
    assert crashing.sweep_here(store).to_csv() == calm
    assert load_store(store).to_csv() == calm


def test_killed_workers_cost_nothing(calm: str, tmp_path: Path) -> None:
    table, killed = crashing.sweep_while_workers_die(tmp_path / "store.sqlite", 3, random.Random(6))
    assert killed
    assert table.to_csv() == calm


def sweep_process(store: Path, mark: str, jobs: int = 2, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "simcluster", "sweep", FILE, "--jobs", str(jobs), "--store", str(store)]
    command += ["--set", "cluster.workers=1..40", "--set", "network.bandwidth=1..20 Gbit/s"]
    command += ["--set", "training.updates=30"]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, crashing.MARK: mark}, **options,  # type: ignore[call-overload]
    )


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_ends_at_once_with_the_line_that_resumes(jobs: int, tmp_path: Path) -> None:
    # Twice more if it is too slow: on a machine that others keep busy, two seconds of the clock can be one of ours.
    assert any(seconds_to_end(jobs, tmp_path / f"a store {attempt}.sqlite") < 2 for attempt in range(3))


def seconds_to_end(jobs: int, store: Path) -> float:
    """Interrupt a sweep, see that it says how to go on, and return how long it took to end [s]."""
    mark = uuid4().hex
    process = sweep_process(store, mark, jobs)
    wait_for_runs(store)
    begin = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes
    out, err = process.communicate(timeout=20)
    taken = time.monotonic() - begin
    assert process.returncode == 130
    assert out == ""
    line = err.splitlines()[-2]
    assert line.startswith("simcluster sweep ")
    assert f"--store '{store}'" in line
    assert "Traceback" not in err
    assert not crashing.marked_processes(mark)
    assert 0 < len(load_store(store)) < 800
    return taken


def wait_for_runs(store: Path) -> None:
    """Wait until a sweep has stored some runs."""
    for _ in range(400):
        time.sleep(0.05)
        if store.exists() and len(load_store_or_nothing(store)) > 10:
            return
    raise AssertionError("the sweep doesn't begin")


def load_store_or_nothing(store: Path) -> object:
    with sqlite3.connect(store, timeout=10) as base:
        try:
            return base.execute("SELECT key FROM summary").fetchall()
        except sqlite3.OperationalError:
            return []


def test_a_full_disk_is_one_line_and_what_was_stored_can_be_read(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    process = sweep_process(store, uuid4().hex, preexec_fn=small_files)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert out == ""
    assert err.splitlines()[-1].endswith("what was stored before can be read")
    assert "Traceback" not in err
    assert 0 < len(load_store(store)) < 800


def test_a_store_is_read_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_BATCH_S", 0.0)
    seen: list[int] = []
    store = tmp_path / "store.sqlite"
    plan = plan_sweep(load_grid(FILE, ["cluster.workers=1..20", "training.updates=1"]))
    run_sweep(plan, store=store, watch=lambda progress: seen.append(len(load_store(store))))
    assert seen == list(range(21))
    assert [path.name for path in tmp_path.iterdir()] == ["store.sqlite"]
