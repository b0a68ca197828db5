"""Frequency coding: the low frequencies of a tensor's blocks, by the discrete cosine transform.

Chen et al. 2016 (FreshNets, KDD; arXiv 1506.04449) and Wang et al. 2016 (CNNpack, NIPS) turn the kernels of a
convolution into frequencies, since trained kernels are smooth, and spend little on high ones. Here a zone of low
frequencies is kept, the same for everybody, so that no position is on the wire. Left out is what they do to the
coefficients next: FreshNets shares them by a hash, CNNpack clusters them, quantises and codes them by Huffman; both
are other representations here, and neither could be updated without decoding afterwards.

A tensor of more than two axes is a convolution's: the axes behind the second are transformed. Of a matrix or vector
all axes are; there is no reason why a fully connected layer should be smooth, and the error says so. An axis is cut
into blocks, the last of which may be shorter; of every block of n elements, the first ``ceil(kept * n)`` coefficients
are kept.

The transform is orthonormal, so a product needs no dense matrix: with C the kept coefficients and L and R the
transforms of rows and columns, W = L.T C R and W x = L.T (C (R x)). That is fewer operations than with W.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.layout import written
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, State, expect_size
from simcluster.codecs.representation import (
    PRODUCTS,
    Array,
    Cost,
    Opened,
    Operation,
    Representation,
    dense_cost,
    divided,
    finite,
    matrix_shape,
)
from simcluster.codecs.sparse import share_of


class DctOptions(CodecOptions):
    """Keeps the low frequencies of every block."""

    codec: Literal["dct"] = "dct"
    kept: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.5, description="Share of the frequencies that is kept, along each axis that is transformed."
    )
    block: Annotated[int, Field(ge=2, le=256)] = Field(default=16, description="Elements of a block along an axis.")


@dataclass(frozen=True)
class Axis:
    """One axis of a tensor and its transform; ``block`` is 1 if there is none.

    Parameters
    ----------
    length : int
        Elements.
    block : int
        Elements of a block.
    share : float
        Share of a block's coefficients that is kept.
    """

    length: int
    block: int
    share: float

    @property
    def kept(self) -> int:
        """Coefficients that are kept, of all blocks."""
        whole, rest = divmod(self.length, self.block)
        return whole * share_of(self.block, self.share) + (share_of(rest, self.share) if rest else 0)

    def forward(self, values: Array, at: int) -> Array:
        """Return the coefficients of ``values`` along its axis ``at``."""
        return self._applied(values, at, inverse=False)

    def backward(self, coefficients: Array, at: int) -> Array:
        """Return the values of ``coefficients`` along its axis ``at``: the transposed transform."""
        return self._applied(coefficients, at, inverse=True)

    def _applied(self, values: Array, at: int, inverse: bool) -> Array:
        if self.block == 1:
            return values
        whole, rest = divmod(self.length, self.block)
        parts, begin = [], 0
        moved = values.reshape(math.prod(values.shape[:at]), values.shape[at], -1)
        for number, size in ((whole, self.block), (1, rest)):
            if not number * size:
                continue
            matrix = cosines(size, share_of(size, self.share)).astype(values.dtype)
            taken, given = matrix.shape if inverse else matrix.shape[::-1]
            part = moved[:, begin : begin + number * taken].reshape(len(moved), number, taken, -1)
            product = np.matmul(matrix.T if inverse else matrix, part)
            parts.append(product.reshape(len(moved), number * given, -1))
            begin += number * taken
        joined = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        return joined.reshape(*values.shape[:at], -1, *values.shape[at + 1 :])


@dataclass(frozen=True)
class OpenedDct(Opened):
    """The kept coefficients as a matrix, and the axes of rows and columns.

    Parameters
    ----------
    coefficients : ndarray, shape (kept rows, kept columns)
    rows, columns : tuple of Axis
        The axes of the tensor that the matrix's rows and columns are.
    """

    coefficients: Floats
    rows: tuple[Axis, ...]
    columns: tuple[Axis, ...]

    def dense(self) -> Array:
        """Return the matrix."""
        half = _all_backward(self.coefficients, self.rows)
        return np.ascontiguousarray(_all_backward(np.ascontiguousarray(half.T), self.columns).T)

    def _matmul(self, matrix: Array) -> Array:
        kept = self.coefficients.astype(matrix.dtype, copy=False) @ _all_forward(matrix, self.columns)
        return _all_backward(kept, self.rows)

    def _rmatmul(self, matrix: Array) -> Array:
        kept = self.coefficients.astype(matrix.dtype, copy=False).T @ _all_forward(matrix, self.rows)
        return _all_backward(kept, self.columns)


@dataclass(frozen=True)
class Dct(Representation):
    """Sends the kept coefficients alone, in C order: float32, four bytes for each.

    The coefficients are the orthogonal projection of the tensor, so what is lost is what the left out ones hold. A
    payload that is decoded and encoded again is the same but for rounding.
    """

    options: DctOptions = field(default_factory=DctOptions)

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: all that is linear."""
        return PRODUCTS | {"add", "axpy"}

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        return self._projected(values).astype("<f4").tobytes()

    def _open(self, payload: Payload) -> OpenedDct:
        rows, columns = self._axes(payload.shape)
        coefficients = self._coefficients(payload).reshape(_kept(rows), _kept(columns))
        return OpenedDct(matrix_shape(payload.shape), payload.dtype, coefficients, rows, columns)

    def _sum(self, payloads: Sequence[Payload]) -> bytes:
        total = self._coefficients(payloads[0]).copy()
        for payload in payloads[1:]:
            total += self._coefficients(payload)
        return total.astype("<f4").tobytes()

    def _axpy(self, payload: Payload, scale: float, update: Array) -> bytes:
        step = np.float32(scale) * self._projected(update).astype(np.float32).reshape(-1)
        return written(divided(self._coefficients(payload), payload) + step, np.float32)

    def _count(self, opened: Opened, payload: Payload, operation: Operation, columns: int) -> Cost:
        rows, across = self._axes(payload.shape)
        kept = _kept(rows) * _kept(across)
        if operation == "add":
            return dense_cost((kept,), 4, operation)
        if operation == "axpy":
            count = matrix_shape(payload.shape)[1]
            work = _transform_work(rows, count) + _transform_work(across, _kept(rows))
            return Cost(work + kept, work + kept, 4 * (payload.count + 2 * kept), 8 * work)
        work = kept * columns + _transform_work(rows, columns) + _transform_work(across, columns)
        return Cost(work, work, 4 * kept, 4 * (work + sum(matrix_shape(payload.shape)) * columns))

    def _axes(self, shape: tuple[int, ...]) -> tuple[tuple[Axis, ...], tuple[Axis, ...]]:
        """Return the axes of rows and columns."""
        blocks = [1 if len(shape) > 2 and at < 2 else self.options.block for at in range(len(shape))]
        axes = tuple(Axis(length, block, self.options.kept) for length, block in zip(shape, blocks, strict=True))
        return (axes[:1], axes[1:]) if len(shape) > 1 else ((), axes)

    def _coefficients(self, payload: Payload) -> Floats:
        rows, columns = self._axes(payload.shape)
        expect_size(payload, 4 * _kept(rows) * _kept(columns))
        return finite(self.name, np.frombuffer(payload.data, "<f4").astype(np.float32, copy=False))

    def _projected(self, values: Array) -> Array:
        """Return the kept coefficients of a tensor."""
        rows, columns = self._axes(values.shape)
        half = _all_forward(values.reshape(matrix_shape(values.shape)), rows)
        return np.ascontiguousarray(_all_forward(np.ascontiguousarray(half.T), columns).T)


