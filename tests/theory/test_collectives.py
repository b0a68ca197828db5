"""Times of collective operations, by hand."""

from __future__ import annotations

import math

import pytest

from simcluster.theory.collectives import (
    Links,
    all_gather_time,
    chunk,
    direct_time,
    halving_doubling_time,
    hierarchical_time,
    ring_bytes,
    ring_time,
    tree_time,
)

LINKS = Links(bandwidth=100.0, latency=0.5, aggregation_rate=200.0)
FREE = Links(bandwidth=100.0)


def test_four_members() -> None:
    # Chunks of 200 B: 2.5 s a message and 1 s to add one up.
    assert ring_time(4, 800, LINKS) == 6 * 2.5 + 3 * 1
    # 400 B and 200 B, twice; added up once.
    assert halving_doubling_time(4, 800, LINKS) == 2 * (4.5 + 2.5) + 2 + 1
    assert tree_time(4, 800, LINKS) == 2 * (2 * 8.5 + 4)
    assert direct_time(4, 800, LINKS) == 2 * 6.5 + 3
    assert all_gather_time(4, 800, LINKS) == 3 * 8.5
    assert hierarchical_time(4, 2, 800, FREE, LINKS) == 16 + ring_time(4, 800, LINKS)
    assert ring_bytes(4, 800) == 1200


def test_alone() -> None:
    for time in (ring_time, halving_doubling_time, tree_time, direct_time, all_gather_time):
        assert time(1, 800, LINKS) == 0


def test_chunks_are_rounded_up() -> None:
    assert chunk(10, 4) == 3
    assert ring_time(4, 10, FREE) == pytest.approx(6 * 0.03)


def test_bandwidth_terms_agree_and_latency_terms_do_not() -> None:
    times = [ring_time(64, 6400, FREE), halving_doubling_time(64, 6400, FREE), direct_time(64, 6400, FREE)]
    assert times == pytest.approx([2 * 63 * 1.0] * 3)
    late = Links(bandwidth=math.inf, latency=1.0)
    assert ring_time(64, 6400, late) == 126
    assert halving_doubling_time(64, 6400, late) == 12
    assert direct_time(64, 6400, late) == 2


@pytest.mark.parametrize("members", [0, 3, 6, 100])
def test_only_powers_of_two(members: int) -> None:
    for time in (halving_doubling_time, tree_time):
        with pytest.raises(ValueError, match=f"not {members}"):
            time(members, 100, FREE)
