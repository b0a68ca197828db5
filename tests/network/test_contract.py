"""What every topology promises, whatever its links."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.network.running import ends, network

NODES = tuple(f"node-{index}" for index in range(6))
TOPOLOGIES = {
    "shared-link": {"bandwidth": 100.0},
    "shared-link full": {"bandwidth": 100.0, "duplex": "full"},
    "shared-link general": {"bandwidth": 200.0, "goodput": 0.5},
    "star": {"bandwidth": 100.0},
    "racks": {"bandwidth": 100.0, "nodes_per_rack": 2, "oversubscription": 2.0, "core": 250.0},
    "machines": {"bandwidth": 100.0, "inside": 400.0, "nodes_per_machine": 2},
    "custom": {
        "links": ({"name": "a", "bandwidth": 100.0}, {"name": "b", "bandwidth": 150.0, "duplex": "half"}),
        "routes": (
            {"source": "node-[012]", "destination": "node-[345]", "links": ("a", "b")},
            {"source": "*", "destination": "*", "links": ("-a",)},
        ),
    },
}


@pytest.fixture(params=TOPOLOGIES)
def make(request):
    options = TOPOLOGIES[request.param]
    return lambda **more: network(request.param.split()[0], NODES, **{**options, **more})


def test_a_transfer_alone_moves_at_the_rate_of_its_narrowest_link(make):
    env, net = make()
    (end,) = ends(env, net, [(0, "node-0", "node-5", 300.0)])
    assert end == 300.0 / 100.0
    assert any(link.carried_bytes == 300.0 and link.busy_s == 3.0 for link in net.usage())


def test_bytes_without_size_and_to_oneself_need_no_bandwidth(make):
    env, net = make()
    assert ends(env, net, [(2, "node-0", "node-5", 0.0), (3, "node-0", "node-0", 1e9)]) == [2, 3]
    assert all(link.carried_bytes == 0 and link.busy_s == 0 for link in net.usage())


def test_a_multicast_is_one_transfer(make):
    env, net = make()
    assert ends(env, net, [(0, "node-0", ("node-0", "node-4", "node-5"), 300.0)]) == [3.0]
    assert net.sent_bytes == 300.0


@pytest.mark.parametrize("size", [-1.0, float("nan"), float("inf")])
def test_senseless_sizes_and_weights_are_refused(make, size):
    _, net = make()
    with pytest.raises(ValueError, match="size"):
        net.transfer("node-0", ("node-5",), size)
    with pytest.raises(ValueError, match="weight"):
        net.transfer("node-0", ("node-5",), 1.0, weight=0.0)
    assert net.sent_bytes == 0


def test_unknown_endpoints_are_refused(make):
    _, net = make()
    with pytest.raises(KeyError, match="nobody"):
        net.transfer("node-0", ("nobody",), 1.0)
    with pytest.raises(KeyError, match="nobody"):
        net.transfer("nobody", ("node-0",), 1.0)
    assert net.sent_bytes == 0


def test_cancelling_at_any_time_conserves_bytes(make):
    env, net = make()
    early = net.transfer("node-0", ("node-5",), 100.0)
    assert early.cancel() == 100.0
    half = net.transfer("node-0", ("node-5",), 100.0)
    env.run(until=0.5)
    assert half.cancel() == 50.0
    whole = net.transfer("node-0", ("node-5",), 100.0)
    env.run(until=whole)
    assert whole.cancel() == 0.0
    assert (net.sent_bytes, net.delivered_bytes, net.discarded_bytes) == (300.0, 150.0, 150.0)
    assert not half.triggered
    assert not any(link._alone or link.flows for link in net.usage() if hasattr(link, "flows"))


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(sorted(TOPOLOGIES)),
    st.lists(
        st.tuples(st.floats(0, 10), st.sampled_from(NODES), st.sampled_from(NODES), st.floats(0, 1e6)), max_size=20
    ),
    st.sampled_from([0.25, 2.0, 1024.0]),
)
def test_times_scale_exactly(name, transfers, factor):
    options = TOPOLOGIES[name]

    def run(scale):
        def rate(value):
            return value / scale if isinstance(value, float) and value > 2 else value

        slow = {key: rate(value) for key, value in options.items()}
        if "links" in options:
            slow["links"] = tuple({**link, "bandwidth": link["bandwidth"] / scale} for link in options["links"])
        env, net = network(name.split()[0], NODES, **slow)
        return ends(env, net, [(start * scale, *rest) for start, *rest in transfers])

    assert run(factor) == [end * factor for end in run(1.0)]