def _all_forward(matrix: Array, axes: tuple[Axis, ...]) -> Array:
    """Return the coefficients of each column of a matrix whose rows are the axes, flattened."""
    values = matrix.reshape(*(axis.length for axis in axes), -1)
    for at, axis in enumerate(axes):
        values = axis.forward(values, at)
    return values.reshape(_kept(axes), -1)


def _all_backward(matrix: Array, axes: tuple[Axis, ...]) -> Array:
    values = matrix.reshape(*(axis.kept for axis in axes), -1)
    for at, axis in enumerate(axes):
        values = axis.backward(values, at)
    return values.reshape(math.prod(axis.length for axis in axes), -1)


def _kept(axes: tuple[Axis, ...]) -> int:
    return math.prod(axis.kept for axis in axes)


def _transform_work(axes: tuple[Axis, ...], columns: int) -> int:
    """Return the multiplications that transform ``columns`` columns: block by block, as a small matrix product."""
    work, after = 0, math.prod(axis.length for axis in axes)
    for axis in axes:
        after = after // axis.length * axis.kept
        work += (axis.block if axis.block > 1 else 0) * after * columns
    return work


@cache
def cosines(size: int, kept: int) -> NDArray[np.float64]:
    """Return the first ``kept`` rows of the orthonormal DCT-II of ``size`` elements, shape (kept, size)."""
    frequency, place = np.arange(kept)[:, None], np.arange(size)[None, :]
    rows: NDArray[np.float64] = np.cos(np.pi * (2 * place + 1) * frequency / (2 * size)) * np.sqrt(2 / size)
    rows[0] /= np.sqrt(2)
    rows.setflags(write=False)
    return rows


OPTIONS = DctOptions


def build(options: DctOptions) -> Codec:
    """Return frequency coding."""
    return Dct(options)
