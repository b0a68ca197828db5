"""Unfairness: the weights of flows have mean 1 and the coefficient of variation that is asked for."""

from __future__ import annotations

import statistics
from types import SimpleNamespace
from typing import Any

import pytest

from simcluster.network.conditions import Unfairness


@pytest.mark.parametrize("cv", [0.2, 0.5])
def test_weights_have_mean_1_and_their_deviation(cv: float) -> None:
    unfair, weights = Unfairness(cv, seed=1), []
    for _ in range(20_000):
        flow: Any = SimpleNamespace(weight=2.0)
        unfair(flow, ("a", ("b",)), 0)
        weights.append(flow.weight / 2)
    # Four standard errors of the mean.
    assert statistics.fmean(weights) == pytest.approx(1, abs=4 * cv / 20_000**0.5)
    assert statistics.stdev(weights) == pytest.approx(cv, rel=0.05)
