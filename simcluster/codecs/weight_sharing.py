"""Shared weights: the best few values to stand for many, by k-means on a line (Deep Compression, arXiv 1510.00149).

The centroids begin evenly spaced between the least and the largest weight, which the paper found best (its section
3.2: linear initialisation keeps the large weights); here the gap around zero that pruning leaves is no room for any.
Lloyd's iteration on sorted numbers moves borders, not points: a cluster is a slice, and its mean comes from running
sums.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.representation import Array

Centroids = NDArray[np.float32]


def shared_weights(values: Array, number: int, iterations: int) -> tuple[Centroids, NDArray[np.int64]]:
    """Return centroids, ascending, each of which is some value's nearest, and for each value that one's place.

    Parameters
    ----------
    values : ndarray of float32, shape (n,)
        At least one number.
    number : int
        Most centroids.
    iterations : int
        Most of Lloyd's steps; none goes on after nothing changed.
    """
    ordered = np.sort(values).astype(np.float64)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    centroids = _evenly(ordered, number)
    for _ in range(iterations):
        borders = np.searchsorted(ordered, _midpoints(centroids), side="right")
        ends = np.concatenate([borders, [ordered.size]])
        begins = np.concatenate([[0], borders])
        members = ends - begins
        # A cluster without members stays where it is.
        means = np.where(members > 0, (sums[ends] - sums[begins]) / np.maximum(members, 1), centroids)
        means = np.maximum.accumulate(means)
        if (means == centroids).all():
            break
        centroids = means
    chosen = np.unique(centroids.astype(np.float32))
    nearest = np.searchsorted(_midpoints(chosen.astype(np.float64)), values, side="left")
    used, places = np.unique(nearest, return_inverse=True)
    return chosen[used], places.reshape(-1)


def _evenly(ordered: NDArray[np.float64], number: int) -> NDArray[np.float64]:
    """Return evenly spaced numbers between the least and the largest, but for the gap around zero."""
    split = int(np.searchsorted(ordered, 0.0))
    below = ordered[split - 1] if 0 < split < ordered.size else ordered[0]
    gap = ordered[split] - below if 0 < split < ordered.size else 0.0
    line = np.linspace(ordered[0], ordered[-1] - gap, number)
    return np.where(line > below, line + gap, line)


def _midpoints(centroids: NDArray[np.float64]) -> NDArray[np.float64]:
    return (centroids[1:] + centroids[:-1]) / 2
