"""The fast network against the slow and obvious one, on random cases."""

from __future__ import annotations

import os
from fractions import Fraction

import pytest
import simpy
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from simcluster.network.conditions import NetworkOptions, treatments
from simcluster.network.fluid import FluidNetwork
from simcluster.network.link import Link
from tests.network.reference import RefFlow, simulate

# The closing run sets SIMCLUSTER_CASES=10000.
CASES = settings(
    max_examples=int(os.environ.get("SIMCLUSTER_CASES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much],
)

numbers = st.one_of(
    st.integers(1, 12).map(float),
    st.floats(0.01, 100.0, allow_nan=False).map(lambda value: float(f"{value:.3g}")),
)


@st.composite
def cases(draw):
    capacities = draw(st.lists(numbers, min_size=1, max_size=6))
    routes = st.lists(st.integers(0, len(capacities) - 1), min_size=1, max_size=4, unique=True)
    times = st.one_of(st.just(0.0), st.integers(0, 4).map(float), st.floats(0, 10, allow_nan=False))
    weights = st.sampled_from([1.0, 1.0, 1.0, 2.0, 0.5, 3.7])
    flows = draw(st.lists(st.tuples(times, numbers, routes, weights, st.integers(0, 2)), min_size=1, max_size=14))
    changes = draw(
        st.lists(st.tuples(times, st.integers(0, len(capacities) - 1), st.one_of(st.just(0.0), numbers)), max_size=3)
    )
    cancelled = draw(st.dictionaries(st.integers(0, len(flows) - 1), times, max_size=2))
    return capacities, flows, changes, cancelled


def run(capacities, flows, changes, cancelled, offset, discipline="fair"):
    env = simpy.Environment(initial_time=offset)
    treat = treatments(NetworkOptions(discipline=discipline), 0)
    links = [Link(str(index), capacity) for index, capacity in enumerate(capacities)]
    network = FluidNetwork(env, links, lambda source, _: [links[int(i)] for i in source.split(",")], treat)
    ends, handles, left = [None] * len(flows), {}, {}

    def go(index, start, size, route, weight, priority):
        yield env.timeout(start)
        handles[index] = network.transfer(",".join(map(str, route)), ("x",), size, weight, priority)
        yield handles[index]
        ends[index] = env.now - offset

    def change(at, link, capacity):
        yield env.timeout(at)
        network.change_capacity(links[link], capacity)

    def cancel(index, at):
        yield env.timeout(at)
        if index in handles:
            left[index] = handles[index].cancel()

    def watch():
        for _ in range(12):
            yield env.timeout(0.83)
            for link in links:
                load = sum(flow.weight * flow.clock.level for flow in link.crossing)
                assert load <= link.capacity * (1 + 1e-9) + 1e-12

    env.process(watch())
    for at, link, capacity in sorted(changes):
        env.process(change(at, link, capacity))
    for index, flow in enumerate(flows):
        env.process(go(index, *flow))
    for index, at in cancelled.items():
        env.process(cancel(index, at))
    env.run()
    return network, ends, left


def exact(capacities, flows, changes, cancelled, prioritised=False):
    reference = [
        RefFlow(Fraction(start), Fraction(size), tuple(route), Fraction(weight), priority if prioritised else 0)
        for start, size, route, weight, priority in flows
    ]
    return simulate(
        {index: Fraction(capacity) for index, capacity in enumerate(capacities)},
        reference,
        [(Fraction(at), link, Fraction(capacity)) for at, link, capacity in sorted(changes)],
        {index: Fraction(at) for index, at in cancelled.items()},
    )


def agree(found, expected, changes, cancelled, offset=0.0, preempting=()):
    """Compare ends; whether one comes just before or just after a cut, a cancellation or a preemption is rounding."""
    moments = [at for at, _, capacity in changes if capacity == 0] + list(cancelled.values())
    moments += [flow[0] for flow in preempting]
    ends = [float(end) for end in (*found, *expected) if end is not None]
    assume(all(abs(end - at) > 1e-6 for end in ends for at in moments))
    for index, (end, exactly) in enumerate(zip(found, expected, strict=True)):
        if index not in cancelled:
            assert (end is None) == (exactly is None)
            assert end is None or end == pytest.approx(float(exactly), rel=1e-9, abs=1e-9 * max(1.0, offset))


@CASES
@given(cases(), st.sampled_from([0.0, 1e6]))
def test_fast_equals_reference(case, offset):
    capacities, flows, changes, _ = case
    network, ends, _ = run(capacities, flows, changes, {}, offset)
    agree(ends, exact(capacities, flows, changes, {})[0], changes, {}, offset)
    if None not in ends:
        assert network.sent_bytes == network.delivered_bytes
        carried = [sum(flow[1] for flow in flows if index in flow[2]) for index in range(len(capacities))]
        assert [usage.carried_bytes for usage in network.usage()] == pytest.approx(carried)


@CASES
@given(cases())
def test_cancelled_bytes_equal_reference(case):
    capacities, flows, changes, cancelled = case
    network, ends, left = run(capacities, flows, changes, cancelled, 0.0)
    expected, undelivered = exact(capacities, flows, changes, cancelled)
    agree(ends, expected, changes, cancelled)
    for index, exactly in undelivered.items():
        assert left[index] == pytest.approx(float(exactly), rel=1e-9, abs=1e-9)
    assert network.discarded_bytes == pytest.approx(sum(left.values()), abs=1e-5)
    if all(end is not None or index in left for index, end in enumerate(ends)):
        assert network.sent_bytes == network.delivered_bytes + network.discarded_bytes


@CASES
@given(cases())
def test_priorities_equal_reference(case):
    capacities, flows, changes, _ = case
    _, ends, _ = run(capacities, flows, changes, {}, 0.0, "priority")
    agree(ends, exact(capacities, flows, changes, {}, prioritised=True)[0], changes, {}, preempting=flows)


@CASES
@given(cases())
def test_first_in_first_out_equals_reference(case):
    capacities, flows, changes, _ = case
    flows = sorted(flows, key=lambda flow: flow[0])
    _, ends, _ = run(capacities, flows, changes, {}, 0.0, "fifo")
    ranked = [(*flow[:4], rank) for rank, flow in enumerate(flows)]
    agree(ends, exact(capacities, ranked, changes, {}, prioritised=True)[0], changes, {})
