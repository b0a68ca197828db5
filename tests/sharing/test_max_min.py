"""Weighted max-min: SimGrid's published cases, and a certificate on random ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcluster.sharing import max_min


@dataclass(eq=False)
class Capacity:
    capacity: float
    left: float = 0.0
    rising_weight: float = 0.0
    rising: int = 0


@dataclass(eq=False)
class Flow:
    pools: tuple[Capacity, ...]
    weight: float = 1.0
    limit: float = inf
    priority: int = 0
    level: float = -1.0
    bottleneck: Any = field(default=None)

    @property
    def rate(self):
        return self.weight * self.level


def rates(*flows):
    max_min(flows)
    return [flow.rate for flow in flows]


def test_one_link_is_shared_by_weight():
    # SimGrid: C = 3, penalties 1 and 2 (a penalty divides a share)
    link = Capacity(3.0)
    assert rates(Flow((link,)), Flow((link,), weight=0.5)) == [2.0, 1.0]


def test_a_penalty_divides_a_share_of_a_weighted_flow():
    # SimGrid: C = 20; the second flow takes twice its rate of the link, and has a penalty of 2: 10 and 5
    link = Capacity(20.0)
    assert rates(Flow((link,)), Flow((link,), weight=0.5), Flow((link,), weight=0.5)) == [10.0, 5.0, 5.0]


def test_coupled_links():
    # SimGrid: C1 = 20, C2 = 60: 10, 5 and 40, where the second flow takes 2 times its rate of C1 and 4 times of C2
    first, second = Capacity(20.0), Capacity(60.0)
    long = [Flow((first, second), weight=0.5) for _ in range(2)]
    more = [Flow((second,), weight=0.5, limit=10.0) for _ in range(2)]
    assert rates(Flow((first,)), *long, *more, Flow((second,))) == [10.0, 5.0, 5.0, 5.0, 5.0, 40.0]


def test_limits_leave_the_rest_to_others():
    link = Capacity(30.0)
    assert rates(Flow((link,), limit=4.0), Flow((link,)), Flow((link,))) == [4.0, 13.0, 13.0]
    assert rates(Flow((), limit=7.0)) == [7.0]
    assert rates(Flow((link,), limit=7.0)) == [7.0]


def test_priorities_take_what_is_left_over():
    link, other = Capacity(10.0), Capacity(3.0)
    assert rates(Flow((link,), priority=2), Flow((link, other), priority=1)) == [7.0, 3.0]
    assert rates(Flow((link,), priority=1), Flow((link,), priority=0)) == [0.0, 10.0]


positive = st.floats(0.01, 100.0)


@st.composite
def networks(draw):
    links = [Capacity(draw(st.one_of(st.just(0.0), positive))) for _ in range(draw(st.integers(1, 6)))]
    flow = st.builds(
        Flow,
        st.lists(st.sampled_from(links), min_size=1, max_size=4, unique_by=id).map(tuple),
        st.one_of(st.just(1.0), positive),
        st.one_of(st.just(inf), positive),
        st.integers(0, 1),
    )
    return links, draw(st.lists(flow, min_size=1, max_size=20))


@given(networks())
def test_every_rate_is_certified(network):
    """Each flow is at its limit, or on a full link on which none of its priority has a higher level."""
    links, flows = network
    max_min(flows)
    for link in links:
        assert sum(flow.rate for flow in flows if link in flow.pools) <= link.capacity * (1 + 1e-9) + 1e-12
    for flow in flows:
        if flow.bottleneck is None:
            assert flow.level == flow.limit
            continue
        # Lower priorities have nothing of a link that stops a higher one.
        rivals = [other for other in flows if flow.bottleneck in other.pools and other.priority <= flow.priority]
        assert sum(other.rate for other in rivals) == pytest.approx(flow.bottleneck.capacity, rel=1e-9, abs=1e-9)
        assert all(
            other.level <= flow.level * (1 + 1e-9) + 1e-12 for other in rivals if other.priority == flow.priority
        )
