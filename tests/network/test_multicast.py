"""Multicasts: a transfer to several nodes crosses each link once, and waits for the longest of its ways."""

from __future__ import annotations

import pytest

from tests.network.running import ends, network

LINKS = (
    {"name": "trunk", "bandwidth": 10.0, "latency": 1.0},
    {"name": "near", "bandwidth": 20.0, "latency": 2.0},
    {"name": "far", "bandwidth": 20.0, "latency": 5.0},
)
ROUTES = (
    {"source": "a", "destination": "b", "links": ("trunk", "near")},
    {"source": "a", "destination": "c", "links": ("trunk", "far")},
    {"source": "b", "destination": "c", "links": ("-near", "far")},
)


@pytest.mark.parametrize("destinations", [("b", "c"), ("c", "b")])
def test_it_waits_for_the_longest_way_and_crosses_the_trunk_once(destinations: tuple[str, ...]) -> None:
    env, net = network("custom", ("a", "b", "c"), links=LINKS, routes=ROUTES)
    # Latency 1 + 5, and then 100 B at 10 B/s.
    assert ends(env, net, [(0, "a", destinations, 100.0)]) == [16]
    assert {link.name: link.carried_bytes for link in net.usage() if link.carried_bytes} == {
        "trunk/up": 100, "near/up": 100, "far/up": 100,
    }  # fmt: skip


def test_its_slowest_way_sets_its_rate() -> None:
    env, net = network("custom", ("a", "b", "c"), links=(*LINKS[:2], {**LINKS[2], "bandwidth": 4.0}), routes=ROUTES)
    assert ends(env, net, [(0, "a", ("b", "c"), 100.0)]) == [31]
