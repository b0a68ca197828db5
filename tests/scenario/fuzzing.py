"""Random mutations of valid files, each given to the command line in a process of its own.

Whatever the file, the command must exit with 0, 2 or 3, without a traceback, within 2 s of processor time and 500 MB.
Scenarios are validated; those that are valid, and whose run would be short, are run too. How long a run is, is for the
scenario to say (a million workers are valid), so that only runs of few events count here: see :func:`is_short`. Files
beside a scenario (a trace, a platform) and tensors are mutated as well.

    python -m tests.scenario.fuzzing --mutations 10000 --jobs 2
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import os
import random
import resource
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from simcluster.cli import main as command_line
from simcluster.cli.codec_output import measurement_report
from simcluster.cli.report_text import run_report
from simcluster.errors import UserInputError
from simcluster.scenario import Scenario
from simcluster.simulation import load, simulate
from simcluster.simulation.codec_measuring import measure_codec
from simcluster.simulation.registry import Registry
from tests.scenario.mutating import mutated
from tests.scenario.template import BASE, FILES

ROOT = Path(__file__).parents[2]
STATUSES = (0, 2, 3)
MOST_SECONDS = 2.0
MOST_MEGABYTES = 500.0
#: Beyond this a process is killed.
_KILLED_AFTER_S = 20
_KILLED_ABOVE = 4 * 2**30

TRACE = b"time_s,factor\n0,1\n1.5,0.5\n3,1\n"
PLATFORM = b"""<?xml version='1.0'?><!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd"><platform version="4.1">
<zone id="z" routing="Full"><cluster id="c" prefix="h" suffix="" radical="0-7" speed="1Gf" bw="1MBps" lat="1ms"
 bb_bw="2.5MBps" bb_lat="2ms" router_id="r"/></zone></platform>
"""
TRACED = BASE.replace("latency: 100 us", "schedule: [{trace: t.csv}]").encode()
IMPORTED = BASE.replace("bandwidth: 1 Gbit/s\n  latency: 100 us", "topology: custom\n  platform: p.xml").encode()


def seeds() -> dict[str, bytes]:
    """Return the valid scenario files, by name."""
    paths = [*sorted((FILES / "good").glob("*.yaml")), *sorted((ROOT / "scenarios").rglob("*.yaml"))]
    files = {str(path.relative_to(ROOT)): path.read_bytes() for path in paths}
    return {"base": BASE.encode(), "traced": TRACED, "imported": IMPORTED, **files}


def tensors() -> dict[str, bytes]:
    """Return valid files of tensors, by ending."""
    array = np.linspace(-1, 1, 60, dtype=np.float32).reshape(6, 10)
    files = {}
    for ending, save in ((".npy", np.save), (".npz", np.savez_compressed)):
        buffer = io.BytesIO()
        save(buffer, array)  # type: ignore[operator]
        files[ending] = buffer.getvalue()
    header = json.dumps({"x": {"dtype": "F32", "shape": [6, 10], "data_offsets": [0, 240]}}).encode()
    files[".safetensors"] = struct.pack("<Q", len(header)) + header + array.tobytes()
    return files


@dataclass(frozen=True)
class Trial:
    """One mutation: the files, and the command that gets them."""

    number: int
    origin: str
    files: dict[str, bytes]
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a mutation; ``ran`` says whether the scenario was simulated too."""

    trial: Trial
    status: int
    ran: bool
    seconds: float
    megabytes: float
    output: str

    @property
    def wrong(self) -> str:
        """What is wrong with it; empty if nothing is."""
        if self.status not in STATUSES:
            return f"status {self.status}"
        if "Traceback" in self.output or not all(line.isprintable() for line in self.output.split("\n")):
            return "a traceback, or what no terminal should see"
        if self.seconds > MOST_SECONDS:
            return f"{self.seconds:.2f} s"
        return f"{self.megabytes:.0f} MB" if self.megabytes > MOST_MEGABYTES else ""


def trials(seed: int, first: int = 0) -> Iterator[Trial]:
    """Yield mutations without end; each depends on the seed and its number alone."""
    scenarios, arrays = seeds(), tensors()
    others = list(scenarios.values())
    beside = {"t.csv": TRACE, "p.xml": PLATFORM, "alexnet-gige.yaml": BASE.encode()}
    number = first
    while True:
        rng = random.Random(f"{seed}/{number}")
        kind = rng.random()
        if kind < 0.05:
            ending = rng.choice(list(arrays))
            name = f"x{ending}"
            files = {name: mutated(arrays[ending], rng, list(arrays.values()))}
            yield Trial(number, ending, files, ("codec", "measure", "none", "--on", name, "--repeat", "1"))
        elif kind < 0.15:
            origin, name = rng.choice([("traced", "t.csv"), ("imported", "p.xml")])
            files = {"x.yaml": scenarios[origin], **beside, name: mutated(beside[name], rng, [beside[name]])}
            yield Trial(number, name, files, ("validate", "x.yaml"))
        else:
            origin = rng.choice(list(scenarios))
            files = {"x.yaml": mutated(scenarios[origin], rng, others), **beside}
            yield Trial(number, origin, files, ("validate", "x.yaml"))
        number += 1


