"""Exact cases and formulas of facts/oracles.md that are about the network."""

from __future__ import annotations

import math
import os
import random
from statistics import fmean, stdev

import pytest

from tests.network.running import ends, network


def test_capping_a_rival_matters_more_than_bandwidth():
    """Not monotone, and no bug: worker 1's faster interface delays worker 2, whose decoding comes last."""

    def update(own):
        env, net = network(
            "star",
            ("worker-1", "worker-2", "server"),
            bandwidth=100.0,
            interfaces=(
                {"node": "worker-1", "bandwidth": own},
                {"node": "server", "bandwidth": 10.0},
            ),
        )
        first, second = ends(env, net, [(0, "worker-1", "server", 100.0), (0, "worker-2", "server", 90.0)])
        return max(first, second + 100.0)

    assert (update(1.0), update(10.0)) == (110.0, 118.0)


def test_raw_flow_model_of_simgrid():
    env, net = network("shared-link", ("a", "b"), bandwidth=125e3, latency=0.01)
    assert ends(env, net, [(0, "a", "b", 100e3)]) == pytest.approx([0.81], rel=1e-12)
    env, net = network("star", ("a", "b"), bandwidth=7.20975e6, latency=1.461517e-3)
    assert ends(env, net, [(0, "a", "b", 1e9)]) == pytest.approx([138.703], rel=1e-5)


def test_cut_through_on_a_ring_as_astra_sim_has_it():
    """Three hops: latencies add up, and the size is charged once."""
    links = tuple({"name": f"hop-{index}", "bandwidth": 50.0 * 2**30, "latency": 500e-9} for index in range(3))
    three = {"source": "*", "destination": "*", "links": ("hop-0", "hop-1", "hop-2")}
    env, net = network("custom", ("a", "b"), links=links, routes=(three,))
    assert ends(env, net, [(0, "a", "b", float(2**20))])[0] * 1e9 == pytest.approx(21_031, abs=0.5)
    env, net = network("custom", ("a", "b"), links=links[:1], routes=({**three, "links": ("hop-0",)},))
    assert ends(env, net, [(0, "a", "b", float(2**20))])[0] * 1e9 == pytest.approx(20_031, abs=0.5)


def test_store_and_forward_as_astra_sim_has_it():
    """Store and forward is a row of transfers, each over one hop."""
    env, net = network("star", ("a", "b", "c", "d"), bandwidth=50.0 * 2**30, latency=500e-9)

    def hops():
        for source, destination in ("ab", "bc", "cd"):
            yield net.transfer(source, (destination,), float(2**20))

    env.run(until=env.process(hops()))
    assert env.now * 1e9 == pytest.approx(60_093, abs=1.0)


@pytest.mark.parametrize("goodput", [1.0, 0.5])
def test_processor_sharing_does_not_care_about_the_law_of_sizes(goodput):
    """M/G/1-PS at load 0.5: E[T] = 2 E[S]; batches give the interval, which must be narrow enough to say something."""
    long = "SIMCLUSTER_CASES" in os.environ  # the closing run
    jobs = 1_300_000 if long else 20_000
    draw = random.Random(3)
    env, net = network("shared-link", ("a", "b"), bandwidth=1.0 / goodput, goodput=goodput)
    times: list[float] = []

    def one(size):
        start = env.now
        yield net.transfer("a", ("b",), size)
        times.append(env.now - start)

    def arrivals():
        for _ in range(jobs):
            yield env.timeout(draw.expovariate(0.5))
            env.process(one(draw.choice([0.5, 0.5, 0.5, 2.5])))

    env.process(arrivals())
    env.run()
    low, high = interval(times[1000:])
    assert low <= 2.0 <= high
    assert high - low <= 2 * (0.01 if long else 0.1) * 2.0


def interval(values, batches=40, quantile=3.56):
    """Return the 99.9 % confidence interval of a mean from batch means (t with 39 degrees of freedom)."""
    size = len(values) // batches
    means = [fmean(values[index * size : (index + 1) * size]) for index in range(batches)]
    half = quantile * stdev(means) / math.sqrt(batches)
    return fmean(means) - half, fmean(means) + half


def test_closed_network_follows_mean_value_analysis():
    """M clients that think and transfer in turns: MVA for M = 16, Z = 1, S = 0.1 gives X = 9.777."""
    queue = 0.0
    for clients in range(1, 17):
        response = 0.1 * (1.0 + queue)
        throughput = clients / (1.0 + response)
        queue = throughput * response
    assert throughput == pytest.approx(9.777, abs=1e-3)
    draw = random.Random(5)
    env, net = network("shared-link", ("a", "b"), bandwidth=1.0)
    finished: list[float] = []

    def client():
        while True:
            yield env.timeout(draw.expovariate(1.0))
            yield net.transfer("a", ("b",), draw.expovariate(10.0))
            finished.append(env.now)

    for _ in range(16):
        env.process(client())
    env.run(until=20_200.0)
    counts = [0.0] * 40
    for moment in finished:
        if moment >= 200.0:
            counts[min(int((moment - 200.0) / 500.0), 39)] += 1 / 500.0
    low, high = interval(counts)
    assert low <= throughput <= high
    assert high - low <= 2 * 0.01 * throughput


def test_numbers_in_system_obey_littles_law():
    draw = random.Random(7)
    env, net = network("star", ("a", "b", "c", "d"), bandwidth=10.0)
    transfers = [(draw.uniform(0, 100), *draw.sample("abcd", 2), draw.expovariate(0.05)) for _ in range(300)]
    link = next(link for link in net.usage() if link.name == "a/up")
    found = ends(env, net, transfers)
    busy = sum(end - start for end, (start, *_) in zip(found, transfers, strict=True))
    changes = sorted([(start, 1) for start, *_ in transfers] + [(end, -1) for end in found])
    area, number, before = 0.0, 0, 0.0
    for moment, change in changes:
        area += number * (moment - before)
        number, before = number + change, moment
    assert area == pytest.approx(busy, rel=1e-9)
    assert link.carried_bytes == pytest.approx(sum(size for _, source, _, size in transfers if source == "a"))


def test_relabelled_nodes_get_permuted_results():
    draw = random.Random(11)
    names = "abcdef"
    other = dict(zip(names, "dfbeca", strict=True))
    transfers = [(draw.randint(0, 5), *draw.sample(names, 2), draw.uniform(1, 50)) for _ in range(40)]
    relabelled = [(start, other[source], other[to], size) for start, source, to, size in transfers]

    def run(rows):
        env, net = network("racks", sorted(names), bandwidth=10.0, nodes_per_rack=6)
        return ends(env, net, rows)

    assert run(relabelled) == run(transfers)
