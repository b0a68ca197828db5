"""Plant bugs in copies of the code, one at a time, and show which test catches each.

    python -m tests.mutation --jobs 2
    python -m tests.mutation --only staleness

A bug that no test catches fails the script; so does one that doesn't fit the code any more, or tests that fail without
any bug. It isn't part of the tests themselves: it runs some of them a hundred times.
"""

from __future__ import annotations

import argparse
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.mutation import faults, learning, machines, networks, peers, results, scenarios, servers
from tests.mutation.mutation import Mutation, StaleError

ROOT = Path(__file__).parents[2]
ROOMS = (machines, networks, servers, peers, faults, results, learning, scenarios)
_COPIED = ("simcluster", "tests", "scenarios", "setup.cfg", "pyproject.toml", "README.md")
_PYTEST = (sys.executable, "-m", "pytest", "-p", "tests.mutation.quick", "-p", "no:cacheprovider", "-q", "--tb=no")
_CAUGHT = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
#: Longer than any of the tests takes, on a slow machine.
_PATIENCE_S = 600


@dataclass(frozen=True)
class Verdict:
    """What became of a mutation: the test that caught it, if one did, or why there is none."""

    mutation: Mutation
    test: str
    trouble: str
    seconds: float


def copy_to(folder: Path) -> Path:
    """Copy the project, with its compiled modules: those that aren't changed needn't be compiled again."""
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns(".*_cache"))
        else:
            shutil.copy2(source, folder / name)
    return folder


def run_tests(place: Path, targets: Iterable[str], *options: str) -> subprocess.CompletedProcess[str]:
    """Run some tests in a copy.

    Raises
    ------
    subprocess.TimeoutExpired
        If they hang.
    """
    environment = {**os.environ, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [*_PYTEST, *options, *targets], cwd=place, env=environment, capture_output=True, text=True, check=False,
        timeout=_PATIENCE_S * (1 if options else 10),
    )  # fmt: skip


def tried(mutation: Mutation, place: Path) -> Verdict:
    """Plant a mutation in a copy, run its tests, and take it out again."""
    path = place / "simcluster" / mutation.file
    original, stamp = path.read_bytes(), path.stat()
    began = time.monotonic()
    test = trouble = ""
    try:
        mutation.plant(place)
        done = run_tests(place, mutation.targets, "-x")
        caught = _CAUGHT.search(done.stdout)
        if done.returncode == 1 and caught:
            test = caught[1]
        else:
            trouble = "NOT CAUGHT" if not done.returncode else f"pytest broke: {done.stdout.strip().splitlines()[-1]}"
    except StaleError as error:
        trouble = f"STALE: {error}"
    except subprocess.TimeoutExpired:
        trouble = "the tests hang"
    finally:
        path.write_bytes(original)
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    return Verdict(mutation, test, trouble, time.monotonic() - began)


def failing(places: Sequence[Path], mutations: Sequence[Mutation]) -> list[str]:
    """Return the tests that fail although nothing was planted, of those that the mutations name."""
    targets = list(dict.fromkeys(target for mutation in mutations for target in mutation.targets))
    # Without a target pytest would run all tests.
    shares = [share for place in range(len(places)) if (share := targets[place :: len(places)])]
    with ThreadPoolExecutor(len(places)) as pool:
        all_done = list(pool.map(run_tests, places, shares))
    found = [test for done in all_done for test in _CAUGHT.findall(done.stdout)]
    broken = [done.stdout[-500:] + done.stderr[-500:] for done in all_done if done.returncode and not found]
    return found + broken


def main() -> int:
    """Try all mutations; 1 unless each is caught."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2, help="how many copies are tried at a time")
    parser.add_argument("--only", default="", help="mutations whose name or file contains this")
    options = parser.parse_args()
    mutations = [
        mutation for room in ROOMS for mutation in room.MUTATIONS
        if options.only in mutation.name or options.only in mutation.file
    ]  # fmt: skip
    if not mutations:
        print(f"no mutation is called '{options.only}'")
        return 1
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        places = []
        for number in range(options.jobs):
            (Path(folder) / str(number)).mkdir()
            places.append(copy_to(Path(folder) / str(number)))
        if wrong := failing(places, mutations):
            print("fails without any bug:", *wrong, sep="\n  ")
            return 1
        print(f"nothing planted: all tests pass ({time.monotonic() - began:.0f} s)\n", flush=True)
        free: queue.Queue[Path] = queue.Queue()
        for place in places:
            free.put(place)

        def try_somewhere(mutation: Mutation) -> Verdict:
            place = free.get()
            try:
                return tried(mutation, place)
            finally:
                free.put(place)

        verdicts = []
        with ThreadPoolExecutor(len(places)) as pool:
            for verdict in pool.map(try_somewhere, mutations):
                verdicts.append(verdict)
                became = verdict.test or verdict.trouble
                print(f"{verdict.mutation.name:<66} {verdict.seconds:5.1f} s  {became}", flush=True)
    escaped = [verdict for verdict in verdicts if not verdict.test]
    print(f"\n{len(verdicts) - len(escaped)} of {len(verdicts)} bugs caught, in {time.monotonic() - began:.0f} s")
    return 1 if escaped else 0


if __name__ == "__main__":
    sys.exit(main())
