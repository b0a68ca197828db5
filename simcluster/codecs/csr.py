"""Compressed sparse rows: column and value of every element that is not zero, row by row.

Layout: one byte 1; for each row the number of its elements (uint32); the columns of all elements, ascending in each
row (the smallest of uint8, uint16 and uint32 that holds the last column); their values in the tensor's type. With a
share p0 of zeros, b-bit columns and w-bit values that is ``(1 - p0) * (b + w) + 32 / columns`` bits an element, and 8
bits: what arXiv 1805.10692 compares its formats with, but with counts where it has row pointers, which are their
running sums. A matrix that this would make larger is stored plain (``plain_matrix``). Zero is +0 alone, so that nothing
is lost.

Sums hold the union of the elements, and grow towards the plain matrix unless the patterns agree. An update with a dense
matrix would fill the pattern; with ``fixed_pattern``, as pruned networks are trained, it changes only the elements that
are held, and is lost elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.errors import CodecError
from simcluster.codecs.layout import Reader, as_bits, index_type, written
from simcluster.codecs.plain_matrix import COMPRESSED, Plain, plain_bytes, read_if_plain
from simcluster.codecs.protocol import Codec, CodecOptions, Payload, State
from simcluster.codecs.representation import (
    PRODUCTS,
    Array,
    Cost,
    Function,
    Opened,
    Operation,
    Representation,
    dense_cost,
    divided,
    matrix_shape,
)
from simcluster.codecs.sparse_matrix import SparseMatrix, sparse_cost


class CsrOptions(CodecOptions):
    """Stores the elements that are not zero, row by row."""

    codec: Literal["csr"] = "csr"
    fixed_pattern: bool = Field(
        default=False, description="Whether updates change only the elements held, as in a pruned network."
    )


@dataclass(frozen=True)
class Csr(Representation):
    """Lossless; computes on the elements that are not zero."""

    options: CsrOptions = field(default_factory=CsrOptions)
    keeps_dtype = True

    @property
    def lossless(self) -> bool:
        """Whether decoding gives back every bit: yes."""
        return True

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: all but updates, and these too if the pattern is fixed."""
        claimed = PRODUCTS | {"add", "elementwise"}
        return claimed | {"axpy"} if self.options.fixed_pattern else claimed

    def _encode(self, values: NDArray[Any], state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        matrix = values.reshape(matrix_shape(values.shape))
        flat = np.flatnonzero(as_bits(matrix))
        return self._written(matrix.shape, flat, matrix.reshape(-1)[flat])

    def _written(self, shape: tuple[int, int], flat: NDArray[np.intp], values: Array) -> bytes:
        """Return the payload of the elements at ascending flat positions."""
        rows, columns = np.divmod(flat, shape[1])
        kind = index_type(shape[1] - 1)
        if 4 * shape[0] + flat.size * (kind.itemsize + values.itemsize) >= shape[0] * shape[1] * values.itemsize:
            matrix = np.zeros(shape[0] * shape[1], values.dtype)
            matrix[flat] = values
            return plain_bytes(matrix)
        counts = np.bincount(rows, minlength=shape[0])
        return COMPRESSED + written(counts, np.uint32) + written(columns, kind) + written(values)

    def _open(self, payload: Payload) -> Opened:
        reader = Reader(self.name, payload.data)
        shape = matrix_shape(payload.shape)
        plain = read_if_plain(self.name, reader, payload)
        if plain is not None:
            return plain
        counts = reader.take(shape[0], np.uint32).astype(np.int64)
        kind = index_type(shape[1] - 1)
        number = int(counts.sum())
        if number * (kind.itemsize + payload.dtype.itemsize) != reader.left:
            raise CodecError(f"{self.name}: the payload declares {number} elements, and does not hold as many")
        columns = reader.take(number, kind).astype(np.intp)
        values = reader.finite(number, payload.dtype)
        rows = np.repeat(np.arange(shape[0]), counts)
        self._check_places(rows, columns, shape)
        return SparseMatrix(shape, payload.dtype, rows, columns, values)

    def _check_places(self, rows: NDArray[np.intp], columns: NDArray[np.intp], shape: tuple[int, int]) -> None:
        if columns.size and (columns.max() >= shape[1] or (np.diff(rows * shape[1] + columns) <= 0).any()):
            raise CodecError(f"{self.name}: the columns do not ascend within a row of {shape[1]}")

    def _sum(self, payloads: Sequence[Payload]) -> bytes:
        terms = [self._open(payload) for payload in payloads]
        shape = terms[0].shape
        sparse = [term for term in terms if isinstance(term, SparseMatrix)]
        if len(sparse) < len(terms):
            total = terms[0].dense()
            for term in terms[1:]:
                total += term.dense()
            flat = np.flatnonzero(as_bits(total))
            return self._written(shape, flat, total.reshape(-1)[flat])
        patterns = [_places(payload, term) for payload, term in zip(payloads, sparse, strict=True)]
        if all(pattern == patterns[0] for pattern in patterns):  # as those of a fixed pattern are
            return _with_values(payloads[0], np.sum([term.values for term in sparse], axis=0, dtype=terms[0].dtype))
        places = np.concatenate([term.rows * shape[1] + term.columns for term in sparse])
        order = np.argsort(places, kind="stable")
        ordered = places[order]
        begins = np.flatnonzero(np.diff(ordered, prepend=-1))
        values = np.concatenate([term.values for term in sparse])[order]
        sums = np.add.reduceat(values, begins) if begins.size else values
        return self._written(shape, ordered[begins], sums)

    def _axpy(self, payload: Payload, scale: float, update: Array) -> bytes:
        opened = self._open(payload)
        matrix = update.reshape(opened.shape)
        if isinstance(opened, Plain):
            return plain_bytes(divided(opened.values, payload) + opened.dtype.type(scale) * matrix)
        assert isinstance(opened, SparseMatrix)  # noqa: S101 - _open returns no other
        moved = opened.dtype.type(scale) * matrix[opened.rows, opened.columns]
        return _with_values(payload, divided(opened.values, payload) + moved)

    def _elementwise(self, payload: Payload, function: Function) -> bytes:
        opened = self._open(payload)
        if isinstance(opened, Plain):
            return plain_bytes(function(opened.values))
        assert isinstance(opened, SparseMatrix)  # noqa: S101 - _open returns no other
        if function(np.zeros(1, opened.dtype))[0] != 0:
            raise CodecError(f"{self.name} stores no zeros: a function that moves zero needs the dense matrix")
        return _with_values(payload, function(opened.values))

    def _count(self, opened: Opened, payload: Payload, operation: Operation, columns: int) -> Cost:
        itemsize = payload.dtype.itemsize
        if not isinstance(opened, SparseMatrix):
            return dense_cost(payload.shape, itemsize, operation, columns)
        results = opened.shape[1 if operation == "rmatmul" else 0]
        indices = payload.nbytes - opened.values.size * itemsize
        return sparse_cost(opened.values.size, results, indices, itemsize, operation, columns)


def _places(payload: Payload, opened: SparseMatrix) -> bytes:
    """Return what a payload says of the places of its elements."""
    return payload.data[: payload.nbytes - opened.values.nbytes]


def _with_values(payload: Payload, values: Array) -> bytes:
    """Return a payload with other values at the same places: those that became zero are kept there."""
    return payload.data[: payload.nbytes - values.nbytes] + written(values)


OPTIONS = CsrOptions


def build(options: CsrOptions) -> Codec:
    """Return the CSR codec."""
    return Csr(options)
