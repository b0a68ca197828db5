"""What a whole run costs: ``pytest tests/benchmarks --benchmark-only``; the counts are asserted in every test run.

Targets (ratios within one run): a full trace at most 1.2 times the time of a run and 48 bytes a row; ``--help`` at most
6 times, ``run`` of 16 workers at most 30 times ``python -c pass``.
"""

from __future__ import annotations

import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import simpy

from simcluster.recording.spans import SPAN
from simcluster.simulation import running
from tests.building import run

ROOT = Path(__file__).parents[2]
FILE = str(ROOT / "scenarios" / "homomorphic_2017" / "alexnet_gzip.yaml")
JITTER = {"jitter": {"distribution": "lognormal", "cv": 0.3, "per": "update"}}


def changes(workers: int, **others: Any) -> dict[str, Any]:
    return {"cluster": {"workers": workers}, "training": {"updates": 10}, "network": {"latency": "100 us"}, **others}


class CountingEnvironment(simpy.Environment):
    """Counts the events that are scheduled in all environments since the last reset."""

    events = count()

    def schedule(self, *arguments: Any, **keywords: Any) -> None:
        next(type(self).events)
        super().schedule(*arguments, **keywords)


@pytest.mark.parametrize(("jitter", "most"), [({}, 3.4), (JITTER, 5.4)])
@pytest.mark.parametrize("workers", [64, 512])
def test_events_of_a_worker_update(
    workers: int, jitter: dict[str, Any], most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A timeout, a push and a pull; with jitter two more wake-ups of the link and its latency line.
    monkeypatch.setattr(CountingEnvironment, "events", count())
    monkeypatch.setattr(running.simpy, "Environment", CountingEnvironment)
    run(changes(workers, compute=jitter), record=False)
    assert next(CountingEnvironment.events) / workers / 10 < most


def test_bytes_and_rows_of_a_trace() -> None:
    assert SPAN.size <= 48
    spans = run(changes(64)).spans
    assert len(spans) / 64 / 10 < 9


@pytest.mark.parametrize("workers", [16, 1_000, 10_000])
@pytest.mark.parametrize("record", [False, True], ids=["plain", "recorded"])
def test_run(benchmark: Any, workers: int, record: bool) -> None:
    benchmark.group = f"sync-ps, {workers} workers x 10 updates"
    benchmark.pedantic(run, args=(changes(workers),), kwargs={"record": record}, rounds=5 if workers < 10_000 else 2)


@pytest.mark.parametrize(
    "arguments", [["-c", "pass"], ["-m", "simcluster", "--help"], ["-m", "simcluster", "run", FILE]], ids=" ".join
)
def test_start(benchmark: Any, arguments: list[str]) -> None:
    benchmark.group = "whole process"
    benchmark(subprocess.run, [sys.executable, *arguments], check=True, capture_output=True)
