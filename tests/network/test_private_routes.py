"""Routes that one sender has for itself: when there are any, and that their books are those of transfers."""

from __future__ import annotations

from typing import Any

import pytest

from simcluster.network.transfer import units_of
from simcluster.recording import SpanRecorder
from simcluster.recording.spans import LINK
from tests.network.running import network

NODES = ["a", "b", "c", "d"]
RING = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "a")]
STAR = {"bandwidth": 100.0, "latency": 0.5}
MACHINES = {"bandwidth": 40.0, "inside": 100.0, "latency": 0.5, "inside_latency": 0.25, "nodes_per_machine": 2}


def test_a_ring_on_a_star_has_its_links_for_itself() -> None:
    _, net = network("star", NODES, **STAR, interfaces=({"node": "c", "up": 10.0},))
    routes = net.private_routes(RING)
    assert [(route.latency, route.rate) for route in routes] == [(0.5, 100), (0.5, 100), (0.5, 10), (0.5, 100)]


def test_a_window_and_the_slowest_link_bound_a_route() -> None:
    _, net = network("machines", NODES, **MACHINES, window=90.0)
    routes = net.private_routes(RING)
    assert [route.latency for route in routes] == [0.25, 0.75, 0.25, 0.75]
    assert [route.rate for route in routes] == [100, 40, 100, 40]


@pytest.mark.parametrize(
    ("topology", "options", "pairs"),
    [
        ("star", STAR, [("a", "b"), ("c", "b")]),
        ("machines", MACHINES, [("a", "c"), ("b", "d")]),
        ("racks", {"bandwidth": 1.0, "nodes_per_rack": 1, "core": 9.0}, RING),
        ("shared-link", {"bandwidth": 1.0}, RING),
        ("shared-link", {"bandwidth": 1.0, "goodput": 0.5, "duplex": "full"}, RING),
        ("star", STAR | {"discipline": "priority"}, RING),
        ("star", STAR | {"message_overhead": 1.0}, RING),
        ("star", STAR | {"unfairness": 0.1}, RING),
        ("star", STAR | {"schedule": ({"at": 1.0, "factor": 0.5},)}, RING),
    ],
    ids=["receiver", "machine", "core", "link", "both ways", "discipline", "overhead", "unfairness", "schedule"],
)
def test_what_others_could_feel_is_not_private(topology: str, options: dict[str, Any], pairs: Any) -> None:
    _, net = network(topology, NODES, **options)
    assert net.private_routes(pairs) is None


@pytest.mark.parametrize(("topology", "options"), [("star", STAR), ("machines", MACHINES)])
def test_what_is_booked_is_what_transfers_book(topology: str, options: dict[str, Any]) -> None:
    sizes = [30.0, 0.0, 12.5]

    def transfers(env: Any, net: Any) -> Any:
        for size in sizes:
            yield net.transfer("b", ["c"], size)

    recorders: list[SpanRecorder] = []

    def recorder(env: Any) -> SpanRecorder:
        recorders.append(SpanRecorder(env))
        return recorders[-1]

    env, moved = network(topology, NODES, recorder=recorder, **options)
    env.process(transfers(env, moved))
    env.run()

    clock, booked = network(topology, NODES, recorder=recorder, **options)
    (route,) = booked.private_routes([("b", "c")])
    passages, now = [], 0.0
    for size in sizes:
        passages.append((now, now + route.latency + size / route.rate, size))
        now = passages[-1][1]
    clock.run(now)
    route.book(sum(sizes), sum(map(units_of, sizes)), lambda: passages)

    assert booked.sent_bytes == booked.delivered_bytes == moved.sent_bytes
    for ours, theirs in zip(booked.usage(), moved.usage(), strict=True):
        assert ours.carried_bytes == theirs.carried_bytes
        assert ours.busy_s == pytest.approx(theirs.busy_s)
    theirs, ours = recorders
    assert history(ours) == pytest.approx(history(theirs))
    assert len(ours.transfer_history.rows) == 3
    for mine, other in zip(ours.transfer_history.rows, theirs.transfer_history.rows, strict=True):
        assert (mine[:2], mine[4:]) == (other[:2], other[4:])
        assert mine[2:4] == pytest.approx(other[2:4])


def history(recorder: SpanRecorder) -> list[float]:
    """Return all entries of all links, link by link."""
    entries = sorted(LINK.iter_unpack(recorder.links.entries), key=lambda entry: (entry[2], entry[0]))
    return [number for entry in entries for number in entry]


def test_who_shares_a_machine() -> None:
    _, net = network("machines", NODES, **MACHINES)
    assert net.machines(["a", "d", "b"]) == [0, 1, 0]
    _, net = network("star", NODES, **STAR)
    assert net.machines(NODES) is None
