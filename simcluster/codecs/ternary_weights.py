"""Ternary weights: minus one, zero or one, times a scale for each row or for all.

Rounded by a threshold, they are Li et al.'s (TWN, arXiv 1605.04711): what is below 0.7 times the mean magnitude is
zero, and the scale is the mean magnitude of the rest. Rounded at random, with the probability that keeps the mean, they
are Lin et al.'s (Ternary Connect, arXiv 1510.03009), whose scale is here the largest magnitude.

As with :mod:`simcluster.codecs.binary_weights`, a product adds and subtracts, one of two payloads counts bits, and
neither a mean nor an update is ternary, so that real weights have to be kept beside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from pydantic import Field

from simcluster.codecs import bit_rows
from simcluster.codecs.binary_weights import Per, read_scales, scaled
from simcluster.codecs.errors import CodecError
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, State, expect_size
from simcluster.codecs.representation import (
    PRODUCTS,
    Array,
    Cost,
    Opened,
    Operation,
    Representation,
    matrix_shape,
    same_length,
)
from simcluster.codecs.row_blocks import blocked_product, blocked_transposed_product

#: Share of the mean magnitude below which an element is zero (TWN, Eq. 6).
THRESHOLD = 0.7


class TernaryWeightsOptions(CodecOptions):
    """Keeps minus one, zero or one for every element."""

    codec: Literal["ternary"] = "ternary"
    rounding: Literal["threshold", "stochastic"] = Field(
        default="threshold", description="Small ones are zero, or each is at random so that the mean is kept."
    )
    per: Per = "row"


@dataclass(frozen=True)
class OpenedTernary(Opened):
    """Packed places of ones and of minus ones, and scales.

    Parameters
    ----------
    plus, minus : ndarray of uint8, shape (rows, ceil(columns / 8))
    scales : ndarray, shape (rows, 1) or (1, 1)
    """

    plus: bit_rows.Bits
    minus: bit_rows.Bits
    scales: Floats

    def dense(self) -> Array:
        """Return the matrix."""
        return self._trits(slice(None), np.dtype(np.float32)) * self.scales

    def _matmul(self, matrix: Array) -> Array:
        scales = self.scales.astype(matrix.dtype, copy=False)
        if matrix.shape[1] == 1:
            vector = matrix[:, 0]
            sums = bit_rows.selected_sums(self.plus, vector) - bit_rows.selected_sums(self.minus, vector)
            looked_up: Array = scales * sums[:, None]
            return looked_up
        product = blocked_product(lambda rows: self._trits(rows, matrix.dtype), self.shape, matrix)
        product *= scales
        return product

    def _rmatmul(self, matrix: Array) -> Array:
        scaled_rows = matrix * self.scales.astype(matrix.dtype, copy=False)
        return blocked_transposed_product(lambda rows: self._trits(rows, matrix.dtype), self.shape, scaled_rows)

    def _trits(self, rows: slice, dtype: np.dtype[np.floating]) -> Array:
        trits = bit_rows.unpack_rows(self.plus[rows], self.shape[1]).view(np.int8)
        trits -= bit_rows.unpack_rows(self.minus[rows], self.shape[1]).view(np.int8)
        return trits.astype(dtype)


@dataclass(frozen=True)
class TernaryWeights(Representation):
    """Sends the scales as float32, the packed places of ones, then of minus ones.

    In all ``4 * rows + 2 * rows * ceil(columns / 8)`` bytes (with one scale for all, 4 instead of ``4 * rows``). An
    element that becomes zero is off by its own size, below 0.7 times the mean magnitude; any other, x, by
    ``abs(abs(x) - scale)``; with stochastic rounding, none by more than the largest magnitude.
    """

    options: TernaryWeightsOptions = field(default_factory=TernaryWeightsOptions)

    @property
    def unbiased(self) -> bool:
        """Whether the expectation is kept: with stochastic rounding."""
        return self.options.rounding == "stochastic"

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: products."""
        return frozenset(PRODUCTS)

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        matrix = values.reshape(matrix_shape(values.shape))
        magnitudes = np.abs(matrix)
        axis = 1 if self.options.per == "row" else None
        if self.options.rounding == "threshold":
            least = THRESHOLD * magnitudes.mean(axis=axis, keepdims=True, dtype=np.float64)
            kept = magnitudes > least
            members = np.maximum(kept.sum(axis=axis), 1)
            scales = np.where(kept, magnitudes, 0).sum(axis=axis, dtype=np.float64) / members
        else:
            scales = magnitudes.max(axis=axis)
            kept = rng.random(matrix.shape, np.float32) * scales.reshape(-1, 1) < magnitudes
        planes = bit_rows.pack_rows(kept & (matrix > 0)) + bit_rows.pack_rows(kept & (matrix < 0))
        return np.asarray(scales, "<f4").tobytes() + planes

    def _open(self, payload: Payload) -> OpenedTernary:
        shape = rows, columns = matrix_shape(payload.shape)
        number, plane = rows if self.options.per == "row" else 1, rows * bit_rows.row_bytes(columns)
        expect_size(payload, 4 * number + 2 * plane)
        scales = read_scales(self.name, payload.data[: 4 * number])
        plus = bit_rows.read_rows(payload.data[4 * number : 4 * number + plane], shape)
        minus = bit_rows.read_rows(payload.data[4 * number + plane :], shape)
        if (plus & minus).any():
            raise CodecError(f"{self.name}: an element is one and minus one at once")
        return OpenedTernary(shape, payload.dtype, plus, minus, scales)

    def _count(self, opened: Opened, payload: Payload, operation: Operation, columns: int) -> Cost:
        rows, inner = opened.shape
        results = inner if operation == "rmatmul" else rows
        assert isinstance(opened, OpenedTernary)  # noqa: S101 - what _open returned
        nonzero = sum(int(bit_rows.unpack_rows(plane, inner).sum()) for plane in (opened.plus, opened.minus))
        return Cost(rows * columns, nonzero * columns, payload.nbytes, 4 * (nonzero + results) * columns)


def ternary_product(first: OpenedTernary, second: OpenedTernary) -> Array:
    """Return the product of a ternary matrix and the transpose of another, by counting bits.

    Parameters
    ----------
    first : OpenedTernary, shape (rows, n)
    second : OpenedTernary, shape (samples, n)

    Returns
    -------
    ndarray of float32, shape (rows, samples)
        ``decode(first) @ decode(second).T``; the sum of ones and minus ones is exact.

    Raises
    ------
    CodecError
        If the rows have different lengths.
    """
    same_length(first, second)
    common = bit_rows.ones_in_common
    alike = common(first.plus, second.plus) + common(first.minus, second.minus)
    unlike = common(first.plus, second.minus) + common(first.minus, second.plus)
    scales = (one.scales / np.float32(one.divisor) for one in (first, second))
    return scaled(alike - unlike, *scales)


OPTIONS = TernaryWeightsOptions


def build(options: TernaryWeightsOptions) -> Codec:
    """Return ternary weights."""
    return TernaryWeights(options)
