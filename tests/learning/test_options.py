"""The section's options: what is refused, what is said to have no effect, and how goals are read."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from simcluster.learning.conditions import Condition
from simcluster.learning.options import LearningOptions, idle_keys
from tests.learning.playing import options_of


@pytest.mark.parametrize(
    ("text", "quantity", "value"),
    [("accuracy >= 0.95", "accuracy", 0.95), ("loss<=1e-3", "loss", 1e-3), ("time >= 2 h", "time", 7200.0)],
)
def test_goals_are_read_and_written(text: str, quantity: str, value: float) -> None:
    options = options_of(stop_when=[text])
    assert options.stop_when == (Condition(quantity, value),)
    written = options.model_dump(mode="json")
    assert LearningOptions.model_validate(written) == options
    assert written["stop_when"] == [str(options.stop_when[0])]


def test_one_condition_needs_no_list() -> None:
    assert options_of(stop_when="accuracy >= 0.9") == options_of(stop_when=["accuracy >= 0.9"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stop_when": ["accuracy > 0.9"]}, "expected a bound"),
        ({"stop_when": "accuracy > 0.9"}, "expected a bound"),
        ({"stop_when": ["time >= 1 s"] * 4}, "at most 3"),
        ({"stop_when": ["accuracy <= 0.9"]}, "expected 'accuracy >="),
        ({"stop_when": ["accuracy >= 95"]}, "from 0 to 1"),
        ({"stop_when": ["loss <= nan"]}, "expected a number"),
        ({"stop_when": ["time >= 3"]}, "unit"),
        ({"target": "time >= 3 s"}, "accuracy or loss"),
        ({"problem": {"kind": "quadratic"}, "target": "accuracy >= 0.9"}, "has no accuracy"),
        ({"problem": {"kind": "linear"}, "data": {}}, "the digits are classes"),
        ({"problem": {"kind": "logistic"}}, "two classes"),
        ({"problem": {"kind": "quadratic"}, "shards": {"kind": "classes"}}, "problem.spread"),
        ({"data": {"source": "file"}}, "missing key 'file'"),
        ({"coupling": "both"}, "own"),
    ],
)
def test_nonsense_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        options_of(**changes)


def test_a_goal_is_the_target_or_the_first_that_stops() -> None:
    assert options_of().goal is None
    assert options_of(stop_when=["time >= 1 s", "loss <= 0.5"]).goal == Condition("loss", 0.5)
    both = options_of(stop_when=["loss <= 0.5"], target="accuracy >= 0.8")
    assert both.goal == Condition("accuracy", 0.8)


def test_conditions_are_met_by_finite_values_only() -> None:
    goal = Condition("accuracy", 0.9)
    assert goal.met(accuracy=0.9)
    assert not goal.met(accuracy=0.89, loss=1.0)
    assert not goal.met(accuracy=float("nan"))
    assert Condition("loss", 0.1).met(loss=0.1)
    assert not Condition("loss", 0.1).met(loss=float("-inf"))
    assert Condition("time", 5.0).met(time=5.0)


def test_what_has_no_effect_is_said() -> None:
    paths = {".".join(path) for path, _ in idle_keys(options_of())}
    assert {"problem.hidden", "problem.dimension", "data.noise", "shards.alpha", "optimiser.period"} <= paths
    assert not {"data.samples", "data.classes", "data.separation"} & paths
    quadratic = {".".join(path) for path, _ in idle_keys(options_of(problem={"kind": "quadratic"}))}
    assert {"data", "sampling", "problem.filters"} <= quadratic
    assert "problem.dimension" not in quadratic
    linear = {".".join(path) for path, _ in idle_keys(options_of(problem={"kind": "linear"}))}
    assert "data.separation" in linear
    assert "data.noise" not in linear
    nesterov = {".".join(path) for path, _ in idle_keys(options_of(optimiser={"nesterov": True}))}
    assert "optimiser.nesterov" in nesterov
