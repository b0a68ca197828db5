"""Queueing formulas, against facts/oracles.md and small cases by hand."""

from __future__ import annotations

import math

import pytest

from simcluster.theory.queueing import closed_network, processor_sharing_time, throughput_bound


def test_processor_sharing() -> None:
    assert processor_sharing_time(2.0, 0.5) == 4
    assert processor_sharing_time(2.0, 0.0) == 2


@pytest.mark.parametrize("load", [1.0, 1.5, -0.1, math.nan])
def test_without_a_steady_state(load: float) -> None:
    with pytest.raises(ValueError, match="load"):
        processor_sharing_time(2.0, load)


def test_the_closed_network_of_the_oracles() -> None:
    found = closed_network(16, 1.0, 0.1)
    assert found.throughput == pytest.approx(9.777, abs=5e-4)
    assert found.throughput <= throughput_bound(16, 1.0, 0.1) == 10


def test_small_closed_networks_by_hand() -> None:
    one = closed_network(1, 3.0, 1.0)
    assert (one.throughput, one.response_time, one.on_link) == (0.25, 1, 0.25)
    two = closed_network(2, 3.0, 1.0)  # R = 1.25, X = 2 / 4.25
    assert two.response_time == 1.25
    assert two.throughput == 2 / 4.25


@pytest.mark.parametrize("workers", [1, 5, 40])
def test_littles_law(workers: int) -> None:
    found = closed_network(workers, 2.0, 0.3)
    assert found.on_link == pytest.approx(found.throughput * found.response_time)
    assert found.throughput * 2.0 + found.on_link == pytest.approx(workers)  # everybody computes or sends


def test_the_bound_with_few_workers() -> None:
    assert throughput_bound(2, 3.0, 1.0) == 0.5
