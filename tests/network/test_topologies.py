"""The links and routes of each topology, with times worked out by hand."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from simcluster.errors import UserInputError
from simcluster.network import Node
from simcluster.network.interfaces import places
from tests.network.running import ends, network


def names(net):
    return [link.name for link in net.usage()]


def test_star_has_two_links_a_node_and_a_server_of_its_own_kind():
    env, net = network(
        "star",
        [Node("worker-0", bandwidth=50.0), Node("worker-1"), Node("server-0")],
        bandwidth=100.0,
        latency=1.0,
        interfaces=({"node": "server-*", "up": 400.0, "down": 120.0},),
    )
    assert names(net) == [f"{node}/{way}" for node in ("worker-0", "worker-1", "server-0") for way in ("up", "down")]
    # Towards the server: 50 + 70 on its 120; back: 50 and 100, bound by the workers alone.
    push = [(0, "worker-0", "server-0", 100.0), (0, "worker-1", "server-0", 140.0)]
    pull = [(10, "server-0", "worker-0", 100.0), (10, "server-0", "worker-1", 100.0)]
    assert ends(env, net, push + pull) == pytest.approx([3.0, 3.0, 13.0, 12.0])


def test_racks_share_uplinks_and_the_core():
    nodes = [f"node-{index}" for index in range(8)]
    options = {"bandwidth": 100.0, "nodes_per_rack": 2, "oversubscription": 4.0, "latency": 1.0, "core_latency": 2.0}
    env, net = network("racks", nodes, **options)
    assert [link.capacity for link in net.usage() if link.name.startswith("rack")] == [50.0] * 8
    inside = (0, "node-0", "node-1", 100.0)
    between = [(0, "node-2", "node-4", 100.0), (0, "node-3", "node-6", 100.0)]
    # Inside a rack only the interfaces count; both others share 50 of their rack's uplink.
    assert ends(env, net, [inside, *between]) == pytest.approx([2.0, 7.0, 7.0])
    env, net = network("racks", nodes, **options, core=50.0)
    assert ends(env, net, [(0, "node-0", "node-2", 100.0), (0, "node-4", "node-6", 100.0)]) == pytest.approx([7.0, 7.0])


def test_machines_are_fast_inside_and_share_an_interface_outside():
    nodes = [f"gpu-{index}" for index in range(4)]
    env, net = network(
        "machines", nodes, bandwidth=10.0, inside=100.0, nodes_per_machine=2, latency=1.0, inside_latency=0.5
    )
    inside = (0, "gpu-0", "gpu-1", 100.0)
    outside = [(10, "gpu-0", "gpu-2", 10.0), (10, "gpu-1", "gpu-3", 10.0)]
    assert ends(env, net, [inside, *outside]) == pytest.approx([1.5, 13.5, 13.5])


def test_places_are_filled_in_order_and_some_nodes_stay_apart():
    nodes = [Node(name) for name in ("a", "b", "c", "server", "d")]
    assert places(nodes, 2, ()) == {"a": 0, "b": 0, "c": 1, "server": 1, "d": 2}
    assert places(nodes, 2, ("serv*",)) == {"a": 0, "b": 0, "c": 1, "d": 1, "server": 2}


def test_custom_routes_use_links_forwards_and_backwards():
    env, net = network(
        "custom",
        ("a", "b", "c"),
        links=(
            {"name": "full", "bandwidth": 10.0, "latency": 1.0},
            {"name": "half", "bandwidth": 10.0, "duplex": "half"},
        ),
        routes=(
            {"source": "a", "destination": "b", "links": ("full",)},
            {"source": "*", "destination": "c", "links": ("full", "half")},
        ),
    )
    assert names(net) == ["full/up", "full/down", "half"]
    both = [(0, "a", "b", 10.0), (0, "b", "a", 10.0)]
    assert ends(env, net, both) == pytest.approx([2.0, 2.0])
    net.env = env
    shared = [(10 - env.now, "a", "c", 10.0), (10 - env.now, "c", "a", 10.0)]
    assert ends(env, net, shared) == pytest.approx([13.0, 13.0])


def test_custom_networks_must_connect_all_nodes():
    options = {
        "links": ({"name": "x", "bandwidth": 1.0},),
        "routes": ({"source": "a*", "destination": "b", "links": ("x",)},),
    }
    network("custom", ("a", "b"), **options)
    with pytest.raises(UserInputError, match="no route from 'a1' to 'a2'"):
        network("custom", ("a1", "a2", "b"), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "exactly one of links"),
        ({"platform": "p.xml", "links": ({"name": "x", "bandwidth": 1.0},)}, "exactly one of links"),
        ({"platform": "p.xml", "routes": ({"source": "a", "destination": "b", "links": ()},)}, "no effect"),
        ({"links": ({"name": "x", "bandwidth": 1.0},), "hosts": {"a": "b"}}, "no effect"),
        ({"links": ({"name": "x", "bandwidth": 1.0},) * 2}, "two links"),
        (
            {
                "links": ({"name": "x", "bandwidth": 1.0},),
                "routes": ({"source": "a", "destination": "b", "links": ("y",)},),
            },
            "isn't there",
        ),
        (
            {
                "links": ({"name": "x", "bandwidth": 1.0}, {"name": "y", "bandwidth": 1.0}),
                "routes": ({"source": "a", "destination": "b", "links": ("x",)},),
            },
            "no route uses the link 'y'",
        ),
    ],
)
def test_custom_options_must_fit_together(options, message):
    with pytest.raises(ValidationError, match=message):
        network("custom", ("a", "b"), **options)


@pytest.mark.parametrize(
    ("duplex", "links", "fits"),
    [("full", ("x", "x"), False), ("full", ("x", "-x"), True), ("half", ("x", "-x"), False), ("half", ("-x",), True)],
)
def test_a_custom_route_crosses_each_direction_once(duplex, links, fits):
    options = {
        "links": ({"name": "x", "bandwidth": 10.0, "duplex": duplex},),
        "routes": ({"source": "a", "destination": "b", "links": links},),
    }
    if fits:
        env, net = network("custom", ("a", "b"), **options)
        assert ends(env, net, [(0, "a", "b", 10.0)]) == [1.0]
        return
    with pytest.raises(ValidationError, match="crosses the link 'x' twice"):
        network("custom", ("a", "b"), **options)


@pytest.mark.parametrize("ends_", [("a", "nobody"), ("x*", "a")])
def test_a_custom_route_leads_from_somebody_to_somebody(ends_):
    options = {
        "links": ({"name": "x", "bandwidth": 10.0},),
        "routes": tuple({"source": a, "destination": b, "links": ("x",)} for a, b in (("*", "*"), ends_)),
    }
    with pytest.raises(UserInputError, match=r"network.routes: no node matches"):
        network("custom", ("a", "b"), **options)
