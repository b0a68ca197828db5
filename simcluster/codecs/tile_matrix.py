"""Products of a matrix of which some tiles are held: one dense product for each row of tiles.

The tiles of one row of tiles lie side by side, and multiply the part of the operand that meets them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simcluster.codecs.representation import PRODUCTS, Array, Cost, Opened, Operation
from simcluster.codecs.sparse_matrix import Indices


@dataclass(frozen=True)
class Tiling:
    """How a matrix is cut into tiles.

    Parameters
    ----------
    shape, tile : (int, int)
        Rows and columns of the matrix, and of a tile.
    """

    shape: tuple[int, int]
    tile: tuple[int, int]

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of tiles, those cut by an edge included."""
        return -(-self.shape[0] // self.tile[0]), -(-self.shape[1] // self.tile[1])

    @property
    def count(self) -> int:
        """Number of tiles."""
        return self.grid[0] * self.grid[1]

    @property
    def size(self) -> int:
        """Elements of a tile."""
        return self.tile[0] * self.tile[1]

    def split(self, matrix: Array) -> Array:
        """Return all tiles of a matrix, row by row, shape (count, *tile); what lies beyond the edges is zero."""
        (down, across), (high, wide) = self.grid, self.tile
        filled = np.zeros((down * high, across * wide), matrix.dtype)
        filled[: self.shape[0], : self.shape[1]] = matrix
        return filled.reshape(down, high, across, wide).swapaxes(1, 2).reshape(-1, high, wide)


@dataclass(frozen=True)
class TileMatrix(Opened):
    """A matrix of which some tiles are held.

    Parameters
    ----------
    tiling : Tiling
        How it is cut, after its rows and columns were permuted.
    rows, columns : ndarray of intp
        Which row, and which column, of the matrix is at each place.
    kept : ndarray of intp, shape (k,)
        Numbers of the tiles that are held, ascending.
    tiles : ndarray, shape (k, *tile)
        These tiles.
    """

    tiling: Tiling
    rows: Indices
    columns: Indices
    kept: Indices
    tiles: Array

    def dense(self) -> Array:
        """Return the matrix."""
        (down, across), (high, wide) = self.tiling.grid, self.tiling.tile
        tiles = np.zeros((self.tiling.count, high, wide), self.dtype)
        tiles[self.kept] = self.tiles
        permuted = tiles.reshape(down, across, high, wide).swapaxes(1, 2).reshape(down * high, across * wide)
        matrix = np.empty(self.shape, self.dtype)
        matrix[np.ix_(self.rows, self.columns)] = permuted[: self.shape[0], : self.shape[1]]
        return matrix

    @cached_property
    def _strips(self) -> list[tuple[slice, Indices, Array]]:
        """Of each row of tiles that holds any: its rows, its columns, and the elements there."""
        return list(self._cut())

    def _cut(self) -> Iterator[tuple[slice, Indices, Array]]:
        (down, across), (high, wide) = self.tiling.grid, self.tiling.tile
        ends = np.searchsorted(self.kept, np.arange(1, down + 1) * across)
        for row, (begin, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
            if begin < end:
                places = (self.kept[begin:end] % across)[:, None] * wide + np.arange(wide)
                elements = self.tiles[begin:end].swapaxes(0, 1).reshape(high, -1)
                yield slice(row * high, (row + 1) * high), places.reshape(-1), elements

    def _padded(self, matrix: Array, order: Indices, length: int) -> Array:
        """Return an operand in the order of the tiles, with zeros beyond the edge."""
        padded = np.zeros((length, matrix.shape[1]), matrix.dtype)
        padded[: order.size] = matrix[order]
        return padded

    def _matmul(self, matrix: Array) -> Array:
        (down, across), (high, wide) = self.tiling.grid, self.tiling.tile
        operand = self._padded(matrix, self.columns, across * wide)
        permuted = np.zeros((down * high, matrix.shape[1]), matrix.dtype)
        for rows, columns, elements in self._strips:
            permuted[rows] = elements.astype(matrix.dtype, copy=False) @ operand[columns]
        result = np.empty((self.shape[0], matrix.shape[1]), matrix.dtype)
        result[self.rows] = permuted[: self.shape[0]]
        return result

    def _rmatmul(self, matrix: Array) -> Array:
        (down, across), (high, wide) = self.tiling.grid, self.tiling.tile
        operand = self._padded(matrix, self.rows, down * high)
        permuted = np.zeros((across * wide, matrix.shape[1]), matrix.dtype)
        for rows, columns, elements in self._strips:
            permuted[columns] += elements.astype(matrix.dtype, copy=False).T @ operand[rows]
        result = np.empty((self.shape[1], matrix.shape[1]), matrix.dtype)
        result[self.columns] = permuted[: self.shape[1]]
        return result


def tile_cost(opened: TileMatrix, stored: int, operation: Operation, columns: int) -> Cost:
    """Return the counted work on the tiles that are held, each as a dense matrix, zeros in it included.

    Parameters
    ----------
    opened : TileMatrix
        The matrix.
    stored : int [B]
        Bytes of the payload.
    operation, columns
        As of ``Representation.cost``.
    """
    held, itemsize = opened.tiles.size, opened.dtype.itemsize
    if operation in PRODUCTS:
        results = opened.shape[1 if operation == "rmatmul" else 0]
        return Cost(held * columns, held * columns, stored, (held + results) * columns * itemsize)
    places = stored - 4 * held
    if operation == "elementwise":
        return Cost(held, 0, 2 * 4 * held)
    operands = 3 * 4 * held
    return Cost(held if operation == "axpy" else 0, held, operands + (3 if operation == "add" else 1) * places)
