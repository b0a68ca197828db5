"""The same scenario, seed and version give the same bytes of every table: the suite that shows it, for all cases.

    python -m tests.simulation.determinism --repeats 20 --hash-seeds 10 --jobs 1,2,8 --python python3.12

Compared are canonical exports: the resolved scenario, and every table as ``Result.to_csv`` writes it (or the payload of
a codec, and what it decodes to). Nothing is stored from version to version: all runs that are compared are done now.
What changes between them: repetition in one process, recording, PYTHONHASHSEED, the number of processes and the order
in which runs are submitted, and the version of Python (with the same numpy, whose random streams and sums it is then).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path

from simcluster.experiments import load_store, plan_sweep, run_sweep
from simcluster.experiments.executors import open_pool
from simcluster.rng import stream
from simcluster.scenario import from_mapping
from simcluster.simulation import Registry, load_grid, simulate
from simcluster.simulation.codec_measuring import build_codec
from tests.simulation.determinism_cases import CODECS, SCENARIOS

ROOT = Path(__file__).parents[2]
#: Everything, by name.
CASES = [*SCENARIOS, *(f"payload {name}" for name in CODECS)]
#: What interpreters are called that the package may claim to run on.
_PYTHONS = [f"python3.{minor}" for minor in range(11, 20)]
Exports = Mapping[str, bytes]


def export(case: str, *, record: bool = True) -> Exports:
    """Return what a case gives, as bytes by name."""
    if case not in SCENARIOS:
        return _payload(case.removeprefix("payload "))
    result = simulate(from_mapping(SCENARIOS[case], Registry()), record=record)
    with tempfile.TemporaryDirectory() as folder:
        tables = {path.name: path.read_bytes() for path in result.to_csv(Path(folder))}
    return {"scenario.json": json.dumps(result.scenario).encode(), **tables}


def _payload(name: str) -> Exports:
    """Return two messages of one stream of a codec, and what they decode to."""
    codec = build_codec(name)
    values = (0.25 * stream(1, "tensor", "values").standard_normal((40, 30))).astype("float32")
    state, rng, found = codec.new_state(values.shape), stream(1, name, "encode"), {}
    for number in (1, 2):
        payload = codec.encode(values, state, rng)
        found |= {f"payload {number}": payload.data, f"decoded {number}": codec.decode(payload).tobytes()}
    return found


def fingerprint(exports: Exports) -> str:
    """Return the digest of an export, names and all."""
    digest = hashlib.sha256()
    for name, data in exports.items():
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def fingerprint_of(case: str) -> str:
    """Return the digest of a case."""
    return fingerprint(export(case))


def fingerprints(cases: Iterable[str]) -> dict[str, str]:
    """Return the digest of each case, run in this process."""
    return {case: fingerprint_of(case) for case in cases}


def repeated(cases: Sequence[str], known: Mapping[str, str], repeats: int) -> list[str]:
    """Return the cases that differ from what is known when they are repeated in this process, in another order."""
    rng, wrong = random.Random(1), []
    for _ in range(repeats):
        order = rng.sample(cases, len(cases))
        wrong += [case for case in order if fingerprint_of(case) != known[case]]
    return wrong


def unrecorded(cases: Iterable[str]) -> list[str]:
    """Return the cases of which recording changes a table."""
    wrong = []
    for case in cases:
        recorded, plain = export(case), export(case, record=False)
        if {name: recorded.get(name) for name in plain} != dict(plain):
            wrong.append(case)
    return wrong


def elsewhere(
    cases: Sequence[str], known: Mapping[str, str], python: str = sys.executable, hash_seed: str = "0"
) -> list[str]:
    """Return the cases that differ in a process of its own.

    Raises
    ------
    RuntimeError
        If the process fails, with its last words.
    """
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [python, "-m", "tests.simulation.determinism", "--fingerprints"]
    done = subprocess.run(
        command, input=json.dumps(list(cases)), env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{python}: {done.stderr.strip().splitlines()[-1]}")
    found = json.loads(done.stdout)
    return [case for case in cases if found[case] != known[case]]


def submitted(cases: Sequence[str], known: Mapping[str, str], executor: Executor, seed: int) -> list[str]:
    """Return the cases that differ when they are submitted in a shuffled order to an executor."""
    order = random.Random(seed).sample(cases, len(cases))
    futures = {case: executor.submit(fingerprint_of, case) for case in order}
    return [case for case, future in futures.items() if future.result() != known[case]]


def swept(jobs: int, folder: Path) -> str:
    """Return the digest of a sweep: its table, and all that its store keeps."""
    file = ROOT / "scenarios" / "homomorphic_2017" / "alexnet.yaml"
    jitter = "{distribution: lognormal, cv: 0.3}"
    grid = load_grid(file, ["cluster.workers=1..6", f"compute.jitter={jitter}", "training.updates=5"])
    store = folder / f"{jobs}.sqlite"
    table = run_sweep(plan_sweep(grid, 3), jobs=jobs, store=store, spans=True).table
    tables = [table, *(load_store(store, name) for name in ("summary", "updates", "spans", "links"))]
    return fingerprint({str(place): one.to_csv().encode() for place, one in enumerate(tables)})


def unlike(jobs: Sequence[int]) -> list[str]:
    """Return the numbers of processes with which a sweep isn't what it is with the first."""
    with tempfile.TemporaryDirectory() as folder:
        digests = {number: swept(number, Path(folder)) for number in jobs}
    return [f"{number} processes" for number in jobs if digests[number] != digests[jobs[0]]]


