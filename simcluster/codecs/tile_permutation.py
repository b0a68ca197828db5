"""Orders of rows and columns that gather zeros, so that more tiles of a matrix hold nothing else (seed 001).

The seed names the permutation and not how it is found. Here rows are sorted by the tiles that they touch, and columns
likewise, in turns, and the best order seen is kept: rows and columns of a common pattern come together, and such a
structure is found again after any shuffling. Zeros that lie independently at random have no structure to find; sorting
by their number then gains a little.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.sparse_matrix import Indices

Mask = NDArray[np.bool_]
_ROUNDS = 4


def gathered(mask: Mask, tile: tuple[int, int]) -> tuple[Indices, Indices]:
    """Return the orders of rows and of columns under which few tiles hold an element of the mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)
        The elements that are not zero.
    tile : (int, int)
        Rows and columns of a tile.
    """
    rows, columns = np.arange(mask.shape[0]), np.arange(mask.shape[1])
    best = (tiles_touched(mask, tile).sum(), rows, columns)
    rows = np.argsort(-mask.sum(axis=1), kind="stable")
    columns = np.argsort(-mask.sum(axis=0), kind="stable")
    for _ in range(_ROUNDS):
        found = (tiles_touched(mask[rows][:, columns], tile).sum(), rows, columns)
        best = min(best, found, key=lambda orders: orders[0])
        columns = columns[_by_pattern(tiles_touched(mask[rows][:, columns], (tile[0], 1)).T)]
        rows = rows[_by_pattern(tiles_touched(mask[rows][:, columns], (1, tile[1])))]
    return best[1], best[2]


def tiles_touched(mask: Mask, tile: tuple[int, int]) -> Mask:
    """Return for each tile whether it holds an element of the mask; the last of a row or column may be cut."""
    by_row = np.logical_or.reduceat(mask, np.arange(0, mask.shape[0], tile[0]), axis=0)
    return np.asarray(np.logical_or.reduceat(by_row, np.arange(0, mask.shape[1], tile[1]), axis=1))


def _by_pattern(patterns: Mask) -> Indices:
    """Return the order of rows by their patterns, read as binary numbers, the largest first."""
    packed = np.packbits(patterns, axis=1)
    return np.lexsort(packed.T[::-1])[::-1]
