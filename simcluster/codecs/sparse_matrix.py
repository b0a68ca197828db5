"""Products of a matrix of which only some elements are held: the opened form of several formats.

A product with few columns gathers an element of the operand for every element held, multiplies, and adds up runs of
them. There is no loop over elements, but one over the columns of the operand: numpy adds up contiguous runs fastest.
The transposed product has its own order of the elements, which is made at its first use and kept. Many columns are
multiplied in strips (``strips``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.representation import PRODUCTS, Array, Cost, Operation
from simcluster.codecs.strips import StripMatrix

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Runs:
    """Sums over runs of gathered elements.

    Parameters
    ----------
    sources : ndarray of intp, shape (n,)
        Which element of the operand each one gathers.
    begins : ndarray of intp, shape (runs,)
        Where each run begins; no run is empty.
    targets : ndarray of intp, shape (runs,)
        Which element of the result each run adds up to, ascending; the others are zero.
    """

    sources: Indices
    begins: Indices
    targets: Indices

    def product(self, matrix: Array, values: Array | None, length: int) -> Array:
        """Return the sums of each column's gathered elements times ``values``, as an array of shape (length, n).

        Without values, the sums of the gathered elements.
        """
        result = np.zeros((matrix.shape[1], length), matrix.dtype)
        if self.sources.size:
            for column, sums in zip(np.ascontiguousarray(matrix.T), result, strict=True):
                terms = column[self.sources]
                if values is not None:
                    terms *= values
                sums[self.targets] = np.add.reduceat(terms, self.begins)
        return result.T


@dataclass(frozen=True)
class SparseMatrix(StripMatrix):
    """A matrix that is zero but for some elements.

    Parameters
    ----------
    rows, columns : ndarray of intp, shape (n,)
        Where the elements are: in C order, none twice.
    values : ndarray, shape (n,)
        The elements.
    """

    rows: Indices
    columns: Indices
    values: Array

    def dense(self) -> Array:
        """Return the matrix."""
        matrix = np.zeros(self.shape, self.dtype)
        matrix[self.rows, self.columns] = self.values
        return matrix

    @cached_property
    def _by_row(self) -> Runs:
        return Runs(self.columns, *runs_of(self.rows))

    @cached_property
    def _by_column(self) -> tuple[Runs, Array]:
        order = np.argsort(self.columns, kind="stable")
        return Runs(self.rows[order], *runs_of(self.columns[order])), self.values[order]

    @cached_property
    def _places(self) -> Indices:
        return self.rows * self.shape[1] + self.columns

    def _strip(self, rows: slice) -> Array:
        begin, end = np.searchsorted(self.rows, [rows.start, rows.stop])
        strip = np.zeros((rows.stop - rows.start, self.shape[1]), self.dtype)
        strip.reshape(-1)[self._places[begin:end] - rows.start * self.shape[1]] = self.values[begin:end]
        return strip

    def _few(self, matrix: Array) -> Array:
        return self._by_row.product(matrix, self.values, self.shape[0])

    def _few_transposed(self, matrix: Array) -> Array:
        runs, values = self._by_column
        return runs.product(matrix, values, self.shape[1])


def runs_of(ascending: NDArray[np.integer]) -> tuple[Indices, Indices]:
    """Return where each run of equal integers begins, and the integer of each."""
    begins = np.flatnonzero(np.diff(ascending, prepend=-1))
    return begins, ascending[begins].astype(np.intp)


def sparse_cost(
    held: int, results: int, index_bytes: int, itemsize: int, operation: Operation, columns: int = 1
) -> Cost:
    """Return the counted work on a sparse matrix.

    Parameters
    ----------
    held : int
        Elements that are held.
    results : int
        Elements of a product for each column of the operand.
    index_bytes : int [B]
        Bytes of everything else that the format stores.
    itemsize : int [B]
        Bytes of an element.
    operation, columns
        As of ``Representation.cost``.
    """
    stored = held * itemsize + index_bytes
    if operation in PRODUCTS:
        return Cost(held * columns, held * columns, stored, (held + results) * columns * itemsize)
    if operation == "elementwise":
        return Cost(held, 0, 2 * held * itemsize)
    # A sum reads two and writes one; an update multiplies before, and leaves the indices.
    if operation == "add":
        return Cost(0, held, 3 * stored)
    return Cost(held, held, 3 * held * itemsize + index_bytes)
