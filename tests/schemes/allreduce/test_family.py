"""What all collectives share: values, turns, parts, interruption, and who shares a machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
import simpy

from simcluster.cluster.channels import PlainChannel
from simcluster.cluster.jitter import NoJitter
from simcluster.cluster.machines import Worker
from simcluster.cluster.messages import Part, PlainCoder
from simcluster.errors import UserInputError
from simcluster.recording import Nobody, NullRecorder
from simcluster.schemes.allreduce.all_gather import AllGather
from simcluster.schemes.allreduce.direct import Direct
from simcluster.schemes.allreduce.halving_doubling import HalvingDoubling
from simcluster.schemes.allreduce.hierarchical import Hierarchical
from simcluster.schemes.allreduce.ring_allreduce import ChunkByChunk, InBulk
from simcluster.schemes.allreduce.rounds import Collective, Round
from simcluster.schemes.allreduce.stream import InOrder, Negotiated
from simcluster.schemes.allreduce.tree import Tree
from tests.building import run
from tests.network.running import network
from tests.schemes.allreduce.cases import CODEC, LAYERS, SCHEMES, STAR, UNEQUAL, carried, changes, exchange_time


class Numbers:
    """Values that are numbers, one a byte; for exact sums they are whole."""

    def __init__(self, start: float, numbers: list[float]) -> None:
        self.start = int(start)
        self.numbers = numbers

    def __add__(self, other: Numbers) -> Numbers:
        assert (self.start, len(self.numbers)) == (other.start, len(other.numbers))
        return Numbers(self.start, [a + b for a, b in zip(self.numbers, other.numbers, strict=True)])

    def __mul__(self, factor: float) -> Numbers:
        return Numbers(self.start, [number * factor for number in self.numbers])

    def piece(self, part: Part) -> Numbers:
        low = int(part.start) - self.start
        assert low >= 0
        assert low + part.size <= len(self.numbers)
        return Numbers(part.start, self.numbers[low : low + int(part.size)])

    def join(self, others: Iterable[Numbers]) -> Numbers:
        numbers = list(self.numbers)
        for other in others:
            assert other.start == self.start + len(numbers)
            numbers += other.numbers
        return Numbers(self.start, numbers)


class Team:
    """Workers on a star who run one collective on numbers."""

    def __init__(self, count: int, size: int) -> None:
        names = [f"worker-{place}" for place in range(count)]
        self.env, self.network = network("star", names, bandwidth=1.0, latency=0.25)
        recorder = NullRecorder()
        workers = [Worker(self.env, place, 1, 1.0, NoJitter(), recorder) for place in range(count)]
        channel = PlainChannel(self.network, PlainCoder(float), size)
        self.routes = channel.private_routes(list(zip(workers, [*workers[1:], workers[0]], strict=True)))
        self.round = Round(self.env, channel, workers, 1, Part(40, size))
        self.values = [Numbers(40, [(place + 1) * (byte + 1) for byte in range(size)]) for place in range(count)]
        self.found: dict[int, Any] = {}

    def go(self, collective: Collective) -> list[simpy.Process]:
        return [self.env.process(self._member(collective, place)) for place in range(len(self.values))]

    def _member(self, collective: Collective, place: int) -> Any:
        yield self.env.timeout(place % 3)
        seat = self.round.join(place, Nobody(), self.values[place])
        try:
            self.found[place] = yield from collective.run(seat)
        except simpy.Interrupt:
            pass
        finally:
            seat.leave()


def collective_of(name: str, team: Team) -> Collective:
    count = len(team.values)
    match name:
        case "ring, in bulk":
            assert team.routes is not None
            return InBulk(team.env, team.routes)
        case "hierarchical":
            return Hierarchical([list(range(low, min(low + 3, count))) for low in range(0, count, 3)])
        case _:
            kinds = {"ring": ChunkByChunk, "halving": HalvingDoubling, "tree": Tree, "direct": Direct, "all": AllGather}
            return kinds[name]()


COLLECTIVES = ["ring", "ring, in bulk", "halving", "tree", "direct", "all", "hierarchical"]


@pytest.mark.parametrize("size", [1, 16, 33])
@pytest.mark.parametrize("count", [2, 3, 4, 7, 13])
@pytest.mark.parametrize("name", COLLECTIVES)
def test_everybody_gets_the_mean_of_all(name: str, count: int, size: int) -> None:
    team = Team(count, size)
    team.go(collective_of(name, team))
    team.env.run()
    expected = [(count + 1) / 2 * (byte + 1) for byte in range(size)]
    assert sorted(team.found) == list(range(count))
    for values in team.found.values():
        assert values.start == 40
        assert values.numbers == pytest.approx(expected, rel=1e-12)
    assert team.round.over
    assert team.network.sent_bytes == team.network.delivered_bytes > 0


@pytest.mark.parametrize("at", [2.1, 3.7, 6.2])
@pytest.mark.parametrize("name", COLLECTIVES)
def test_who_is_interrupted_leaves_nothing_on_the_network(name: str, at: float) -> None:
    team = Team(5, 10)
    members = team.go(collective_of(name, team))
    team.env.run(at)
    for member in members:
        if member.is_alive:
            member.interrupt()
    under_way = team.network.under_way
    assert under_way or name == "ring, in bulk"
    team.env.run(at + 1e-6)
    assert team.network.idle
    assert team.network.sent_bytes == team.network.delivered_bytes + team.network.discarded_bytes
    assert (team.network.discarded_bytes > 0) == (under_way > 0)


def overlapping(scheme: str, workers: int, **training: Any) -> dict[str, Any]:
    question = changes(scheme, workers, **{"overlap": "full", "updates": 3, **training})
    question["model"] = {"layers": LAYERS, "parameters": "21 MB"}
    question["compute"] = {"minibatch_time": "0.18 s", "minibatch": 64, "scaling": "weak", "jitter": UNEQUAL}
    return question


@pytest.mark.parametrize("codec", ["none", CODEC], ids=["plain", "codec"])
@pytest.mark.parametrize(
    "training",
    [
        {"bucket_size": "5 MB"},
        {"order": "priority", "slice_size": "1 MB"},
        {"overlap": "backward", "double_buffering": True, "exchange": "gradients"},
        {"overlap": "none", "double_buffering": True, "exchange": "gradients", "local_iterations": 2},
        {"overlap": "none", "slice_size": "6 MB", "order": "priority"},
    ],
    ids=lambda training: "-".join(map(str, training.values())),
)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_parts_move_the_same_bytes_and_never_block_each_other(scheme: str, training: Any, codec: Any) -> None:
    whole = run(overlapping(scheme, 5, overlap="none") | {"compression": {"codec": codec}}, record=False)
    parts = run(overlapping(scheme, 5, **training) | {"compression": {"codec": codec}}, record=False)
    assert parts.metrics["updates"] == 3
    assert parts.metrics["bytes_on_wire"] == pytest.approx(whole.metrics["bytes_on_wire"], rel=1e-6)
    assert list(carried(parts).values()) == pytest.approx(list(carried(whole).values()), rel=1e-4)
    staleness = parts.updates["staleness"].max()
    assert staleness == (1 if training.get("double_buffering") else 0)


def order_of_parts(order: str) -> list[float]:
    """Return the sizes [MB] of what worker 0 sends in the first update, in its order."""
    slow = STAR | {"bandwidth": "20 MB/s"}
    question = overlapping("tree", 2, order=order, updates=1) | {"network": slow}
    question["compute"]["jitter"] = None
    sends = run(question).spans.query("entity == 'worker-1' and lane == 'send' and activity == 'push'")
    return [size / 1e6 for size in sends["size_bytes"]]


def test_priority_lets_the_first_layers_overtake() -> None:
    # Layer k has k MB, and takes twice k/20 s; a layer is computed every 0.02 s, the last one first.
    assert order_of_parts("fifo") == [6, 5, 4, 3, 2, 1]
    assert order_of_parts("priority") == [6, 1, 2, 3, 4, 5]


def worker(index: int) -> Any:
    class Named:
        pass

    named = Named()
    named.index = index  # type: ignore[attr-defined]
    return named


def test_turns_are_given_in_order() -> None:
    env = simpy.Environment()
    stream = InOrder(env)
    first, second, third = (stream.ask(worker(0), 1, Part(place, 1), Nobody()) for place in range(3))
    other = stream.ask(worker(1), 1, Part(0, 1), Nobody())
    assert first.begins is other.begins is None
    assert not second.begins.triggered
    first.end()
    assert second.begins.triggered
    assert not third.begins.triggered


def test_the_coordinator_waits_for_all_and_picks_the_most_urgent() -> None:
    env = simpy.Environment()
    stream = Negotiated(env, 2)
    late, early, urgent = Part(0, 1, 5), Part(1, 1, 4), Part(2, 1, 1)
    turns = {}
    for index, part in [(0, late), (1, early), (0, urgent), (0, early), (1, late), (1, urgent)]:
        turns[index, part] = stream.ask(worker(index), 1, part, Nobody())
    # The first that is ready on both runs; then the most urgent, and an older update before all.
    assert [part for part in (late, early, urgent) if turns[0, part].begins.triggered] == [early]
    for index in (0, 1):
        stream.ask(worker(index), 2, Part(3, 1, 0), Nobody())
    turns[0, early].end()
    assert not turns[0, urgent].begins.triggered
    turns[1, early].end()
    assert turns[1, urgent].begins.triggered
    assert not turns[0, late].begins.triggered


class TestCodecsByHand:
    """100 MB, rho = 1/4, 200 MB/s to encode, 400 MB/s to decode, 1 ms and 1 s on the way; 4 workers."""

    def time(self, scheme: str, **training: Any) -> float:
        question = changes(scheme, 4, **training) | {"compression": {"codec": CODEC}}
        return exchange_time(run(question, record=False))

    def test_tree(self) -> None:
        # Encode, send, decode on each of two levels; the mean is encoded once and decoded once, behind the next hop.
        level = 0.5 + 0.251 + 0.25
        assert self.time("tree") == pytest.approx(2 * level + 0.5 + 2 * 0.251 + 0.25)

    def test_halving_doubling(self) -> None:
        halves = (0.25 + 0.126 + 0.125) + (0.125 + 0.0635 + 0.0625)
        # The quarter (62.5 ms to decode) is decoded while the half is under way.
        assert self.time("halving-doubling") == pytest.approx(halves + 0.125 + 0.0635 + 0.126 + 0.125)

    def test_direct(self) -> None:
        # Three quarters are encoded in 0.125 s each, and sent in 62.5 ms as soon as they are. So the first two have
        # arrived at 0.375 s, and the third has when they are decoded; then three means go out, and three come in.
        assert self.time("direct") == pytest.approx(0.375 + 3 * 0.0625 + 0.125 + 0.001 + 3 * 0.0625 + 3 * 0.0625)

    def test_hierarchical(self) -> None:
        # A tree of two, a ring of two with halves, and the mean of two halves down: decoded, not encoded again.
        inside = 0.5 + 0.251 + 0.25
        ring = (0.25 + 0.126 + 0.125) + 0.25 + 0.126 + 0.125
        assert self.time("hierarchical") == pytest.approx(inside + ring + 0.251 + 0.25)


def test_hierarchical_asks_the_network_who_shares_a_machine() -> None:
    machines = {"topology": "machines", "bandwidth": "50 MB/s", "inside": "200 MB/s", "nodes_per_machine": 2}
    known = run(changes("hierarchical", 6, network=machines), record=False)
    said = run(changes("hierarchical", 6, network=machines, workers_per_machine=2), record=False)
    assert known.updates.equals(said.updates)


@pytest.mark.parametrize(
    ("network", "size", "message"),
    [(STAR, None, "missing"), ({"topology": "machines", "bandwidth": "1 MB/s", "inside": "1 MB/s"}, 3, "hold other")],
)
def test_hierarchical_must_know_who_shares_a_machine(network: Any, size: int | None, message: str) -> None:
    if "inside" in network:
        network = network | {"nodes_per_machine": 2}
    with pytest.raises(UserInputError, match=f"workers_per_machine: .*{message}"):
        run(changes("hierarchical", 6, network=network, workers_per_machine=size))
