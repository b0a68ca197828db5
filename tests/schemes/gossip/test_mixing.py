"""Spectral gaps against closed forms, and against what averaging does to random parameters."""

from __future__ import annotations

from math import cos, log2, pi

import numpy as np
import pytest

from simcluster.schemes.gossip.graphs import build_graph
from simcluster.schemes.gossip.mixing import (
    MOST_WORKERS,
    expected_averaging,
    expected_matching,
    mixing_matrix,
    spectral_gap,
    spectral_gap_of_pairs,
)
from simcluster.schemes.gossip.pairs import Pairs
from tests.building import run


@pytest.mark.parametrize("workers", [4, 5, 8, 16, 33, 100])
def test_ring(workers: int) -> None:
    assert spectral_gap("ring", workers) == pytest.approx(1 - (1 + 2 * cos(2 * pi / workers)) / 3)


@pytest.mark.parametrize("name", ["ring", "complete", "exponential", "star", "torus"])
def test_two_or_no_neighbours_average_exactly(name: str) -> None:
    assert spectral_gap(name, 1) == 1
    assert spectral_gap(name, 2) == pytest.approx(1)


@pytest.mark.parametrize("workers", [3, 7, 16])
def test_complete_and_star(workers: int) -> None:
    assert spectral_gap("complete", workers) == pytest.approx(1)
    assert spectral_gap("star", workers) == pytest.approx(1 / workers)  # I - L/M, and L has the eigenvalue 1


@pytest.mark.parametrize(("rows", "columns"), [(3, 3), (4, 4), (4, 5), (6, 8)])
def test_a_torus_is_a_product_of_rings(rows: int, columns: int) -> None:
    values = sorted(
        abs(1 + 2 * cos(2 * pi * row / rows) + 2 * cos(2 * pi * column / columns)) / 5
        for row in range(rows)
        for column in range(columns)
    )
    assert spectral_gap("torus", rows * columns) == pytest.approx(1 - values[-2])


@pytest.mark.parametrize("workers", [4, 6, 8, 10, 16, 64, 100])
def test_exponential_graph_of_even_size(workers: int) -> None:
    # Ying et al. 2021, proposition 1: 2 / (1 + ceil(log2 M)).
    assert spectral_gap("exponential", workers) == pytest.approx(2 / (1 + np.ceil(log2(workers))))


@pytest.mark.parametrize("workers", [2, 4, 8, 64])
def test_one_peer_exponential_graph_averages_exactly_after_one_period(workers: int) -> None:
    # Ying et al. 2021, lemma 1: the product of log2(M) matrices is the average over all, if M is a power of two.
    graph = build_graph("one-peer-exponential", workers, 0)
    product = np.eye(workers)
    for update in range(1, int(log2(workers)) + 1):
        product = mixing_matrix(graph, update) @ product
    assert product == pytest.approx(np.full((workers, workers), 1 / workers))
    assert spectral_gap("one-peer-exponential", workers) == 1
    assert 0 < spectral_gap("one-peer-exponential", workers + 1) < 1


@pytest.mark.parametrize("name", ["ring", "torus", "exponential", "one-peer-exponential", "complete"])
@pytest.mark.parametrize("workers", [2, 3, 5, 6, 9, 12, 20])
def test_the_norm_of_a_period(name: str, workers: int) -> None:
    graph = build_graph(name, workers, 0)
    assert graph.period
    product = np.eye(workers)
    for update in range(1, graph.period + 1):
        product = mixing_matrix(graph, update) @ product
    norm = np.linalg.norm(product - 1 / workers, 2)
    assert (1 - spectral_gap(name, workers)) ** graph.period == pytest.approx(norm, abs=1e-12)


@pytest.mark.parametrize("workers", [2, 4, 10, 64])
def test_random_matching_of_even_size(workers: int) -> None:
    # E[W] = (1 - M/(2(M-1))) I + M/(2(M-1)) J
    assert spectral_gap("random-matching", workers) == pytest.approx(workers / (2 * (workers - 1)))


