"""A matrix in blocks of rows, for products that rebuild a few rows at a time and give them to BLAS."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from simcluster.codecs.representation import Array

#: Elements of a block: a megabyte of float32, which the second-level cache about holds.
_BLOCK = 1 << 18


def row_blocks(shape: tuple[int, ...], elements: int = _BLOCK) -> Iterator[slice]:
    """Yield slices of rows that cover a matrix, each of at most so many elements, but at least one row."""
    rows, columns = shape
    step = max(1, elements // max(1, columns))
    for begin in range(0, rows, step):
        yield slice(begin, min(begin + step, rows))


def blocked_product(rows_at: Callable[[slice], Array], shape: tuple[int, int], matrix: Array) -> Array:
    """Return a matrix times another, shape (columns, n), in the type of the latter.

    Parameters
    ----------
    rows_at : callable
        Returns some rows of the matrix, in the type of the other.
    shape : (int, int)
        Rows and columns of the matrix.
    matrix : ndarray, shape (columns, n)
        The other.
    """
    product = np.empty((shape[0], matrix.shape[1]), matrix.dtype)
    for rows in row_blocks(shape):
        np.matmul(rows_at(rows), matrix, out=product[rows])
    return product


def blocked_transposed_product(rows_at: Callable[[slice], Array], shape: tuple[int, int], matrix: Array) -> Array:
    """Return a transposed matrix times another, shape (rows, n); parameters as of ``blocked_product``."""
    product = np.zeros((shape[1], matrix.shape[1]), matrix.dtype)
    for rows in row_blocks(shape):
        product += rows_at(rows).T @ matrix[rows]
    return product
