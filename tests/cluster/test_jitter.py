"""Jitter: the factors of a stream, in its order, however they are drawn; their mean and their spread."""

import math
import statistics

import numpy as np
import pytest

from simcluster.cluster.jitter import NoJitter, RandomJitter
from simcluster.rng import stream

CASES = {"lognormal": 0.2, "gamma": 0.5, "exponential": 1.0, "uniform": 0.4}


def one_by_one(distribution: str, cv: float, rng: np.random.Generator) -> float:
    """Draw one factor, by the parameters that books give for mean 1."""
    match distribution:
        case "lognormal":
            sigma = math.sqrt(math.log1p(cv * cv))
            return rng.lognormal(-math.log1p(cv * cv) / 2, sigma)
        case "gamma":
            return rng.gamma(1 / cv**2, cv**2)
        case "exponential":
            return rng.exponential(1.0)
    return rng.uniform(1 - math.sqrt(3) * cv, 1 + math.sqrt(3) * cv)


@pytest.mark.parametrize("distribution", CASES)
def test_draws_in_blocks_are_draws_one_by_one(distribution):
    cv = CASES[distribution]
    jitter = RandomJitter(distribution, cv, "update", stream(7, "worker-3", "jitter"))
    rng = stream(7, "worker-3", "jitter")
    assert [jitter.stretch(1) for _ in range(1_000)] == [one_by_one(distribution, cv, rng) for _ in range(1_000)]


@pytest.mark.parametrize("distribution", CASES)
def test_minibatches_have_factors_of_their_own(distribution):
    cv = CASES[distribution]
    jitter = RandomJitter(distribution, cv, "minibatch", stream(7, "worker-3", "jitter"))
    rng = stream(7, "worker-3", "jitter")
    for minibatches in (1, 3, 50, 7, 1):
        factors = [one_by_one(distribution, cv, rng) for _ in range(minibatches)]
        assert jitter.stretch(minibatches) == math.fsum(factors)


def test_one_factor_for_all_minibatches_of_an_update():
    jitter = RandomJitter("gamma", 0.5, "update", stream(1, "worker-0", "jitter"))
    rng = stream(1, "worker-0", "jitter")
    assert [jitter.stretch(5) for _ in range(40)] == [5 * one_by_one("gamma", 0.5, rng) for _ in range(40)]


@pytest.mark.parametrize("distribution", CASES)
def test_mean_and_coefficient_of_variation(distribution):
    cv, count = CASES[distribution], 20_000
    jitter = RandomJitter(distribution, cv, "update", stream(3, "worker-0", "jitter"))
    factors = [jitter.stretch(1) for _ in range(count)]
    # Five standard errors of the mean; a tenth of the spread is more than five of its own.
    assert statistics.fmean(factors) == pytest.approx(1, abs=5 * cv / math.sqrt(count))
    assert statistics.stdev(factors) == pytest.approx(cv, rel=0.1)


def test_without_jitter_every_minibatch_takes_its_mean_time():
    assert NoJitter().stretch(3) == 3
