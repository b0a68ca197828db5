"""A matrix stored as it is: what a format falls back to where its layout would be larger.

Layout: one byte 0, then the elements in C order, little-endian. Every other layout that has this fallback begins with
another byte.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simcluster.codecs.errors import CodecError
from simcluster.codecs.layout import Reader, written
from simcluster.codecs.protocol import Payload
from simcluster.codecs.representation import Array, Opened, matrix_shape

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


def read_if_plain(name: str, reader: Reader, payload: Payload) -> Plain | None:
    """Return the matrix of a payload that holds it plain; else None, and the reader is behind the first byte.

    Parameters
    ----------
    name : str
        The codec, for messages.
    reader : Reader
        At the beginning of the payload.
    payload : Payload
        What is read.

    Raises
    ------
    CodecError
        If the first byte is neither, or a plain payload has another length, or holds a value that is not finite.
    """
    first = reader.raw(1)
    if first == COMPRESSED:
        return None
    if first != PLAIN:
        raise CodecError(f"{name}: the payload begins with {first[0]}, not 0 or 1")
    shape = matrix_shape(payload.shape)
    values = reader.finite(payload.count, payload.dtype)
    reader.end()
    return Plain(shape, payload.dtype, values.reshape(shape))
