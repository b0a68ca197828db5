"""Low rank: a matrix as the product of two thin ones, kept and computed on as such.

Denton et al. 2014 (arXiv 1404.0736) and seed 003's survey approximate layers of a trained network by truncated singular
value decompositions; :mod:`simcluster.codecs.powersgd` does something like it to gradients on the wire. The factors are
found by randomised subspace iteration (Halko, Martinsson, Tropp 2011, arXiv 0909.4061), which needs a few products with
the matrix instead of its decomposition; where the sketch is as wide as the matrix, the truncation is exact.

W x = U (V x) takes r * (rows + columns) multiplications instead of rows * columns. Sums are exact, but wider: their
factors stand side by side, r columns for each term; ``recompress`` brings a sum back to rank r without forming it. An
update by a full gradient can't be done on the factors: it is decoded. Tensors that two factors would not make smaller,
vectors above all, are kept whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from simcluster.codecs.plain_matrix import Plain
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, State, expect_size, overflow_refused
from simcluster.codecs.representation import (
    PRODUCTS,
    Array,
    Cost,
    Opened,
    Operation,
    Representation,
    finite,
    matrix_shape,
)

#: Columns of the sketch beyond the rank, and how often it is multiplied with the matrix and its transpose.
_OVERSAMPLING, _ITERATIONS = 8, 2


class LowRankOptions(CodecOptions):
    """Keeps two factors."""

    codec: Literal["low-rank"] = "low-rank"
    rank: Annotated[int, Field(ge=1, le=65536)] = Field(default=8, description="Columns of each factor.")


@dataclass(frozen=True)
class OpenedLowRank(Opened):
    """The factors.

    Parameters
    ----------
    left : ndarray, shape (rows, rank)
    right : ndarray, shape (rank, columns)
    """

    left: Floats
    right: Floats

    def dense(self) -> Array:
        """Return the matrix."""
        product: Array = self.left @ self.right
        return product

    def _matmul(self, matrix: Array) -> Array:
        product: Array = self.left.astype(matrix.dtype, copy=False) @ (
            self.right.astype(matrix.dtype, copy=False) @ matrix
        )
        return product

    def _rmatmul(self, matrix: Array) -> Array:
        product: Array = self.right.astype(matrix.dtype, copy=False).T @ (
            self.left.astype(matrix.dtype, copy=False).T @ matrix
        )
        return product


@dataclass(frozen=True)
class LowRank(Representation):
    """Sends the left factor and the right one, float32, in C order: ``4 * rank * (rows + columns)`` bytes a term.

    A sum's left factors come first, term by term, then its right ones. A tensor that is kept whole has four bytes an
    element, whatever it is the sum of. The error is that of the best approximation of this rank, or little more.
    """

    options: LowRankOptions = field(default_factory=LowRankOptions)

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: products, and sums whose payloads grow with the terms."""
        return PRODUCTS | {"add"}

    def recompress(self, payload: Payload, rng: np.random.Generator) -> Payload:
        """Return a payload of the rank of one term that is the best approximation of a sum or average, or little more.

        Takes of the order of terms**2 * rank**2 * (rows + columns) operations, and never forms the matrix.

        Parameters
        ----------
        payload : Payload
            A sum or an average.
        rng : numpy.random.Generator
            Not drawn from unless the tensor is factored.

        Raises
        ------
        CodecError
            If the payload is corrupt.
        """
        opened = self._open(payload) if payload.count else None
        divisor = np.float32(payload.divisor)
        if not isinstance(opened, OpenedLowRank):
            whole = b"" if opened is None else (opened.dense() / divisor).astype("<f4").tobytes()
            return replace(payload, data=whole, terms=1, divisor=1)
        with overflow_refused(self.name):
            basis, small = np.linalg.qr(opened.left)
            left, right = _factors(small @ (opened.right / divisor), self.options.rank, rng)
        return replace(payload, data=_joined([basis @ left], [right]), terms=1, divisor=1)

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        matrix = values.reshape(matrix_shape(values.shape))
        if not self._factored(matrix.shape):
            return values.astype("<f4").tobytes()
        left, right = _factors(matrix, self.options.rank, rng)
        return _joined([left], [right])

    def _open(self, payload: Payload) -> Opened:
        shape = rows, columns = matrix_shape(payload.shape)
        if not self._factored(shape):
            expect_size(payload, 4 * payload.count)
            return Plain(shape, payload.dtype, self._floats(payload).reshape(shape))
        rank = self.options.rank * payload.terms
        expect_size(payload, 4 * rank * (rows + columns))
        floats = self._floats(payload)
        terms = floats[: rank * rows].reshape(payload.terms, rows, self.options.rank)
        left = terms.transpose(1, 0, 2).reshape(rows, rank)
        return OpenedLowRank(shape, payload.dtype, left, floats[rank * rows :].reshape(rank, columns))

    def _sum(self, payloads: Sequence[Payload]) -> bytes:
        opened = [self._open(payload) for payload in payloads]
        whole = [one.values for one in opened if isinstance(one, Plain)]
        if whole:
            total = whole[0].copy()
            for values in whole[1:]:
                total += values
            return total.astype("<f4").tobytes()
        rows = matrix_shape(payloads[0].shape)[0]
        lefts = [payload.data[: 4 * self.options.rank * payload.terms * rows] for payload in payloads]
        rights = [payload.data[len(left) :] for payload, left in zip(payloads, lefts, strict=True)]
        return b"".join([*lefts, *rights])

    def _count(self, opened: Opened, payload: Payload, operation: Operation, columns: int) -> Cost:
        factored = isinstance(opened, OpenedLowRank)
        if operation == "add":
            moved = 4 * payload.nbytes  # both are read and written once
            return Cost(0, 0, moved) if factored else Cost(0, payload.count, 3 * payload.nbytes)
        rows, inner = opened.shape
        results = inner if operation == "rmatmul" else rows
        middle = self.options.rank * payload.terms * columns if factored else 0
        work = payload.nbytes // 4 * columns
        return Cost(work, work, payload.nbytes, 4 * (work + middle + results * columns))

    def _factored(self, shape: tuple[int, ...]) -> bool:
        rows, columns = shape
        return self.options.rank * (rows + columns) < rows * columns

    def _floats(self, payload: Payload) -> Floats:
        return finite(self.name, np.frombuffer(payload.data, "<f4").astype(np.float32, copy=False))


def _factors(matrix: Floats, rank: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return factors whose product is nearly the best approximation of a rank, shapes (rows, rank), (rank, columns)."""
    width = min(rank + _OVERSAMPLING, *matrix.shape)
    basis, _ = np.linalg.qr(matrix @ rng.standard_normal((matrix.shape[1], width), np.float32))
    for _ in range(_ITERATIONS):
        other, _ = np.linalg.qr(matrix.T @ basis)
        basis, _ = np.linalg.qr(matrix @ other)
    left, weights, right = np.linalg.svd(basis.T @ matrix, full_matrices=False)
    roots = np.sqrt(weights[:rank])
    return (basis @ left[:, :rank]) * roots, roots[:, None] * right[:rank]


def _joined(lefts: Sequence[Floats], rights: Sequence[Floats]) -> bytes:
    return b"".join(factor.astype("<f4").tobytes() for factor in (*lefts, *rights))


OPTIONS = LowRankOptions


def build(options: LowRankOptions) -> Codec:
    """Return the low-rank representation."""
    return LowRank(options)
