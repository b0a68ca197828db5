"""What is learned: parameters that are single numbers follow the recursions of the papers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pytest

from simcluster.cluster.messages import Part, PlainCoder
from simcluster.learning.null import NullLearner
from simcluster.schemes.gossip.graphs import build_graph
from simcluster.schemes.gossip.mixing import mixing_matrix
from simcluster.schemes.seams import UpdateLimit
from simcluster.simulation import running
from tests.building import run
from tests.schemes.gossip.test_ad_psgd import ad_psgd
from tests.schemes.gossip.test_d_psgd import d_psgd
from tests.schemes.gossip.test_h_adpsgd import h_adpsgd

#: The gradient is this times the parameters with which the device began.
RATE = 0.125


@dataclass
class Number:
    """A part of parameters that are all the same number."""

    value: float

    def __add__(self, other: Self) -> Number:
        return Number(self.value + other.value)

    def __mul__(self, factor: float) -> Number:
        return Number(self.value * factor)

    def piece(self, part: Part) -> Number:
        return self

    def join(self, others: Iterable[Number]) -> Number:
        assert all(other.value == pytest.approx(self.value) for other in others)
        return self


class NumberReplica:
    """Exchanges gradients; every part has the same value, at the end of an update."""

    def __init__(self, learner: NumberLearner, value: float) -> None:
        self.learner = learner
        self.parts: dict[Part | None, float] = {None: value}
        self.gradient = self.began = value

    def now(self, part: Part | None) -> float:
        return self.parts.get(part, self.parts[None])

    def begin(self) -> None:
        self.began = self.now(max(self.parts, key=lambda part: -1.0 if part is None else part.start))

    def compute(self, minibatches: int) -> None:
        self.gradient = RATE * self.began

    def outgoing(self, part: Part) -> Number:
        return Number(self.gradient)

    def incoming(self, part: Part, average: Number) -> None:
        self.parts[part] = self.now(part) - average.value
        self.learner.applied_gradients.append(average.value)

    def parameters(self, part: Part) -> Number:
        return Number(self.now(part))

    def install(self, part: Part, parameters: Number) -> None:
        self.parts[part] = parameters.value

    def step(self, part: Part) -> None:
        self.parts[part] = self.now(part) - self.gradient

    def blend(self, part: Part, other: Number, weight: float) -> None:
        self.parts[part] = (1 - weight) * self.now(part) + weight * other.value


class NumberLearner(NullLearner):
    """Worker m begins with m + 1."""

    def __init__(self, workers: int) -> None:
        self.replicas = [NumberReplica(self, worker + 1.0) for worker in range(workers)]
        self.applied_gradients: list[float] = []

    def replica(self, worker: int) -> NumberReplica:  # type: ignore[override]
        return self.replicas[worker]

    def coder(self, direction: str, size_of: Callable[[float], float]) -> PlainCoder:
        return PlainCoder(size_of)

    def values(self) -> list[float]:
        return [replica.now(list(replica.parts)[-1]) for replica in self.replicas]


def learned(changes: dict[str, Any], workers: int, monkeypatch: pytest.MonkeyPatch) -> NumberLearner:
    """Run a scenario with numbers for parameters."""
    learner = NumberLearner(workers)
    limit = UpdateLimit(changes["training"]["updates"])
    monkeypatch.setattr(running, "build_learning", lambda *_: (learner, limit))
    monkeypatch.setattr(running, "history_of", lambda _: None)
    run(changes, record=False)
    return learner


def groups(workers: int) -> list[dict[str, float]]:
    return [{"count": 1, "speed": 1 + worker % 3} for worker in range(workers)]


@pytest.mark.parametrize("graph", ["ring", "torus", "exponential", "one-peer-exponential", "random-matching", "star"])
@pytest.mark.parametrize("averaging", ["combine-then-adapt", "adapt-then-combine"])
@pytest.mark.parametrize("slices", [1, 4])
def test_d_psgd(graph: str, averaging: str, slices: int, monkeypatch: pytest.MonkeyPatch) -> None:
    workers, updates = 6, 7
    training = {"graph": graph, "averaging": averaging, "updates": updates, "slice_size": f"{100 / slices} MB"}
    found = learned(d_psgd({"cluster": {"groups": groups(workers)}}, **training), workers, monkeypatch).values()
    shape = build_graph(graph, workers, 7)
    values: Any = np.arange(1.0, workers + 1)
    for update in range(1, updates + 1):
        matrix = mixing_matrix(shape, update)
        if averaging == "combine-then-adapt":
            values = matrix @ values - RATE * values
        else:
            values = matrix @ (values - RATE * values)
    assert found == pytest.approx(values.tolist())


@pytest.mark.parametrize("averaging", ["always", "once-per-update"])
@pytest.mark.parametrize("graph", ["ring", "complete", "star"])
def test_ad_psgd_keeps_the_mean_but_for_gradients(
    graph: str, averaging: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers, updates = 7, 60
    changes = ad_psgd({"cluster": {"groups": groups(workers)}}, graph=graph, averaging=averaging, updates=updates)
    learner = learned(changes, workers, monkeypatch)
    assert len(learner.applied_gradients) == updates
    # The training may end between the two halves of an averaging: at most one a pair is half done.
    expected = sum(range(1, workers + 1)) - sum(learner.applied_gradients)
    values = learner.values()
    assert abs(sum(values) - expected) <= workers // 2 * (max(values) - min(values)) / 2 + 1e-9
    assert max(values) - min(values) < 3  # 6 in the beginning


def test_ad_psgd_alone_is_sgd(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = learned(ad_psgd({"cluster": {"workers": 1}}, updates=5), 1, monkeypatch)
    assert learner.values() == pytest.approx([(1 - RATE) ** 5])


def test_h_adpsgd_applies_the_mean_gradient_of_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    # One machine: all begin with their own number, and with the first one's model from then on.
    three = {"cluster": {"workers": 3}, "network": {"nodes_per_machine": 3}}
    changes = h_adpsgd(three, workers_per_machine=3, updates=3)
    learner = learned(changes, 3, monkeypatch)
    first = 1 - RATE * (1 + 2 + 3) / 3
    assert learner.applied_gradients == pytest.approx([RATE * 2, RATE * first, RATE * first * (1 - RATE)])
    assert learner.values()[0] == pytest.approx(first * (1 - RATE) ** 2)
