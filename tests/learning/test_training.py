"""The learner: when it evaluates and what, when it stops, and what becomes of a training that diverges."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from simcluster.learning.training import StopWhen
from tests.learning.playing import Play, both, options_of, table

QUADRATIC = {"kind": "quadratic", "dimension": 10, "noise": 0.0, "condition": 1.0}


def test_evaluations_come_at_the_interval_and_at_the_end() -> None:
    play = Play(options_of(problem=QUADRATIC, evaluate_every=4))
    play.sync(10)
    rows = table(play)
    assert rows[:, 1].tolist() == [0, 4, 8, 10]
    assert rows[:, 0].tolist() == [0, 4, 8, 10]
    # from 0 towards 1 at a rate of 0.1: the loss is half of 10 squares of 0.9^t
    assert rows[:, 3] == pytest.approx([5 * 0.81**t for t in (0, 4, 8, 10)])
    assert rows[:, 5] == pytest.approx([np.sqrt(10) * 0.9**t for t in (0, 4, 8, 10)])
    assert set(rows[:, 2]) == {-1}
    assert np.isnan(rows[:, 4]).all()


def test_skipped_updates_are_evaluated_once_due() -> None:
    play = Play(options_of(problem=QUADRATIC, evaluate_every=10))
    play.sync(1)
    for update in (3, 3, 12, 12, 14, 20):
        play.learner.applied(update)
    assert table(play)[:, 1].tolist() == [0, 12, 20]


def test_without_a_server_the_mean_is_evaluated() -> None:
    play = Play(options_of(problem=QUADRATIC, evaluate_every=1))
    play.replicas[0].values[...] = 4.0
    play.learner.applied(1)
    row = table(play)[-1]
    assert row[2] == -2
    assert row[3] == pytest.approx(0.0)
    # one at 4 and three at 0: squared distances of 9 and 1 from the mean, along ten directions
    assert row[6] == pytest.approx(np.sqrt(10 * (9 + 3) / 4))


def test_every_worker_may_be_evaluated() -> None:
    play = Play(options_of(problem=QUADRATIC, evaluate_every=1, every_worker=True), 3)
    play.replicas[2].values[...] = 3.0
    play.learner.applied(1)
    rows = table(play)
    assert rows[:, 2].tolist() == [-2, -2, 0, 1, 2]
    assert rows[2:, 3] == pytest.approx([5, 5, 20])
    assert rows[2:, 6] == pytest.approx(np.sqrt(10) * np.array([1, 1, 2]))


def test_a_goal_ends_the_training_and_is_remembered() -> None:
    play = Play(options_of(problem=QUADRATIC, evaluate_every=1, stop_when=["loss <= 1.0"]))
    stop = StopWhen(play.learner, 100)
    assert stop.last == float("inf")
    updates = 0
    while not stop.after(updates):
        play.sync(1)
        updates += 1
    # 5 * 0.81^t is below 1 from t = 8 on
    assert updates == 8
    assert (play.learner.history.reached_s, play.learner.history.reached_update) == (8.0, 8)
    assert play.learner.history.final("loss") == pytest.approx(5 * 0.81**8)
    assert play.learner.history.final("accuracy") is None


def test_a_target_alone_ends_nothing() -> None:
    play = Play(options_of(problem=QUADRATIC, evaluate_every=1, target="loss <= 1.0"))
    stop = StopWhen(play.learner, 20)
    assert stop.last == 20
    play.sync(20)
    assert not stop.after(19)
    assert stop.after(20)
    assert play.learner.history.reached_update == 8


def test_a_time_limit_ends_the_training() -> None:
    play = Play(options_of(problem=QUADRATIC, stop_when=["time >= 6 s"]))
    stop = StopWhen(play.learner, 100)
    play.sync(5)
    assert not stop.after(5)
    play.sync(1)
    assert stop.after(6)


@pytest.mark.parametrize("exchange", ["gradients", "parameters"])
@pytest.mark.parametrize("codec", ["1-bit", "none", "gzip"])
def test_a_training_that_diverges_is_no_crash(exchange: str, codec: str) -> None:
    options = options_of(problem=QUADRATIC, optimiser={"rate": 50.0}, stop_when=["loss <= 0.1"], evaluate_every=1)
    play = Play(options, codecs=both(codec), exchange=exchange)
    stop, updates = StopWhen(play.learner, 1000), 0
    while not stop.after(updates):
        play.sync(1)
        updates += 1
    assert updates < 50
    assert play.learner.history.diverged
    assert play.learner.history.reached_s is None


def test_digits_are_learned() -> None:
    options = options_of(
        problem={"kind": "mlp", "hidden": [32]}, data={}, optimiser={"rate": 0.1, "momentum": 0.9},
        stop_when=["accuracy >= 0.95"],
    )  # fmt: skip
    play = Play(options, 4)
    play.sync(300)
    assert play.learner.history.reached_update is not None
    assert play.learner.history.reached_update <= 200
    assert table(play)[-1, 4] > 0.95


def test_label_skew_costs_accuracy_under_long_local_training() -> None:
    accuracies = []
    for shards in ({"kind": "iid"}, {"kind": "classes", "classes": 1}):
        options = options_of(data={}, shards=shards, optimiser={"rate": 0.5})
        play = Play(options, 10, exchange="parameters")
        play.sync(8, 40)
        accuracies.append(table(play)[-1, 4])
    assert accuracies[0] > accuracies[1] + 0.02


def test_the_null_learner_imports_no_numpy() -> None:
    code = "import sys, simcluster.learning.null, simcluster.learning.options, simcluster.learning.seams\n"
    code += "import simcluster.learning.sizing, simcluster.learning.conditions\n"
    code += "assert 'numpy' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
