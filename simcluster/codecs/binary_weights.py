"""Binary weights: the signs of a matrix, and a scale for each row or for all.

Courbariaux et al. 2015 (BinaryConnect, arXiv 1511.00363) and 2016 (BNN, arXiv 1602.02830); the scale of a row, its mean
magnitude, is the one of Rastegari et al. 2016 (XNOR-Net, arXiv 1603.05279) for a filter, best in the sense of least
squares. Drawing the sign with the probability that keeps the mean is BinaryConnect's other rounding; its scale is the
row's largest magnitude, as the hard sigmoid needs.

A product adds and subtracts, and multiplies once a row. If the other side is binary, too, it is the count of equal
signs: ``binary_product`` takes two payloads, such as a layer's weights and its binarised inputs (one row a sample), and
no arithmetic but xor and population count.

The mean of binary matrices isn't one, nor is an updated one: BinaryConnect keeps real weights beside the signs and
updates those. So neither is claimed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs import bit_rows
from simcluster.codecs.errors import CodecError
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, State, expect_size
from simcluster.codecs.representation import (
    PRODUCTS,
    Array,
    Cost,
    Opened,
    Operation,
    Representation,
    finite,
    matrix_shape,
    same_length,
)
from simcluster.codecs.row_blocks import blocked_product, blocked_transposed_product

Per = Annotated[Literal["row", "tensor"], Field(description="What has a scale of its own.")]


class BinaryWeightsOptions(CodecOptions):
    """Keeps the sign of every element."""

    codec: Literal["binary"] = "binary"
    rounding: Literal["sign", "stochastic"] = Field(
        default="sign", description="The sign itself, or one at random that keeps the mean."
    )
    per: Per = "row"


@dataclass(frozen=True)
class OpenedBinary(Opened):
    """Packed signs and scales.

    Parameters
    ----------
    bits : ndarray of uint8, shape (rows, ceil(columns / 8))
        A set bit is a plus.
    scales : ndarray, shape (rows, 1) or (1, 1)
    """

    bits: bit_rows.Bits
    scales: Floats

    def dense(self) -> Array:
        """Return the matrix."""
        return self._signs(slice(None), np.dtype(np.float32)) * self.scales

    def _matmul(self, matrix: Array) -> Array:
        scales = self.scales.astype(matrix.dtype, copy=False)
        if matrix.shape[1] == 1:
            plus = bit_rows.selected_sums(self.bits, matrix[:, 0])
            looked_up: Array = scales * (2 * plus - matrix.sum())[:, None]
            return looked_up
        product = blocked_product(lambda rows: self._signs(rows, matrix.dtype), self.shape, matrix)
        product *= scales
        return product

    def _rmatmul(self, matrix: Array) -> Array:
        scaled = matrix * self.scales.astype(matrix.dtype, copy=False)
        return blocked_transposed_product(lambda rows: self._signs(rows, matrix.dtype), self.shape, scaled)

    def _signs(self, rows: slice, dtype: np.dtype[np.floating]) -> Array:
        signs = bit_rows.unpack_rows(self.bits[rows], self.shape[1]).astype(dtype)
        signs *= 2
        signs -= 1
        return signs


@dataclass(frozen=True)
class BinaryWeights(Representation):
    """Sends the scales as float32, then the packed rows: ``4 * rows + rows * ceil(columns / 8)`` bytes (one scale: 4).

    An element of zero has a plus. An element x of a row with scale a is off by ``abs(abs(x) - a)``; with stochastic
    rounding by at most twice the row's largest magnitude.
    """

    options: BinaryWeightsOptions = field(default_factory=BinaryWeightsOptions)

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
        if self.options.rounding == "sign":
            plus, scales = matrix >= 0, magnitudes.mean(axis=axis, dtype=np.float64)
        else:
            scales = magnitudes.max(axis=axis)
            width = np.maximum(scales.reshape(-1, 1), np.finfo(np.float32).tiny)
            plus = rng.random(matrix.shape, np.float32) < (matrix / width + 1) / 2
        return np.asarray(scales, "<f4").tobytes() + bit_rows.pack_rows(plus)

    def _open(self, payload: Payload) -> OpenedBinary:
        shape = rows, columns = matrix_shape(payload.shape)
        number = rows if self.options.per == "row" else 1
        expect_size(payload, 4 * number + rows * bit_rows.row_bytes(columns))
        scales = read_scales(self.name, payload.data[: 4 * number])
        return OpenedBinary(shape, payload.dtype, bit_rows.read_rows(payload.data[4 * number :], shape), scales)

    def _count(self, opened: Opened, payload: Payload, operation: Operation, columns: int) -> Cost:
        rows, inner = opened.shape
        results = inner if operation == "rmatmul" else rows
        vector_bytes = 4 * (payload.count + results) * columns
        return Cost(rows * columns, payload.count * columns, payload.nbytes, vector_bytes)


def binary_product(first: OpenedBinary, second: OpenedBinary) -> Array:
    """Return the product of a binary matrix and the transpose of another, by counting equal signs.

    Parameters
    ----------
    first : OpenedBinary, shape (rows, n)
        Such as a layer's weights.
    second : OpenedBinary, shape (samples, n)
        Such as its inputs, one row a sample, from the same codec.

    Returns
    -------
    ndarray of float32, shape (rows, samples)
        ``decode(first) @ decode(second).T``; the sum of signs is exact.

    Raises
    ------
    CodecError
        If the rows have different lengths.
    """
    same_length(first, second)
    signs = first.shape[1] - 2 * bit_rows.differences(first.bits, second.bits)
    return scaled(signs, first.scales / np.float32(first.divisor), second.scales / np.float32(second.divisor))


def scaled(integers: NDArray[np.int64], row_scales: Floats, column_scales: Floats) -> Array:
    """Return integers times a scale of their row and one of their column."""
    product: Array = integers.astype(np.float32) * row_scales * column_scales.T
    return product


def read_scales(name: str, data: bytes) -> Floats:
    """Return scales as a column.

    Raises
    ------
    CodecError
        If one is negative or not finite.
    """
    scales: Floats = finite(name, np.frombuffer(data, "<f4").astype(np.float32, copy=False)).reshape(-1, 1)
    if (scales < 0).any():
        raise CodecError(f"{name}: a scale is negative")
    return scales


OPTIONS = BinaryWeightsOptions


def build(options: BinaryWeightsOptions) -> Codec:
    """Return binary weights."""
    return BinaryWeights(options)