def test_random_matching_of_odd_size() -> None:
    assert spectral_gap("random-matching", 3) == pytest.approx(1 / 2)
    assert spectral_gap("random-matching", 9) == pytest.approx(1 / 2)


@pytest.mark.parametrize("workers", [4, 5])
def test_the_expected_matching_is_the_mean_of_matchings(workers: int) -> None:
    graph = build_graph("random-matching", workers, 1)
    drawn = [mixing_matrix(graph, update) for update in range(1, 4001)]
    assert all(matrix.T @ matrix == pytest.approx(matrix) for matrix in drawn[:20])
    assert np.mean(drawn, axis=0) == pytest.approx(expected_matching(workers), abs=0.03)


@pytest.mark.parametrize("learners", [2, 4, 8, 20])
def test_one_averaging_on_a_ring(learners: int) -> None:
    # E[W] = I - L/(2 E), with E = M edges (one if M = 2), and lambda_2(L) = 2 - 2 cos(2 pi/M).
    gap = 1.0 if learners == 2 else (1 - cos(2 * pi / learners)) / learners
    assert spectral_gap_of_pairs("ring", learners) == pytest.approx(gap)


def test_one_averaging_on_a_complete_bipartite_graph() -> None:
    # lambda_2 of the Laplacian of K_{n,n} is n; M = 2n, n^2 edges: 1/(2n).
    assert spectral_gap_of_pairs("complete", 10) == pytest.approx(1 / 10)


def test_the_expected_averaging_is_the_mean_of_averagings() -> None:
    pairs = Pairs("ring", 5)
    rng = np.random.default_rng(1)
    total = np.zeros((5, 5))
    for _ in range(4000):
        active = rng.choice(pairs.active)
        difference = np.zeros(5)
        difference[active], difference[rng.choice(pairs.partners(int(active)))] = 1, -1
        total += np.eye(5) - np.outer(difference, difference) / 2
    assert total / 4000 == pytest.approx(expected_averaging(pairs), abs=0.03)


@pytest.mark.parametrize("name", ["ring", "torus", "exponential", "one-peer-exponential", "star"])
def test_the_gap_bounds_the_distance_from_consensus(name: str) -> None:
    # facts/oracles.md: under pure averaging the norm after t steps is at most abs(lambda_2)^t of the first.
    graph = build_graph(name, 12, 0)
    values = np.random.default_rng(2).normal(size=12)
    values -= values.mean()
    steps = 3 * (graph.period or 1)
    norm = np.linalg.norm(values)
    for update in range(1, steps + 1):
        values = mixing_matrix(graph, update) @ values
    assert np.linalg.norm(values) <= (1 - spectral_gap(name, 12)) ** steps * norm * (1 + 1e-9)
    assert values.sum() == pytest.approx(0, abs=1e-12)


def test_more_workers_than_matrices_are_made_for() -> None:
    assert spectral_gap("star", MOST_WORKERS + 1) is None
    assert spectral_gap("random-matching", MOST_WORKERS + 1) is None
    assert spectral_gap("ring", 5000) == pytest.approx(1 - (1 + 2 * cos(2 * pi / 5000)) / 3)
    assert spectral_gap_of_pairs("ring", MOST_WORKERS + 1) is None


def test_results_report_it() -> None:
    training = {"scheme": "d-psgd", "graph": "ring"}
    assert run({"cluster": {"workers": 8}, "training": training}).metrics["spectral_gap"] == spectral_gap("ring", 8)
    training = {"scheme": "ad-psgd", "graph": "ring"}
    found = run({"cluster": {"workers": 8}, "training": training}).metrics["spectral_gap"]
    assert found == spectral_gap_of_pairs("ring", 8)
    assert run().metrics["spectral_gap"] is None
