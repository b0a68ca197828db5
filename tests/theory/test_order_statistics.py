"""Expected maxima, against closed forms that the code doesn't use, and against a slow integral."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from simcluster.theory.incomplete_gamma import log_lower
from simcluster.theory.order_statistics import Distribution, expected_maximum, expected_wait, harmonic

EVERY: list[Distribution] = ["lognormal", "gamma", "exponential", "uniform", "normal"]


def cv_of(distribution: Distribution) -> float:
    return 1.0 if distribution == "exponential" else 0.4


def test_harmonic_numbers() -> None:
    assert harmonic(0) == 0
    assert harmonic(4) == float(Fraction(25, 12))


def test_waiting_for_k_of_m_exponential_workers() -> None:
    assert expected_wait(4, 4, 2.0) == pytest.approx(2 * 25 / 12, rel=1e-15)
    assert expected_wait(1, 4) == 0.25  # the first of four
    assert expected_wait(3, 4) == pytest.approx(25 / 12 - 1, rel=1e-15)  # tau * (H_4 - H_1)
    assert expected_wait(0, 4) == 0


@pytest.mark.parametrize("distribution", EVERY)
def test_one_worker_takes_the_mean(distribution: Distribution) -> None:
    assert expected_maximum(distribution, cv_of(distribution), 1) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("distribution", EVERY)
def test_more_workers_take_longer(distribution: Distribution) -> None:
    found = [expected_maximum(distribution, cv_of(distribution), count) for count in (1, 2, 3, 10, 100, 10_000)]
    assert found == sorted(set(found))


def test_the_maximum_of_two() -> None:
    # half the mean difference above the mean: Gini's coefficient, which has closed forms
    assert expected_maximum("normal", 0.4, 2) == pytest.approx(1 + 0.4 / math.sqrt(math.pi), rel=1e-13)
    sigma = math.sqrt(math.log1p(0.4**2))
    assert expected_maximum("lognormal", 0.4, 2) == pytest.approx(1 + math.erf(sigma / 2), rel=1e-13)
    shape = 1 / 0.4**2
    gini = math.exp(math.lgamma(shape + 0.5) - math.lgamma(shape + 1)) / math.sqrt(math.pi)
    assert expected_maximum("gamma", 0.4, 2) == pytest.approx(1 + gini, rel=1e-12)
    assert expected_maximum("uniform", 0.4, 2) == pytest.approx(1 + 0.4 / math.sqrt(3), rel=1e-15)
    assert expected_maximum("exponential", 1, 2) == 1.5


def test_the_maximum_of_three_normals() -> None:
    assert expected_maximum("normal", 1.0, 3) == pytest.approx(1 + 1.5 / math.sqrt(math.pi), rel=1e-13)


@pytest.mark.parametrize("count", [2, 16, 1000, 10**6])
def test_gamma_of_cv_1_is_exponential(count: int) -> None:
    assert expected_maximum("gamma", 1.0, count) == pytest.approx(harmonic(count), rel=1e-12)


def test_uniform_is_its_range_at_the_limit() -> None:
    assert expected_maximum("uniform", 1 / math.sqrt(3), 9) == pytest.approx(1 + 0.8, rel=1e-15)


@pytest.mark.parametrize("count", [2, 25])
def test_a_mean_of_many_factors_is_almost_normal(count: int) -> None:
    # 200 exponential minibatches: gamma with cv 1/sqrt(200); its skewness 2/sqrt(200) moves the maximum a little
    cv = 1 / math.sqrt(200)
    exact = expected_maximum("gamma", cv, count) - 1
    assert exact == pytest.approx(expected_maximum("normal", cv, count) - 1, rel=0.1)


@pytest.mark.parametrize("count", [2, 7, 100])
def test_erlang_against_a_slow_integral(count: int) -> None:
    # shape 4: F(x) = 1 - exp(-x) (1 + x + x^2/2 + x^3/6); E = integral of 1 - F^M by the midpoint rule
    def above(x: float) -> float:
        survival = math.exp(-x) * (1 + x + x**2 / 2 + x**3 / 6)
        return 1 - (1 - survival) ** count

    step = 0.002
    slow = step * math.fsum(above((n + 0.5) * step) for n in range(30_000)) / 4
    assert expected_maximum("gamma", 0.5, count) == pytest.approx(slow, rel=1e-6)


@pytest.mark.parametrize("x", [1e-3, 0.5, 3.9, 4.1, 5.1, 20.0])
def test_the_incomplete_gamma_function_of_a_whole_shape(x: float) -> None:
    survival = math.exp(-x) * (1 + x + x**2 / 2 + x**3 / 6)
    expected = math.log1p(-survival) if x > 0.1 else 4 * math.log(x) - math.log(24) - 0.8 * x
    assert log_lower(4.0, math.log(x)) == pytest.approx(expected, rel=1e-7 if x < 0.1 else 1e-12)


def test_the_incomplete_gamma_function_of_one_half_is_the_error_function() -> None:
    for x in (0.1, 1.4, 1.6, 9.0):
        assert log_lower(0.5, math.log(x)) == pytest.approx(math.log(math.erf(math.sqrt(x))), rel=1e-12)


@pytest.mark.parametrize(("distribution", "cv"), [("exponential", 0.5), ("uniform", 0.6)])
def test_a_cv_that_the_distribution_cannot_have(distribution: Distribution, cv: float) -> None:
    with pytest.raises(ValueError, match="cv"):
        expected_maximum(distribution, cv, 2)
