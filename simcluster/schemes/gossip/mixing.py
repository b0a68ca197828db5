"""Mixing matrices, and their spectral gap: how fast gossip spreads what one worker has learned.

One update replaces the parameters X of all workers (a row each) by W X. With J the matrix that averages over all
workers, what is left of the distance from the average after an update is at most the norm of W - J, its largest
singular value; the spectral gap is what is missing from it to 1. For a symmetric W that is 1 - max(abs(lambda_2),
abs(lambda_M)), the gap of Lian et al. 2017 (D-PSGD). Where W changes:

- from update to update by turns, the norm is that of the product of a period, to the power 1/period;
- at random, it is the gap of the expected W^T W (Boyd et al. 2006, Randomized Gossip Algorithms), which bounds the
  *squared* distance: 1 - lambda_2(E[W^T W]). For pairs that average, W^T W = W.

Left out: stars, random matchings and asynchronous gossip of more than :data:`MOST_WORKERS` workers, whose matrices are
too large to look at in every run.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from simcluster.schemes.gossip.graphs import Graph, GraphName, Grid, build_graph, weight
from simcluster.schemes.gossip.pairs import PairGraphName, Pairs

if TYPE_CHECKING:
    import numpy as np

#: Above, no eigenvalues of a matrix without symmetries are computed: that takes the third power of its size.
MOST_WORKERS = 1024
#: A norm that is 0, but for rounding.
_ROUNDING = 1e-12


@lru_cache(maxsize=64)
def spectral_gap(name: GraphName, workers: int) -> float | None:
    """Return the spectral gap of synchronous gossip, per update of all workers.

    Parameters
    ----------
    name : str
        The graph.
    workers : int

    Returns
    -------
    float or None
        Between 0 and 1; 1 for a single worker, None for a star or matchings of more than :data:`MOST_WORKERS`.
    """
    if workers == 1:
        return 1.0
    graph = build_graph(name, workers, seed=0)
    if isinstance(graph, Grid):
        return _gap_of_grid(graph)
    if workers > MOST_WORKERS:
        return None
    if graph.period is None:
        return _gap_of_square(expected_matching(workers))
    import numpy as np

    return _within(1 - float(np.linalg.svd(mixing_matrix(graph, 1) - 1 / workers, compute_uv=False)[0]))


@lru_cache(maxsize=64)
def spectral_gap_of_pairs(name: PairGraphName, learners: int) -> float | None:
    """Return the spectral gap of asynchronous gossip, per averaging of two; see :func:`spectral_gap`."""
    if learners == 1:
        return 1.0
    return None if learners > MOST_WORKERS else _gap_of_square(expected_averaging(Pairs(name, learners)))


def mixing_matrix(graph: Graph, update: int) -> np.ndarray:
    """Return the mixing matrix of an update, shape (workers, workers): row i has the weights of worker i's average."""
    import numpy as np

    matrix = np.zeros((graph.workers, graph.workers))
    for worker in range(graph.workers):
        for source in graph.sources(worker, update):
            matrix[worker, source] = weight(graph, worker, source, update)
        matrix[worker, worker] = 1 - matrix[worker].sum()
    return matrix


def expected_matching(workers: int) -> np.ndarray:
    """Return the expected W^T W of random matchings, shape (workers, workers); all pairs are equally likely."""
    import numpy as np

    alone = workers % 2 / workers
    half = (1 - alone) / 2 / (workers - 1)
    return np.full((workers, workers), half) + (alone + (1 - alone) / 2 - half) * np.eye(workers)


def expected_averaging(pairs: Pairs) -> np.ndarray:
    """Return the expected W^T W of one averaging, shape (learners, learners), if all active ones are equally fast."""
    import numpy as np

    matrix = np.eye(pairs.learners)
    for active in pairs.active:
        partners = pairs.partners(active)
        share = 1 / (2 * len(pairs.active) * len(partners))
        for passive in partners:
            matrix[active, active] -= share
            matrix[passive, passive] -= share
            matrix[active, passive] += share
            matrix[passive, active] += share
    return matrix


def _gap_of_grid(graph: Grid) -> float:
    """Return the gap of a graph that looks the same from everywhere: its matrices are circulant.

    The eigenvalues of a circulant matrix are the Fourier transform of a row, those of a product of several are the
    products, and the singular values of all are their magnitudes.
    """
    import numpy as np

    magnitudes = np.ones(graph.shape)
    for update in range(1, len(graph.turns) + 1):
        row = np.zeros(graph.workers)
        for source in graph.sources(0, update):
            row[source] = weight(graph, 0, source, update)
        row[0] = 1 - row.sum()
        magnitudes *= abs(np.fft.fft2(row.reshape(graph.shape)))
    norm = float(np.sort(magnitudes, axis=None)[-2])
    return _within(1 - (norm if norm > _ROUNDING else 0.0) ** (1 / len(graph.turns)))


def _gap_of_square(expected: np.ndarray) -> float:
    """Return 1 - lambda_2 of an expected W^T W."""
    import numpy as np

    return _within(1 - float(np.linalg.eigvalsh(expected)[-2]))


def _within(gap: float) -> float:
    """Return a gap without the rounding that leads out of [0, 1]."""
    return min(max(gap, 0.0), 1.0)
