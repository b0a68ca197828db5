"""Where a representation enters the region of Eq. 5."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcluster.theory.entry import bound, edge_bandwidth, inside_workers
from simcluster.theory.feasibility import largest_overhead, slope

# M = 4, W = 1,000 B, C = 8 s, i = 1, one direction: the slope is 2,000 B/s over the bandwidth.
AT_ONE = slope(4, 1000, 8, 1)


def test_the_numbers_below() -> None:
    assert AT_ONE == 2000
    assert bound(4, 20) == 21
    assert bound(4, 20, speedup=2) == 2


def test_edges_by_hand() -> None:
    # Against vanilla: 1.5 = 1 + 0.8 * 2000 / chi; for a speed-up of 2: 1.5 = 4 / 2 - 0.2 * 2000 / chi.
    assert edge_bandwidth(0.2, 1.5, AT_ONE, workers=4) == 3200
    assert edge_bandwidth(0.2, 1.5, AT_ONE, workers=4, speedup=2) == 800


def test_where_there_is_no_edge() -> None:
    assert edge_bandwidth(0.2, 1.0, AT_ONE, workers=4) == math.inf
    assert edge_bandwidth(0.2, 0.7, AT_ONE, workers=4) == math.inf
    assert edge_bandwidth(1.0, 0.7, AT_ONE, workers=4) == math.inf
    assert edge_bandwidth(1.0, 1.0, AT_ONE, workers=4) == math.inf
    assert math.isnan(edge_bandwidth(1.1, 1.2, AT_ONE, workers=4))
    assert math.isnan(edge_bandwidth(1.1, 1.0, AT_ONE, workers=4))
    assert math.isnan(edge_bandwidth(0.2, 2.0, AT_ONE, workers=4, speedup=2))
    # Larger, but faster to compute on: it pays from 0.5 * 2000 / 0.25 on.
    assert edge_bandwidth(1.5, 0.75, AT_ONE, workers=4) == 4000


@given(
    rho=st.floats(0.01, 0.99), h=st.floats(1.01, 5), chi=st.floats(1, 1e6), speedup=st.one_of(st.none(), st.just(0.5))
)
def test_on_either_side_of_the_edge_eq_5_says_so(rho: float, h: float, chi: float, speedup: float | None) -> None:
    edge = edge_bandwidth(rho, h, AT_ONE, workers=4, speedup=speedup)
    fall = AT_ONE / chi
    inside = h <= largest_overhead(rho, bound(4, fall, speedup), fall)
    if not math.isclose(chi, edge, rel_tol=1e-6):
        assert inside == (chi < edge if speedup is None else chi > edge)


def test_workers_by_hand() -> None:
    # Slope of one worker 0.1, unicast, rho 0.5: against vanilla h <= 1 + 0.1 * M^2; h = 2 needs M >= sqrt(10).
    assert inside_workers(0.5, lambda workers: 2.0, 0.1, "unicast", among=range(1, 11)) == (4, 10)
    assert inside_workers(0.5, lambda workers: 20.0, 0.1, "unicast", among=range(1, 11)) is None
    # A speed-up of 1: 2 <= M - 0.1 * M^2 holds from 2.76 to 7.24.
    assert inside_workers(0.5, lambda workers: 2.0, 0.1, "unicast", among=range(1, 11), speedup=1) == (3, 7)
    # What is decoded costs more with more workers: 1 + M <= 1 + 0.1 * M^2 from 10 on.
    assert inside_workers(0.5, lambda workers: 1.0 + workers, 0.1, "unicast", among=range(1, 20)) == (10, 19)


@pytest.mark.parametrize("pull", ["free", "unicast", "multicast"])
def test_copies_count(pull: str) -> None:
    found = inside_workers(0.0, lambda workers: 13.0, 1.0, pull, among=range(1, 20))  # type: ignore[arg-type]
    assert found == ({"free": 4, "unicast": 3, "multicast": 3}[pull], 19)
