"""What schemes learn on the simulated clock, again: by formula, from what the journal says of each update.

The journal says which worker's push an update was, and how many others were applied since the worker's pull. The replay
computes each gradient on the parameters of that moment, and knows nothing of replicas, messages or streams.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simcluster.codecs.protocol import State
from simcluster.learning.tasks import QuadraticTask
from simcluster.recording.journal import COLUMNS
from simcluster.results import Result
from simcluster.simulation.codec_measuring import build_codec
from tests.building import scenario
from tests.learning.scenarios import learn, losses

RATE, SIZE, WORKERS, SEED = 0.1, 24, 5, 7
PROBLEM = {"kind": "quadratic", "dimension": SIZE, "noise": 0.5, "spread": 1.0}
LEARNING: dict[str, Any] = {"problem": PROBLEM, "optimiser": {"rate": RATE}}
#: Workers that differ, and pulls that take about as long as a minibatch.
SECTIONS: dict[str, Any] = {
    "cluster": {"workers": WORKERS},
    "compute": {"minibatch_time": "1 s", "minibatch": 32, "jitter": {"cv": 0.6}},
    "network": {"topology": "star", "bandwidth": "300 B/s", "latency": "10 ms"},
}
ONE_BIT = {"codec": "1-bit-epyc", "direction": "push"}


def task_of(problem: dict[str, Any]) -> QuadraticTask:
    options = scenario({"learning": {"coupling": "own", "problem": problem}}).learning
    assert options is not None
    return QuadraticTask(options.problem, WORKERS, 32 // WORKERS, SEED)


def rows_of(result: Result) -> list[dict[str, float]]:
    """Return the journal's rows of updates that took effect, in the order of the updates."""
    flat = np.asarray(result.records.rows).reshape(-1, len(COLUMNS))
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in flat if row[0] > 0]
    return sorted(rows, key=lambda row: (row["update"], row["worker"]))


def values_of(task: QuadraticTask, versions: list[np.ndarray]) -> list[float]:
    return [task.evaluate(version).loss for version in versions]


@pytest.mark.parametrize("codec", [None, ONE_BIT], ids=["plain", "1-bit"])
@pytest.mark.parametrize("training", [{"scheme": "async-ps"}, {"scheme": "ssp", "bound": 2}], ids=["async", "ssp"])
def test_gradients_are_those_of_the_parameters_that_were_pulled(
    training: dict[str, Any], codec: dict[str, Any] | None
) -> None:
    sections = SECTIONS | ({} if codec is None else {"compression": codec})
    result = learn(training | {"exchange": "gradients", "updates": 60}, LEARNING, **sections)
    task, encoder = task_of(PROBLEM), build_codec("1-bit")
    sources = [task.source(worker) for worker in range(WORKERS)]
    states: list[State] = [encoder.new_state((SIZE,)) for _ in range(WORKERS)]
    versions, stale = [np.zeros(SIZE)], 0.0
    for row in rows_of(result):
        worker = int(row["worker"])
        gradient = sources[worker].gradient(versions[-1 - int(row["staleness"])])
        if codec is not None:  # what one bit loses, the same worker's next gradient makes good
            payload = encoder.encode(gradient, states[worker], np.random.default_rng(0))
            gradient = encoder.decode(payload)
        versions.append(versions[-1] - RATE * gradient)
        stale += row["staleness"]
    assert len(versions) == 61
    assert stale > 60
    assert losses(result) == pytest.approx(values_of(task, versions), abs=1e-10)


def test_what_is_late_never_takes_effect() -> None:
    """Without noise it doesn't matter which minibatch it was: an update is the mean gradient of its winners."""
    problem = PROBLEM | {"noise": 0.0}
    training = {"scheme": "backup-workers", "backups": 2, "exchange": "gradients", "updates": 30}
    result = learn(training, LEARNING | {"problem": problem}, **SECTIONS)
    assert result.metrics["discarded_updates"] > 10
    task = task_of(problem)
    sources, rows = [task.source(worker) for worker in range(WORKERS)], rows_of(result)
    versions = [np.zeros(SIZE)]
    for update in range(1, 31):
        winners = [int(row["worker"]) for row in rows if row["update"] == update]
        assert len(winners) == WORKERS - 2
        gradients = [sources[worker].gradient(versions[-1]) for worker in winners]
        versions.append(versions[-1] - RATE * np.mean(gradients, axis=0))
    assert losses(result) == pytest.approx(values_of(task, versions), abs=1e-10)


def test_double_buffering_is_one_update_late() -> None:
    training = {"scheme": "sync-ps", "exchange": "gradients", "updates": 20, "double_buffering": True}
    result = learn(training, LEARNING, **SECTIONS)
    task = task_of(PROBLEM)
    sources, versions = [task.source(worker) for worker in range(WORKERS)], [np.zeros(SIZE)]
    for update in range(1, 21):
        gradients = [source.gradient(versions[max(update - 2, 0)]) for source in sources]
        versions.append(versions[-1] - RATE * np.mean(gradients, axis=0))
    assert losses(result) == pytest.approx(values_of(task, versions), abs=1e-10)
