"""Eq. 5, against facts/paper.md and against the update time that it bounds."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcluster.theory import feasibility, sync_sgd

ALEXNET, GIGABIT, MINIBATCH = 243_860_896.0, 125e6, 0.45
PULLS: list[sync_sgd.Pull] = ["free", "unicast", "multicast"]
Pull = Literal["free", "unicast", "multicast"]


def test_the_slopes_of_alexnet_on_16_workers() -> None:
    printed = feasibility.slope(16, ALEXNET, MINIBATCH, GIGABIT)
    assert printed == pytest.approx(1110, abs=0.5)
    assert feasibility.largest_overhead(0.2, 16, printed) < 0  # r is at most M: nothing is feasible
    assert feasibility.slope(16, ALEXNET, MINIBATCH, GIGABIT, iterations=200) == pytest.approx(5.55, abs=0.005)


def test_a_slope_by_hand() -> None:
    # M = 4, W = 1,000 B, C = 8 s, chi = 100 B/s: 16 * 1,000 / (8 * 100) = 20
    assert feasibility.slope(4, 1000, 8, 100) == 20
    assert feasibility.slope(4, 1000, 8, 100, iterations=5) == 4
    assert feasibility.slope(4, 1000, 8, 100, iterations=5, pull="unicast") == 8
    assert feasibility.slope(4, 1000, 8, 100, iterations=5, pull="multicast") == 5
    assert feasibility.largest_overhead(0.25, 3, 4) == 2
    assert feasibility.largest_fraction(2, 3, 4) == 0.25
    assert feasibility.overhead_beating_vanilla(0.25, 4) == 4  # 1 + 0.75 * 4


def test_homomorphic_beats_vanilla_up_to_an_overhead_between_4_and_10_at_16_workers() -> None:
    bounds = {
        (rho, pull): feasibility.overhead_beating_vanilla(
            rho, feasibility.slope(16, ALEXNET, MINIBATCH, GIGABIT, 200, pull)
        )
        for rho in (0.2, 0.5)
        for pull in PULLS
    }
    assert min(bounds.values()) == bounds[0.5, "free"] == pytest.approx(3.8, abs=0.05)
    assert max(bounds.values()) == bounds[0.2, "unicast"] == pytest.approx(9.9, abs=0.05)


@given(
    workers=st.integers(1, 200),
    minibatch_time=st.floats(0.01, 10),
    iterations=st.integers(1, 500),
    rho=st.floats(0.001, 1),
    overhead=st.floats(0.1, 20),
    pull=st.sampled_from(PULLS),
)
def test_on_the_bound_the_update_takes_r_times_the_ideal(
    workers: int, minibatch_time: float, iterations: int, rho: float, overhead: float, pull: Pull
) -> None:
    slope = feasibility.slope(workers, ALEXNET, minibatch_time, GIGABIT, iterations, pull)
    update = sync_sgd.update_time(
        workers,
        iterations,
        minibatch_time,
        ALEXNET,
        GIGABIT,
        compressed_fraction=rho,
        operation_overhead=overhead,
        pull=pull,
    )
    bound = update / sync_sgd.computation_time(workers, iterations, minibatch_time)
    assert feasibility.largest_overhead(rho, bound, slope) == pytest.approx(overhead, abs=1e-9 * bound)
    assert feasibility.largest_fraction(overhead, bound, slope) == pytest.approx(rho, abs=1e-9 * bound / slope)


@pytest.mark.parametrize(("pull", "expected"), [("free", 7), ("unicast", 5), ("multicast", 6)])
def test_the_largest_cluster_of_an_efficiency(pull: Pull, expected: int) -> None:
    # r - h = 2 and slope of one worker * rho = 0.04: k * M^2 <= 50, M^2 <= 25, or M^2 + M <= 50
    slope_of_one, rho = 0.08, 0.5
    assert feasibility.largest_workers(rho, 1, 3, slope_of_one, pull) == expected
    for workers in (expected, expected + 1):
        slope = slope_of_one * sync_sgd.copies(workers, pull) * workers**2
        assert (feasibility.largest_overhead(rho, 3, slope) >= 1) == (workers == expected)


def test_no_cluster_reaches_an_efficiency_of_1_at_an_overhead_above_1() -> None:
    assert feasibility.largest_workers(0.5, 1.1, 1, 0.08) == 0
