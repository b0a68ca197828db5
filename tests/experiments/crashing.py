"""Kill a sweep again and again, at random instants, and see that nothing is lost.

``python -m tests.experiments.crashing 50`` kills the parent of a sweep 50 times, and then 50 workers of another. The
tests do the same a few times.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pandas as pd

from simcluster.experiments import Progress, load_store, plan_sweep, run_sweep
from simcluster.experiments.workers import ProcessExecutor
from simcluster.simulation import load_grid

ROOT = Path(__file__).parents[2]
FILE = str(ROOT / "scenarios" / "homomorphic_2017" / "alexnet.yaml")
OVERRIDES = ["cluster.workers=1..30", "network.bandwidth=1..10 Gbit/s", "training.updates=30"]
MARK = "SIMCLUSTER_CRASH_TEST"
#: A parent that is over when it should be killed proves nothing: it is begun again.
_LONGEST_S = 2.5


def acknowledge(progress: Progress) -> None:
    """Say how many runs are stored."""
    print(progress.done, flush=True)


def sweep_here(store: Path, **options: object) -> pd.DataFrame:
    plan = plan_sweep(load_grid(FILE, OVERRIDES))
    return run_sweep(plan, store=store, **options).table  # type: ignore[arg-type]


def marked_processes(mark: str) -> list[int]:
    """Return the processes that have a mark in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found


def kill_parent(store: Path, after: float) -> bool:
    """Kill a sweep some time after its first run was stored; return whether it was still at work."""
    mark = uuid4().hex
    command = [sys.executable, "-m", "tests.experiments.crashing", "sweep", str(store)]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, MARK: mark}, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        acknowledged = int(parent.stdout.readline())
        time.sleep(after)
        was_at_work = parent.poll() is None
        parent.kill()
        acknowledged = max([acknowledged, *(int(line) for line in parent.stdout.read().split("\n")[:-1])])
    time.sleep(2)
    assert not marked_processes(mark), "a worker outlives its parent"
    assert len(load_store(store)) >= acknowledged, "a run was acknowledged and is lost"
    return was_at_work


class WorkerKiller:
    """Kills a worker in the middle of a job whenever a random number of further runs is over.

    Not by the clock: a machine that is slow to start workers would see the same run killed three times, and fail.
    """

    def __init__(self, executor: ProcessExecutor, times: int, rng: random.Random) -> None:
        self._executor = executor
        self._times = times
        self._rng = rng
        self._next = rng.randint(1, 20)
        self.killed = 0

    def __call__(self, progress: Progress) -> None:
        if progress.finished < self._next or self.killed == self._times:
            return
        time.sleep(self._rng.uniform(0.0, 0.02))
        at_work = [worker.process.pid for worker in self._executor._state.workers if worker.job is not None]
        if at_work:
            os.kill(self._rng.choice(at_work), signal.SIGKILL)
            self.killed += 1
            self._next = progress.finished + self._rng.randint(10, 40)


def sweep_while_workers_die(store: Path | None, times: int, rng: random.Random) -> tuple[pd.DataFrame, int]:
    """Return the table of a sweep whose workers were killed, and how many were."""
    plan = plan_sweep(load_grid(FILE, OVERRIDES))
    executor = ProcessExecutor(2)
    killer = WorkerKiller(executor, times, rng)
    try:
        swept = run_sweep(plan, executor=executor, store=store, watch=killer)
    finally:
        executor.shutdown(cancel_futures=True)
    assert not swept.errors, swept.errors
    return swept.table, killer.killed


def main(times: int) -> None:
    """Kill parents and workers ``times`` times each, and compare with a sweep that nobody disturbed."""
    import tempfile

    expected = sweep_here(Path(tempfile.mkdtemp()) / "calm.sqlite").to_csv()
    rng = random.Random(times)
    hits = resumed = 0
    while hits < times:
        store = Path(tempfile.mkdtemp()) / "killed.sqlite"
        for _ in range(4):
            hits += kill_parent(store, rng.uniform(0.0, _LONGEST_S) ** 2 / _LONGEST_S)
        assert sweep_here(store).to_csv() == expected, "the resumed store differs"
        resumed += 1
    print(f"{hits} parents killed at work, {resumed} stores resumed to the same table")
    hits = sweeps = 0
    while hits < times:
        table, killed = sweep_while_workers_die(None, times - hits, rng)
        assert table.to_csv() == expected, "the table differs"
        hits, sweeps = hits + killed, sweeps + 1
    print(f"{hits} workers killed in {sweeps} sweeps, all of the same table")


if __name__ == "__main__":
    if sys.argv[1] == "sweep":
        sweep_here(Path(sys.argv[2]), jobs=2, watch=acknowledge)
    else:
        main(int(sys.argv[1]))