def is_short(scenario: Scenario) -> bool:
    """Return whether a run has few events: few workers, updates, draws and messages, and no endless background."""
    training, network = scenario.training, scenario.network
    draws = training.local_iterations if scenario.compute.jitter is not None else 1
    turns = any(each.on is not None for each in network.background)
    parts = len(scenario.model.layers) or 1
    size = scenario.cluster.total_workers * training.updates * parts
    sliced = training.slice_size is not None or training.overlap != "none"
    return size <= 2_000 and draws * size <= 200_000 and not turns and not sliced


def _called(arguments: Iterable[str]) -> int:
    sys.argv = ["simcluster", *arguments]
    try:
        command_line()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _perform(trial: Trial) -> int:
    """Do what a user would do, in a process of its own; return its status, and 64 more if the scenario was run."""
    status = _called(trial.arguments)
    if status or trial.arguments[0] != "validate":
        return status
    try:
        short = is_short(load("x.yaml").scenario)
    except UserInputError:  # valid as a sweep only
        short = True
    return 64 + _called(["run", "x.yaml"]) if short else status


def _warm_up() -> None:
    """Import and build what commands need, once for all children: theirs is then the work on the file alone."""
    registry = Registry()
    for kind in ("scheme", "topology"):
        for name in registry.names(kind):
            registry.module(kind, name)
    for command in ("validate", "run", "codec"):
        import_module(f"simcluster.cli.{command}_command")
    with tempfile.TemporaryDirectory() as folder:
        for name, content in {"x.yaml": TRACED, "t.csv": TRACE}.items():
            (Path(folder) / name).write_bytes(content)
        scenario = load(Path(folder) / "x.yaml").scenario
        assert run_report(scenario, simulate(scenario))
    assert measurement_report(measure_codec("none", shape=(60,), repeats=1))
    gc.freeze()


def attempt(trial: Trial) -> Outcome:
    """Try one mutation in a child of this process, which is watched and killed if it takes far too much."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as output:
        for name, content in trial.files.items():
            (Path(folder) / name).write_bytes(content)
        child = os.fork()
        if not child:
            os._exit(_in_child(folder, output.fileno(), lambda: _perform(trial)))
        _, ended, usage = os.wait4(child, 0)
        output.seek(0)
        text = output.read().decode("utf-8", "backslashreplace")
    status = os.waitstatus_to_exitcode(ended)
    ran = status >= 64
    seconds = usage.ru_utime + usage.ru_stime
    return Outcome(trial, status - 64 if ran else status, ran, seconds, usage.ru_maxrss / 1024, text)


def _in_child(folder: str, output: int, perform: Callable[[], int]) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (_KILLED_AFTER_S, _KILLED_AFTER_S))
    resource.setrlimit(resource.RLIMIT_AS, (_KILLED_ABOVE, _KILLED_ABOVE))
    os.chdir(folder)
    for stream in (1, 2):
        os.dup2(output, stream)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - it ends with the process
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    try:
        return perform()
    except BaseException:
        import traceback

        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _many(seed: int, first: int, count: int) -> list[Outcome]:
    _warm_up()
    return [attempt(trial) for trial in islice(trials(seed, first), count)]


def campaign(seed: int, mutations: int, jobs: int = 1) -> Iterator[Outcome]:
    """Try many mutations; yield what became of each.

    Parameters
    ----------
    seed : int
    mutations : int
    jobs : int
        Processes that try them.
    """
    if jobs == 1:
        _warm_up()
        yield from map(attempt, islice(trials(seed), mutations))
        return
    chunk = 100
    with ProcessPoolExecutor(jobs) as pool:
        waiting = [
            pool.submit(_many, seed, first, min(chunk, mutations - first)) for first in range(0, mutations, chunk)
        ]
        for one in waiting:
            yield from one.result()


def _report(outcomes: Iterable[Outcome], keep: Path | None) -> int:
    """Print what is wrong, and what all came to; return how many are wrong."""
    kinds: Counter[tuple[str, int]] = Counter()
    slowest: list[tuple[float, int, str]] = []
    largest: list[tuple[float, int, str]] = []
    wrong = 0
    began = time.monotonic()
    for one in outcomes:
        trial = one.trial
        kinds["run" if one.ran else trial.arguments[0], one.status] += 1
        slowest = sorted([*slowest, (one.seconds, trial.number, trial.origin)], reverse=True)[:5]
        largest = sorted([*largest, (one.megabytes, trial.number, trial.origin)], reverse=True)[:5]
        if one.wrong:
            wrong += 1
            print(f"mutation {trial.number} of {trial.origin}: {one.wrong}: {one.output.strip()[-200:]!r}", flush=True)
            _save(one, keep)
    print(f"{sum(kinds.values())} mutations in {time.monotonic() - began:.0f} s, {wrong} wrong")
    for (command, status), count in sorted(kinds.items()):
        print(f"  {command}: status {status}: {count}")
    print("slowest [s]:", ", ".join(f"{value:.2f} ({number}, {origin})" for value, number, origin in slowest))
    print("largest [MB]:", ", ".join(f"{value:.0f} ({number}, {origin})" for value, number, origin in largest))
    return wrong


def _save(one: Outcome, keep: Path | None) -> None:
    if keep is not None:
        folder = keep / str(one.trial.number)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in {**one.trial.files, "output": one.output.encode()}.items():
            (folder / name).write_bytes(content)


def main(arguments: Any = None) -> int:
    """Run a campaign from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mutations", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the files of what went wrong")
    given = parser.parse_args(arguments)
    return 1 if _report(campaign(given.seed, given.mutations, given.jobs), given.keep) else 0


if __name__ == "__main__":
    sys.exit(main())
