"""Fixed point with integer arithmetic: the integers of a payload are added, updated and multiplied as integers.

The numbers are those of :mod:`simcluster.codecs.fixed_point` (Gupta et al. 2015, arXiv 1502.02551), rounded to nearest,
of at most 16 bits. Integers times integers sum up exactly, here in floats of 64 bits, which hold every integer below
2**53 and which BLAS is fast at; where a device has integer units, it does the same in these. ``integer_product`` takes
two payloads, such as weights and inputs; the other products take the inputs as floats, and scale at the end.

An update is rounded to nearest, so that what is less than half a step has no effect: that is why Gupta et al. round at
random, and why the step must be small against updates. Sums saturate nowhere, and take more bits; an update of an
average, if only by nothing, brings it back to the width of one term, where it saturates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from simcluster.codecs.errors import CodecError
from simcluster.codecs.fixed_point import largest_integer, scaled_integers, sum_levels, to_integers
from simcluster.codecs.packing import Levels, level_width, pack_levels, unpack_levels
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, State
from simcluster.codecs.representation import (
    PRODUCTS,
    Array,
    Cost,
    Function,
    Opened,
    Operation,
    Representation,
    dense_cost,
    matrix_shape,
    same_length,
    terms_after,
)
from simcluster.codecs.row_blocks import blocked_product, blocked_transposed_product, row_blocks

#: Integers up to this are exact in float64.
_EXACT = 2**53
#: Elements that are updated at a time, in double precision in the second-level cache.
_BLOCK = 1 << 15


class IntegerOptions(CodecOptions):
    """Rounds to multiples of ``2**-fraction``, and computes on the integers."""

    codec: Literal["integer"] = "integer"
    width: Annotated[int, Field(ge=2, le=16)] = Field(default=8, description="Bits of an element, sign included.")
    fraction: Annotated[int, Field(ge=-64, le=64)] = Field(default=6, description="Bits behind the binary point.")


@dataclass(frozen=True)
class OpenedInteger(Opened):
    """Integers and the exponent of their step.

    Parameters
    ----------
    levels : ndarray of signed integers, shape (rows, columns)
    exponent : int
        The step is ``2**exponent``.
    """

    levels: Levels
    exponent: int

    def dense(self) -> Array:
        """Return the matrix."""
        return scaled_integers(self.levels, self.exponent)

    def _matmul(self, matrix: Array) -> Array:
        product = blocked_product(lambda rows: self.levels[rows].astype(matrix.dtype), self.shape, matrix)
        return np.ldexp(product, self.exponent)

    def _rmatmul(self, matrix: Array) -> Array:
        product = blocked_transposed_product(lambda rows: self.levels[rows].astype(matrix.dtype), self.shape, matrix)
        return np.ldexp(product, self.exponent)


@dataclass(frozen=True)
class Integer(Representation):
    """Sends ``width`` bits an element, as ``fixed-point`` does: the packed integers alone.

    Within +-(2**(width - 1) - 1) steps of 2**-fraction the error is at most half a step, after an update and after a
    function, too; beyond, the integer saturates. A sum is exact, and takes one bit more for every doubling of the
    terms.
    """

    options: IntegerOptions = field(default_factory=IntegerOptions)

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: everything."""
        return PRODUCTS | {"add", "axpy", "elementwise"}

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        levels = to_integers(values, -self.options.fraction, self.options.width, "nearest", rng)
        return pack_levels(levels, self._limit(1))

    def _open(self, payload: Payload) -> OpenedInteger:
        shape, limit = matrix_shape(payload.shape), self._limit(payload.terms)
        levels = unpack_levels(payload.data, payload.count, limit).astype(np.min_scalar_type(-limit), copy=False)
        return OpenedInteger(shape, payload.dtype, levels.reshape(shape), -self.options.fraction)

    def _sum(self, payloads: Sequence[Payload]) -> bytes:
        return sum_levels(payloads, [payload.data for payload in payloads], self._limit(1))

    def _axpy(self, payload: Payload, scale: float, update: Array) -> bytes:
        levels = unpack_levels(payload.data, payload.count, self._limit(payload.terms))
        factor, flat = np.ldexp(np.float64(scale), self.options.fraction), update.reshape(-1)
        limit = self._limit(terms_after(payload))
        moved = np.empty(flat.size, np.min_scalar_type(-2 * limit - 1))
        for block in row_blocks((flat.size, 1), _BLOCK):
            steps = flat[block] * factor
            steps += levels[block] if payload.divisor == 1 else levels[block] / payload.divisor
            moved[block] = np.rint(np.clip(steps, -limit, limit, out=steps), out=steps)
        return pack_levels(moved, limit)

    def _elementwise(self, payload: Payload, function: Function) -> bytes:
        levels = unpack_levels(payload.data, payload.count, self._limit(payload.terms))
        results = function(scaled_integers(levels, -self.options.fraction)).astype(np.float64)
        steps, limit = np.ldexp(results, self.options.fraction), self._limit(terms_after(payload))
        return pack_levels(np.rint(np.clip(steps, -limit, limit)).astype(np.min_scalar_type(-2 * limit - 1)), limit)

    def _limit(self, terms: int) -> int:
        return largest_integer(self.options.width) * terms

    def _count(self, opened: Opened, payload: Payload, operation: Operation, columns: int) -> Cost:
        dense = dense_cost(payload.shape, 4, operation, columns)
        if operation in PRODUCTS:
            return Cost(dense.multiplications, dense.additions, payload.nbytes, dense.vector_bytes)
        own = {"add": 2, "axpy": 1, "elementwise": 1}[operation] * payload.nbytes
        plain = 4 * payload.count if operation == "axpy" else 0
        after = -(-level_width(self._limit(payload.terms * (2 if operation == "add" else 1))) * payload.count // 8)
        return Cost(dense.multiplications, dense.additions, own + plain + after)


def integer_product(first: OpenedInteger, second: OpenedInteger) -> Array:
    """Return the product of a matrix of integers and the transpose of another, exact until the division by divisors.

    Parameters
    ----------
    first : OpenedInteger, shape (rows, n)
        Such as a layer's weights.
    second : OpenedInteger, shape (samples, n)
        Such as its inputs, one row a sample.

    Returns
    -------
    ndarray of float64, shape (rows, samples)
        ``decode(first) @ decode(second).T``

    Raises
    ------
    CodecError
        If the rows have different lengths, or the sums could be too large for exact arithmetic.
    """
    same_length(first, second)
    largest = [int(np.abs(one.levels.astype(np.int64)).max(initial=0)) for one in (first, second)]
    if largest[0] * largest[1] * first.shape[1] > _EXACT:
        raise CodecError("the sums of products of these integers could lie beyond 2**53")
    others = second.levels.astype(np.float64).T
    product = blocked_product(lambda rows: first.levels[rows].astype(np.float64), first.shape, others)
    return np.ldexp(product, first.exponent + second.exponent) / (first.divisor * second.divisor)


OPTIONS = IntegerOptions


def build(options: IntegerOptions) -> Codec:
    """Return fixed point with integer arithmetic."""
    return Integer(options)
