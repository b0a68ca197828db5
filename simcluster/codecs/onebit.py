"""1-bit SGD: one bit an element, two values a column, and error feedback.

Seide et al. 2014; the exact arithmetic is that of CNTK's ColumnQuantizer.h and ValueQuantizer.h. A tensor is a matrix
whose rows are its first axis; a vector is one column. With a threshold of zero the bit is the sign, and the two values
of a column are the means of its negative and of its other elements (0 where there are none). With the column's mean as
threshold they lie a mean deviation below and above it.

The owner of an aggregate encodes it again with a state of its own: that is a second residual, not another codec.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.feedback import compensated, keep_loss, new_residual
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, State, expect_size


class OneBitOptions(CodecOptions):
    """Quantises each column of the tensor to two values."""

    codec: Literal["1-bit"] = "1-bit"
    threshold: Literal["zero", "mean"] = Field(default="mean", description="What divides the two values of a column.")


@dataclass(frozen=True)
class OneBit(Codec):
    """Sends for each column two float32, all lower ones first, and a bit a row, filled up to whole 32-bit words.

    In all ``columns * (8 + 4 * ceil(rows / 32))`` bytes: 32 times less than float32 but for the columns' 8 bytes. Byte
    ``r // 8`` of each column comes before byte ``r // 8 + 1`` of any; the lowest bit is the first row.
    """

    options: OneBitOptions = field(default_factory=OneBitOptions)

    def new_state(self, shape: tuple[int, ...]) -> State:
        """Return a state in which nothing was lost yet."""
        return new_residual(shape)

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        wanted = compensated(values, state)
        matrix = wanted.reshape(_matrix(wanted.shape))
        bits, low, high = _split(matrix) if self.options.threshold == "zero" else _split_at_mean(matrix)
        keep_loss(state, wanted, np.where(bits, high, low))
        rows, columns = matrix.shape
        packed = np.zeros((_words(rows) * 4, columns), np.uint8)
        packed[: -(-rows // 8)] = np.packbits(bits, axis=0, bitorder="little")
        return low.astype("<f4").tobytes() + high.astype("<f4").tobytes() + packed.tobytes()

    def _decode(self, payload: Payload) -> NDArray[Any]:
        rows, columns = _matrix(payload.shape)
        expect_size(payload, columns * (8 + 4 * _words(rows)))
        low, high = np.frombuffer(payload.data, "<f4", 2 * columns).reshape(2, columns)
        packed = np.frombuffer(payload.data, np.uint8, offset=8 * columns).reshape(-1, columns)
        return np.where(np.unpackbits(packed, axis=0, count=rows, bitorder="little").view(np.bool_), high, low)


def _matrix(shape: tuple[int, ...]) -> tuple[int, int]:
    rows = shape[0] if shape else 1
    columns = 1
    for length in shape[1:]:
        columns *= length
    return rows, columns


def _words(rows: int) -> int:
    return -(-rows // 32)


def _split(matrix: Floats) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Return the bits and each column's two values, divided at zero."""
    bits = matrix >= 0
    above = np.count_nonzero(bits, axis=0)
    positive = np.maximum(matrix, 0).sum(axis=0, dtype=np.float64)
    negative = matrix.sum(axis=0, dtype=np.float64) - positive
    below = matrix.shape[0] - above
    low, high = np.where(below, negative, 0) / np.maximum(below, 1), positive / np.maximum(above, 1)
    return bits, low.astype(np.float32), high.astype(np.float32)


def _split_at_mean(matrix: Floats) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Return the bits and each column's two values, a mean deviation off its mean."""
    mean = matrix.mean(axis=0, dtype=np.float64).astype(np.float32)
    bits = matrix >= mean
    deviation = np.abs(matrix - mean).mean(axis=0, dtype=np.float64).astype(np.float32)
    return bits, mean - deviation, mean + deviation


OPTIONS = OneBitOptions


def build(options: OneBitOptions) -> Codec:
    """Return the codec of 1-bit SGD."""
    return OneBit(options)
