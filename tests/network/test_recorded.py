"""What a network tells a recorder that offers to take transfers."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from tests.network.running import ends, network

NODES = ("a", "b", "c", "d")


class Everything:
    """Keeps intervals by link, and transfers."""

    def __init__(self, env):
        self.env = env
        self.intervals = {}
        self.rows = []

    def link(self, name):
        self.intervals[name] = rows = []
        env = self.env

        class Log:
            def passed(self, since, rate, flows):
                rows.append((since, env.now, rate, flows))

        return Log()

    def transfers(self):
        return self

    def arrived(self, source, destinations, size, since, bottleneck):
        self.rows.append((source, destinations, size, since, self.env.now, bottleneck))


def run(transfers, topology="star", **options):
    kept = []

    def keep(env):
        kept.append(Everything(env))
        return kept[0]

    env, net = network(topology, NODES, recorder=keep, **options)
    found = ends(env, net, transfers)
    return found, kept[0], net


def test_intervals_say_who_shared_a_link_and_how_fast_it_was():
    _, recorder, _ = run([(0, "a", "c", 100.0), (1, "b", "c", 100.0)], bandwidth=100.0)
    assert recorder.intervals["a/up"] == [(0, 1, 100.0, 1)]
    assert recorder.intervals["c/down"] == [(0, 1, 100.0, 1), (1, 2, 100.0, 1)]
    found, recorder, _ = run([(0, "a", "c", 100.0), (0.5, "b", "c", 100.0)], bandwidth=100.0)
    assert found == [1.5, 2.0]
    assert recorder.intervals["c/down"] == [(0, 0.5, 100.0, 1), (0.5, 1.5, 100.0, 2), (1.5, 2.0, 100.0, 1)]
    # Elsewhere the mean over the time in which the same transfers cross.
    assert recorder.intervals["a/up"] == [(0, 1.5, pytest.approx(100 / 1.5), 1)]


def test_flows_that_end_together_on_a_link_that_does_not_bind_are_all_in_its_rate():
    options = {"bandwidth": 100.0, "interfaces": ({"node": "d", "bandwidth": 1000.0},)}
    _, recorder, _ = run([(0, "a", "d", 100.0), (0, "b", "d", 100.0), (0, "c", "d", 100.0)], **options)
    assert recorder.intervals["d/down"] == [(0, 1, 300.0, 3)]


def test_each_transfer_has_its_bottleneck():
    options = {"bandwidth": 100.0, "latency": 1.0, "interfaces": ({"node": "a", "bandwidth": 30.0},)}
    _, recorder, _ = run([(0, "a", "c", 30.0), (0, "b", "c", 200.0), (0, "d", "d", 5.0)], **options, window=180.0)
    assert recorder.rows == [
        ("d", ("d",), 5.0, 0, 0, ""),
        ("a", ("c",), 30.0, 0, 2.0, "a/up"),
        ("b", ("c",), 200.0, 0, pytest.approx(1 + 1 + 130 / 90), "window"),
    ]
    _, recorder, _ = run([(0, "a", "c", 30.0), (0, "b", "c", 30.0)], bandwidth=10.0)
    assert [row[-1] for row in recorder.rows] == ["c/down"] * 2


@pytest.mark.parametrize("topology", ["star", "racks"])
def test_recording_changes_nothing_and_the_integral_of_each_rate_is_the_bytes_carried(topology):
    draw = random.Random(13)
    transfers = [(draw.uniform(0, 20), *draw.sample(NODES, 2), draw.uniform(1, 300)) for _ in range(200)]
    options = {"bandwidth": 100.0, "unfairness": 0.3}
    if topology == "racks":
        options |= {"nodes_per_rack": 2, "oversubscription": 3.0}
    found, recorder, net = run(transfers, topology, **options)
    env, plain = network(topology, NODES, **options)
    assert ends(env, plain, transfers) == found
    for link in net.usage():
        rows = recorder.intervals[link.name]
        assert sum((end - since) * rate for since, end, rate, _ in rows) == pytest.approx(link.carried_bytes, rel=1e-9)
        assert sum(end - since for since, end, _, _ in rows) == pytest.approx(link.busy_s, rel=1e-9)
        assert all(rate <= link.capacity * (1 + 1e-9) for _, _, rate, _ in rows)
        assert all(row[1] <= after[0] for row, after in pairwise(rows))
    assert len(recorder.rows) == 200


def test_a_link_that_is_cut_under_several_transfers_keeps_its_books():
    schedule = ({"at": 1.5, "factor": 0.0}, {"at": 9.0, "factor": 1.0})
    found, recorder, net = run([(1, "a", "c", 100.0), (2, "b", "c", 100.0)], bandwidth=100.0, schedule=schedule)
    assert found == pytest.approx([10.0, 10.5])
    moving = [row for row in recorder.intervals["c/down"] if row[2]]
    assert moving == [(1, 1.5, 100.0, 1), (9.0, 10.0, 100.0, 2), (10.0, 10.5, 100.0, 1)]
    assert [link.carried_bytes for link in net.usage() if link.name == "c/down"] == [200.0]


VARYING = {
    "schedule": {"schedule": [{"at": 0.7 * step, "factor": (0.0, 0.4, 1.7, 1.0)[step % 4]} for step in range(1, 80)]},
    "background": {"background": [{"rate": 60.0, "on": 0.6, "off": 0.4}, {"link": "c/*", "rate": 30.0}]},
    "random": {"background": [{"link": "*/down", "rate": 150.0, "on": 0.3, "off": 0.7, "random": True}]},
}


@pytest.mark.parametrize("kind", VARYING)
@pytest.mark.parametrize("topology", ["shared-link", "star", "racks"])
@pytest.mark.parametrize("seed", range(3))
def test_recording_is_as_exact_when_capacities_vary(topology, kind, seed):
    draw = random.Random(seed)
    transfers = [(draw.uniform(0, 20), *draw.sample(NODES, 2), draw.uniform(1, 50)) for _ in range(100)]
    options = {"bandwidth": 100.0, **{name: tuple(value) for name, value in VARYING[kind].items()}}
    if topology == "shared-link":
        options["background"] = tuple({**each, "link": "*"} for each in options.get("background", ()))
    if topology == "racks":
        options |= {"nodes_per_rack": 2, "oversubscription": 3.0}
    found, recorder, net = run(transfers, topology, **options)
    env, plain = network(topology, NODES, **options)
    assert ends(env, plain, transfers) == found
    for link in net.usage():
        rows = recorder.intervals[link.name]
        assert sum((end - since) * rate for since, end, rate, _ in rows) == pytest.approx(link.carried_bytes, rel=1e-9)
        assert all(rate >= 0 for _, _, rate, _ in rows)
        assert sum(end - since for since, end, _, _ in rows) == pytest.approx(link.busy_s, rel=1e-9)


def test_a_cancelled_transfer_leaves_no_row():
    kept = []

    def keep(env):
        kept.append(Everything(env))
        return kept[0]

    env, net = network("star", NODES, bandwidth=100.0, recorder=keep)
    transfer = net.transfer("a", ("b",), 100.0)
    env.run(until=0.5)
    transfer.cancel()
    env.run()
    assert kept[0].rows == []
    assert kept[0].intervals["a/up"] == [(0, 0.5, 100.0, 1)]
