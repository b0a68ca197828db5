from __future__ import annotations

import math
import random
from statistics import NormalDist

import pytest

from simcluster.errors import UserInputError
from simcluster.experiments.estimates import estimate, student_quantile
from simcluster.experiments.replicating import two_stages


@pytest.mark.parametrize(
    ("confidence", "freedom", "quantile"),
    [  # Abramowitz and Stegun 1964, table 26.10
        (0.95, 1, 12.706), (0.95, 2, 4.303), (0.95, 3, 3.182), (0.95, 9, 2.262), (0.99, 4, 4.604),
        (0.99, 30, 2.750), (0.5, 10, 0.700), (0.9, 120, 1.658),
    ],
)
def test_quantiles_of_the_table(confidence: float, freedom: int, quantile: float) -> None:
    assert student_quantile(confidence, freedom) == pytest.approx(quantile, abs=5e-4)


def test_quantiles_against_scipy() -> None:
    t = pytest.importorskip("scipy.stats").t
    for confidence in (0.5, 0.95, 0.999):
        for freedom in (1, 2, 3, 4, 17, 100, 999):
            expected = t.ppf((1 + confidence) / 2, freedom)
            assert student_quantile(confidence, freedom) == pytest.approx(expected, rel=1e-10)


def test_an_estimate_by_hand() -> None:
    one = estimate([1.0, 2.0, 3.0, 6.0])
    # mean 3, s = sqrt(14 / 3), t(0.95, 3) = 3.182446
    assert one.mean == 3
    assert one.deviation == pytest.approx(math.sqrt(14 / 3))
    assert one.half_width == pytest.approx(3.182446 * math.sqrt(14 / 3) / 2, rel=1e-6)
    assert (one.low + one.high) / 2 == pytest.approx(3)
    assert one.relative == pytest.approx(one.half_width / 3)


def test_equal_values_are_certain() -> None:
    one = estimate([0.1] * 7)
    assert (one.mean, one.half_width, one.relative) == (0.1, 0.0, 0.0)


def test_one_value_has_no_interval() -> None:
    assert math.isnan(estimate([5.0]).half_width)


@pytest.mark.parametrize(
    ("values", "outside"),
    # 2 +- 12.7 * sqrt(2) / sqrt(2), 20 +- 12.7, -20 +- 12.7; one value has no interval; 0 at the end is inside
    [([1.0, 3.0], False), ([19.0, 21.0], True), ([-19.0, -21.0], True), ([5.0], False), ([0.0, 0.0], False)],
)
def test_an_interval_excludes_zero_on_either_side(values: list[float], outside: bool) -> None:
    assert estimate(values).excludes_zero is outside


@pytest.mark.parametrize("confidence", [0, 1, -1, math.nan])
def test_a_confidence_is_a_probability(confidence: float) -> None:
    with pytest.raises(UserInputError, match="between 0 and 1"):
        estimate([1.0, 2.0], confidence)


def covered(rule: str) -> int:
    """Return how often of 1,000 times the interval of a planted case (normal, mean 10, deviation 1) holds the truth."""
    hits = 0
    for seed in range(1000):
        rng = random.Random(seed)
        values = [rng.gauss(10, 1) for _ in range(2000)]
        if rule == "fixed":
            one = estimate(values[:8])
        else:
            _, one = two_stages(lambda count, values=values: values[:count], 0.02, 10, 2000, 0.95)
        hits += one.low <= 10 <= one.high
    return hits


@pytest.mark.parametrize("rule", ["fixed", "two stages"])
def test_a_95_percent_interval_covers_the_truth_as_often(rule: str) -> None:
    assert 930 <= covered(rule) <= 970


def test_two_stages_stop_where_they_say() -> None:
    rng = random.Random(1)
    values = [rng.gauss(10, 1) for _ in range(2000)]
    asked: list[int] = []

    def sample(count: int) -> list[float]:
        asked.append(count)
        return values[:count]

    count, one = two_stages(sample, 0.02, 10, 2000, 0.95)
    assert one.relative <= 0.02
    assert count == asked[-1]
    deviation = estimate(values[:10]).deviation
    assert one.half_width == pytest.approx(student_quantile(0.95, 9) * deviation / math.sqrt(count))
    assert len(asked) <= 3
    assert two_stages(sample, 0.02, 10, 30, 0.95)[0] == 30
    assert two_stages(lambda count: [4.0] * count, 0.01, 5, 100, 0.95)[0] == 5


@pytest.mark.parametrize(("confidence", "error"), [(0.95, 1.22e-4), (0.99, 1.92e-4), (1 - 1e-6, 6.25e-4)])
def test_many_degrees_of_freedom_are_taken_for_fewer(confidence: float, error: float) -> None:
    normal = NormalDist().inv_cdf((1 + confidence) / 2)
    assert 0.98 * error < student_quantile(confidence, 10**9) / normal - 1 < error


def test_two_stages_that_ask_for_what_nobody_can_reach() -> None:
    rng = random.Random(1)
    values = [rng.gauss(10, 1) for _ in range(50)]
    for until in (1e-200, 1e-320):
        count, one = two_stages(lambda count: values[:count], until, 5, 50, 0.95)
        assert count == one.count == 50
