"""Products with many columns: some rows at a time are decoded into the cache, and BLAS multiplies them.

With one column, a format multiplies only what it holds. With many, a decoded row serves all of them, and BLAS does a
multiplication in a twentieth of the time that numpy takes to gather and add one element. So the work of a format for
one column is done once, whatever their number, in ``MANY`` columns and more. The whole matrix is never there: a strip
holds a quarter of a million elements. Counted operations stay those of the format's own algorithm.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from simcluster.codecs.representation import Array, Opened
from simcluster.codecs.row_blocks import blocked_product, blocked_transposed_product

#: Columns from which on strips are the faster way (measured for densities of 0.05 to 0.4).
MANY = 6


@dataclass(frozen=True)
class StripMatrix(Opened):
    """Base of matrices that can be decoded some rows at a time."""

    @abstractmethod
    def _strip(self, rows: slice) -> Array:
        """Return some rows, shape (rows, columns), before any division."""

    @abstractmethod
    def _few(self, matrix: Array) -> Array:
        """Return the matrix times an array of few columns."""

    @abstractmethod
    def _few_transposed(self, matrix: Array) -> Array:
        """Return the transposed matrix times an array of few columns."""

    def _matmul(self, matrix: Array) -> Array:
        if matrix.shape[1] < MANY:
            return self._few(matrix)
        return blocked_product(lambda rows: self._strip(rows).astype(matrix.dtype, copy=False), self.shape, matrix)

    def _rmatmul(self, matrix: Array) -> Array:
        if matrix.shape[1] < MANY:
            return self._few_transposed(matrix)
        return blocked_transposed_product(
            lambda rows: self._strip(rows).astype(matrix.dtype, copy=False), self.shape, matrix
        )
