"""The hashing trick: every weight of a matrix is one of few shared values, which a hash function picks for it.

Chen et al. 2015 (HashedNets, arXiv 1504.04788): V_ij = xi(i, j) * w_h(i, j), where h picks one of K buckets and xi a
sign. Both are computed from the element's index and a seed, so nothing but the K values is on the wire. Here a tensor
is *projected*: a bucket's value is the mean of its elements, each with its sign, which is the best in the sense of
least squares. The paper trains the shared values from the start instead; its gradient of a bucket is the sum over its
elements, that of a projection the mean, which is another step size.

Decoding is linear, so payloads add up, and an update is projected and added: exact, but for what no shared value can
follow. Products gather: they save memory on the wire, and no arithmetic. Each opened payload keeps its hashes, four
bytes an element: as much as the dense matrix, but known to everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.errors import CodecError
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, State, expect_size
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
    finite,
    matrix_shape,
)
from simcluster.codecs.row_blocks import blocked_product, blocked_transposed_product, row_blocks
from simcluster.codecs.sparse import share_of

#: Elements that are hashed at a time: their 64-bit words stay in the second-level cache.
_CHUNK = 1 << 15
_MOST_BUCKETS = 2**31


class HashingOptions(CodecOptions):
    """Shares few values among all elements, by a hash of the index."""

    codec: Literal["hashing"] = "hashing"
    budget: Annotated[float, Field(gt=0, le=1)] = Field(default=0.125, description="Shared values / elements.")
    signed: bool = Field(default=True, description="Whether a second hash gives each element a sign.")
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(default=0, description="Seed of the hash function.")


@dataclass(frozen=True)
class OpenedHashing(Opened):
    """Shared values, and which of them each element is.

    Parameters
    ----------
    values : ndarray, shape (2 * buckets,)
        Every shared value, followed by its negative.
    codes : ndarray of uint32, shape (rows, columns)
        Index into ``values``.
    """

    values: Floats
    codes: NDArray[np.uint32]

    def dense(self) -> Array:
        """Return the matrix."""
        matrix = np.empty(self.shape, self.values.dtype)
        for rows in row_blocks(self.shape):
            matrix[rows] = self._rows(rows, self.values.dtype)
        return matrix

    def _matmul(self, matrix: Array) -> Array:
        return blocked_product(lambda rows: self._rows(rows, matrix.dtype), self.shape, matrix)

    def _rmatmul(self, matrix: Array) -> Array:
        return blocked_transposed_product(lambda rows: self._rows(rows, matrix.dtype), self.shape, matrix)

    def _rows(self, rows: slice, dtype: np.dtype[np.floating]) -> Array:
        # All codes are in range; saying how to treat others saves numpy from looking at them first.
        places = self.codes[rows].astype(np.intp)
        return self.values.take(places, mode="clip").astype(dtype, copy=False)


@dataclass(frozen=True)
class Hashing(Representation):
    """Sends the shared values alone: float32, ``4 * ceil(budget * elements)`` bytes.

    A shared value is the mean of its elements, so none errs by more than twice the largest magnitude; of independent
    elements of mean 0, each bucket that isn't empty keeps one direction of ``elements``, so that a little more than
    the share ``1 - budget`` of the power is lost. A payload that is decoded and encoded again is the same but for
    rounding.
    """

    options: HashingOptions = field(default_factory=HashingOptions)

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: all that is linear, and without signs what is done element by element."""
        return PRODUCTS | {"add", "axpy"} | (frozenset() if self.options.signed else {"elementwise"})

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        return self._projected(values).astype("<f4").tobytes()

    def _open(self, payload: Payload) -> OpenedHashing:
        shared = self._shared(payload)
        shape = matrix_shape(payload.shape)
        both = np.stack([shared, -shared], axis=1).reshape(-1)
        return OpenedHashing(shape, payload.dtype, both, self._codes(payload.count).reshape(shape))

    def _sum(self, payloads: Sequence[Payload]) -> bytes:
        total = self._shared(payloads[0]).copy()
        for payload in payloads[1:]:
            total += self._shared(payload)
        return total.astype("<f4").tobytes()

    def _axpy(self, payload: Payload, scale: float, update: Array) -> bytes:
        moved = divided(self._shared(payload), payload) + scale * self._projected(update)
        return moved.astype(np.float32).astype("<f4").tobytes()

    def _elementwise(self, payload: Payload, function: Function) -> bytes:
        return np.asarray(function(self._shared(payload)), np.float32).astype("<f4").tobytes()

    def _count(self, opened: Opened, payload: Payload, operation: Operation, columns: int) -> Cost:
        dense, buckets = dense_cost(payload.shape, 4, operation, columns), self._buckets(payload.count)
        if operation in PRODUCTS:
            return Cost(dense.multiplications, dense.additions, 8 * payload.count, dense.vector_bytes)
        if operation == "axpy":  # the update is read with its codes, and every bucket read and written
            return Cost(2 * buckets, payload.count + buckets, 8 * payload.count + 8 * buckets)
        return dense_cost((buckets,), 4, operation)

    def _buckets(self, count: int) -> int:
        buckets = share_of(count, self.options.budget)
        if buckets >= _MOST_BUCKETS:
            raise CodecError(f"{self.name}: {buckets:,} shared values are too many for codes of 32 bits")
        return buckets

    def _shared(self, payload: Payload) -> Floats:
        expect_size(payload, 4 * self._buckets(payload.count))
        return finite(self.name, np.frombuffer(payload.data, "<f4").astype(np.float32, copy=False))

    def _projected(self, values: Array) -> NDArray[np.float64]:
        """Return the mean of every bucket's elements, each with its sign; 0 for an empty bucket."""
        flat = values.reshape(-1)
        buckets, codes = self._buckets(flat.size), self._codes(flat.size)
        sums = np.bincount(codes, flat, minlength=2 * buckets)
        sizes = np.bincount(codes, minlength=2 * buckets)
        members = np.maximum(sizes[::2] + sizes[1::2], 1)
        means: NDArray[np.float64] = (sums[::2] - sums[1::2]) / members
        return means

    def _codes(self, count: int) -> NDArray[np.uint32]:
        """Return twice the bucket of every element, plus one if its sign is negative."""
        codes = np.empty(count, np.uint32)
        buckets = np.uint64(self._buckets(count))
        for begin in range(0, count, _CHUNK):
            words = hashed(begin, min(begin + _CHUNK, count), self.options.seed)
            codes[begin : begin + _CHUNK] = (words >> np.uint64(32)) * buckets >> np.uint64(32)
            codes[begin : begin + _CHUNK] <<= 1
            if self.options.signed:
                codes[begin : begin + _CHUNK] |= (words & np.uint64(1)).astype(np.uint32)
        return codes


def hashed(begin: int, end: int, seed: int) -> NDArray[np.uint64]:
    """Return 64 well mixed bits for each index from ``begin`` to ``end``.

    SplitMix64 (Steele, Lea, Flood 2014): the same on every machine.
    """
    words = np.arange(begin + 1, end + 1, dtype=np.uint64)
    words *= np.uint64(0x9E3779B97F4A7C15)
    words += np.uint64(seed * 0xD1342543DE82EF95 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        words ^= words >> np.uint64(shift)
        words *= np.uint64(factor)
    words ^= words >> np.uint64(31)
    return words


OPTIONS = HashingOptions


def build(options: HashingOptions) -> Codec:
    """Return the hashing trick."""
    return Hashing(options)