def interpreters() -> list[str]:
    """Return the interpreters that are found by their names, and can run the simulator; this one isn't among them."""
    found = []
    for name in _PYTHONS:
        path = shutil.which(name)
        this = f"python3.{sys.version_info.minor}"
        if path is not None and name != this:
            probe = [path, "-c", "import simpy, numpy, pandas, pydantic, yaml"]
            usable = not subprocess.run(probe, capture_output=True, check=False).returncode
            print(f"{name}: {'found' if usable else 'found, without the dependencies: left out'}")
            found += [path] if usable else []
    return found


def _report(what: str, cases: int, check: Callable[[], list[str]]) -> bool:
    began = time.monotonic()
    wrong = check()
    names = f": {', '.join(dict.fromkeys(wrong))}" if wrong else ""
    print(f"{what}: {cases} compared, {len(wrong)} differ{names} ({time.monotonic() - began:.0f} s)", flush=True)
    return not wrong


def main() -> int:
    """Run the whole suite; 1 if anything differs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fingerprints", action="store_true", help="print those of the cases on stdin")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--hash-seeds", type=int, default=10)
    parser.add_argument("--jobs", default="1,2,8")
    parser.add_argument("--python", action="append", default=[], help="another interpreter that has the dependencies")
    options = parser.parse_args()
    if options.fingerprints:
        print(json.dumps(fingerprints(json.load(sys.stdin))))
        return 0
    jobs = [int(number) for number in options.jobs.split(",")]
    known, count = fingerprints(CASES), len(CASES)
    fine = [
        _report(f"{options.repeats} repeats, each in another order", count * options.repeats,
                lambda: repeated(CASES, known, options.repeats)),
        _report("recording on and off", count, lambda: unrecorded(CASES)),
    ]
    for number in range(options.hash_seeds):
        seed = str(number)
        fine.append(_report(f"hash seed {seed}", count, lambda seed=seed: elsewhere(CASES, known, hash_seed=seed)))
    for number in jobs:
        with open_pool(number) as pool:
            fine.append(_report(f"{number} processes, shuffled", count,
                                lambda pool=pool, number=number: submitted(CASES, known, pool.executor, number)))
    fine.append(_report(f"a sweep and its store, with {options.jobs} processes", len(jobs), lambda: unlike(jobs)))
    for python in [*interpreters(), *options.python]:
        version = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        fine.append(_report(version, count, lambda python=python: elsewhere(CASES, known, python)))
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
