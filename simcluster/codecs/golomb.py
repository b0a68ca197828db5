"""Golomb's code of sorted positions: the distances between them, in the best code if each is hit with probability p.

Distances less 1 are divided by ``2**b``: the quotients in unary, then the remainders in ``b`` bits. With
``b = 1 + floor(log2(ln(phi - 1) / ln(1 - p)))`` a position takes ``b + 1 / (1 - (1 - p)**(2**b))`` bits on average
(Golomb 1966 in the form of Sattler et al., Sparse Binary Compression, 2018; verified by counting).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs import bits, packing
from simcluster.codecs.errors import CodecError


def remainder_bits(density: float) -> int:
    """Return the bits of a remainder for positions that are hit with a probability ``density`` of 0 to 1."""
    if density >= 1:
        return 0
    golden = (1 + math.sqrt(5)) / 2
    return max(0, 1 + math.floor(math.log2(math.log(golden - 1) / math.log1p(-density))))


def mean_bits(density: float) -> float:
    """Return the bits of a position on average, if positions are hit independently with this probability."""
    width = remainder_bits(density)
    return width + (1 / -math.expm1(2**width * math.log1p(-density)) if density < 1 else 1)


def least_size(number: int, width: int) -> int:
    """Return the bytes [B] that so many positions need at least."""
    return (number + 7) // 8 + packing.packed_size(number, width)


def pack_positions(positions: NDArray[np.int64], width: int) -> bytes:
    """Write ascending positions with remainders of ``width`` bits."""
    distances = np.diff(positions, prepend=-1) - 1
    remainders = (distances & ((1 << width) - 1)).astype(np.uint64)
    return bits.pack_unary(distances >> width) + packing.pack(remainders, width)


def unpack_positions(data: bytes, number: int, width: int, count: int) -> NDArray[np.int64]:
    """Return ``number`` ascending positions below ``count``.

    Raises
    ------
    CodecError
        If the data is too short or too long, or a position lies beyond the tensor.
    """
    quotients, begin = bits.unpack_unary(data, number)
    remainders = packing.unpack(data[begin:], number, width).astype(np.int64)
    positions = np.cumsum((quotients << width) + remainders + 1) - 1
    if number and positions[-1] >= count:
        raise CodecError(f"the payload holds position {int(positions[-1])} of a tensor of {count} elements")
    return positions
