"""A matrix stored as it is: what a format falls back to where its layout would be larger.

Layout: one byte 0, then the elements in C order, little-endian. Every other layout that has this fallback begins with
another byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simcluster.codecs.layout import Reader, written
from simcluster.codecs.representation import Array, Opened

#: First byte of a payload that holds the plain matrix, and of one in the format's own layout.
PLAIN, COMPRESSED = b"\0", b"\1"


@dataclass(frozen=True)
class Plain(Opened):
    """A dense matrix; its products are those of BLAS.

    Parameters
    ----------
    values : ndarray, shape (rows, columns)
        The elements.
    """

    values: Array

    def dense(self) -> Array:
        """Return a copy."""
        return self.values.copy()

    def _matmul(self, matrix: Array) -> Array:
        return _product(self.values.astype(matrix.dtype, copy=False), matrix)

    def _rmatmul(self, matrix: Array) -> Array:
        return _product(self.values.astype(matrix.dtype, copy=False).T, matrix)


def _product(values: Array, matrix: Array) -> Array:
    """Return a product; of one column as that of a vector, for which BLAS has a quicker routine."""
    return (values @ matrix[:, 0])[:, None] if matrix.shape[1] == 1 else np.asarray(values @ matrix)


def plain_bytes(values: Array) -> bytes:
    """Return the payload that holds a plain matrix."""
    return PLAIN + written(values)


def read_plain(reader: Reader, shape: tuple[int, int], dtype: np.dtype[Any]) -> Plain:
    """Return the matrix of a payload whose first byte was read.

    Raises
    ------
    CodecError
        If the payload has another length, or holds a value that is not finite.
    """
    values = reader.finite(shape[0] * shape[1], dtype)
    reader.end()
    return Plain(shape, dtype, values.reshape(shape))
