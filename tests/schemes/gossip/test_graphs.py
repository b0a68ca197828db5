"""Who averages with whom: laws that every graph obeys, and shapes that can be seen at once."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcluster.schemes.gossip.graphs import GraphName, build_graph, shape_of_torus
from simcluster.schemes.gossip.mixing import mixing_matrix
from simcluster.schemes.gossip.pairs import PairGraphName, Pairs

GRAPHS = get_args(GraphName)
PAIR_GRAPHS = get_args(PairGraphName)


@pytest.mark.parametrize("name", GRAPHS)
@settings(max_examples=30, deadline=None)
@given(workers=st.integers(1, 33), update=st.integers(1, 40), seed=st.integers(0, 5))
def test_weights_are_doubly_stochastic_and_neighbours_agree(name: str, workers: int, update: int, seed: int) -> None:
    graph = build_graph(name, workers, seed)
    matrix = mixing_matrix(graph, update)
    assert (matrix >= 0).all()
    assert matrix.sum(axis=0) == pytest.approx(np.ones(workers))
    assert matrix.sum(axis=1) == pytest.approx(np.ones(workers))
    for worker in range(workers):
        sources = graph.sources(worker, update)
        assert worker not in sources
        assert len(set(sources)) == len(sources) == len(graph.destinations(worker, update))
        assert all(worker in graph.destinations(source, update) for source in sources)


def test_neighbours() -> None:
    def of(name: str, workers: int, worker: int, update: int = 1) -> list[int]:
        return sorted(build_graph(name, workers, 0).destinations(worker, update))

    assert of("ring", 5, 0) == [1, 4]
    assert of("ring", 2, 0) == [1]
    assert of("ring", 1, 0) == []
    assert of("torus", 12, 0) == [1, 3, 4, 8]  # 3 rows of 4
    assert of("torus", 4, 0) == [1, 2]
    assert of("torus", 7, 3) == [2, 4]
    assert of("exponential", 8, 0) == [1, 2, 4]
    assert of("exponential", 6, 5) == [0, 1, 3]
    assert of("complete", 4, 2) == [0, 1, 3]
    assert of("star", 4, 0) == [1, 2, 3]
    assert of("star", 4, 3) == [0]
    assert [of("one-peer-exponential", 8, 7, update) for update in (1, 2, 3, 4)] == [[0], [1], [3], [0]]


def test_the_torus_is_as_square_as_it_can_be() -> None:
    assert [shape_of_torus(workers) for workers in (1, 2, 6, 7, 12, 16)] == [
        (1, 1), (1, 2), (2, 3), (1, 7), (3, 4), (4, 4),
    ]


@pytest.mark.parametrize("workers", [1, 2, 3, 8, 9])
def test_a_matching_is_drawn_anew_for_each_update_and_covers_everybody(workers: int) -> None:
    graph = build_graph("random-matching", workers, 3)
    drawn = []
    for update in range(1, 200):
        partners = [graph.sources(worker, update) for worker in range(workers)]
        alone = [worker for worker in range(workers) if not partners[worker]]
        assert len(alone) == workers % 2
        for worker in range(workers):
            assert all(graph.sources(partner, update) == (worker,) for partner in partners[worker])
        drawn.append(tuple(partners))
    for worker in range(workers):
        met = {partner for partners in drawn for partner in partners[worker]}
        assert met == set(range(workers)) - {worker}
    assert drawn[0] == tuple(graph.sources(worker, 1) for worker in range(workers))  # forgotten, and drawn again
    other = build_graph("random-matching", workers, 4)
    assert workers < 8 or drawn[0] != tuple(other.sources(worker, 1) for worker in range(workers))


@pytest.mark.parametrize("name", PAIR_GRAPHS)
@pytest.mark.parametrize("learners", [1, 2, 3, 5, 6, 7, 9, 12, 16, 31])
def test_every_pair_has_an_active_and_a_passive_learner_and_all_are_connected(name: str, learners: int) -> None:
    pairs = Pairs(name, learners)
    edges = [(active, passive) for active in pairs.active for passive in pairs.partners(active)]
    assert all(pairs.is_active(active) and not pairs.is_active(passive) for active, passive in edges)
    assert all(pairs.partners(active) for active in pairs.active)
    reached, waiting = {0}, [0]
    while waiting:
        here = waiting.pop()
        there = [b if a == here else a for a, b in edges if here in (a, b)]
        waiting += [one for one in there if one not in reached]
        reached.update(there)
    assert reached == set(range(learners))


def test_partners() -> None:
    assert sorted(Pairs("ring", 6).partners(3)) == [2, 4]
    assert sorted(Pairs("ring", 5).partners(3)) == [2, 4]
    assert list(Pairs("ring", 5).active) == [1, 3]  # 4 and 0 are both passive
    assert sorted(Pairs("exponential", 16).partners(1)) == [0, 2, 4, 6, 8, 10, 12, 14]  # 1, 3, 5 and 9 away
    assert sorted(Pairs("exponential", 32).partners(1)) == [0, 2, 4, 6, 10, 16, 18, 24, 28, 30]  # and 17 away
    assert sorted(Pairs("complete", 6).partners(5)) == [0, 2, 4]
    assert sorted(Pairs("torus", 16).partners(1)) == [0, 2, 5, 13]
    assert [Pairs("star", 4).partners(leaf) for leaf in (1, 2, 3)] == [[0], [0], [0]]
    assert not Pairs("ring", 1).active


def test_partners_are_drawn_equally_often() -> None:
    pairs = Pairs("complete", 10)
    draws = pairs.draws(3, 1, "worker-3")
    drawn = [next(draws) for _ in range(5000)]
    assert set(drawn) == {0, 2, 4, 6, 8}
    assert [drawn.count(one) for one in (0, 2, 4, 6, 8)] == pytest.approx([1000] * 5, abs=120)
    again = pairs.draws(3, 1, "worker-3")
    assert drawn[:300] == [next(again) for _ in range(300)]
