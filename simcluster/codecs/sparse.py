"""The few largest elements of a tensor: choosing them, and sending them as positions and values.

Layout: the positions as uint32, ascending, then the values as float32: 8 bytes an element.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.errors import CodecError
from simcluster.codecs.protocol import Floats, Payload

_ENTRY = 8
_MOST = 2**32


def share_of(count: int, density: float) -> int:
    """Return how many of ``count`` elements are kept: the share, rounded up, and at least one."""
    # The product of a decimal share may lie a rounding error above the whole number that is meant.
    return min(count, max(1, math.ceil(density * count * (1 - 1e-12))))


def largest(magnitudes: Floats, number: int) -> NDArray[np.int64]:
    """Return the ascending positions of the ``number`` largest elements; of equal ones, the first."""
    if number >= magnitudes.size:
        return np.arange(magnitudes.size)
    threshold = np.partition(magnitudes, magnitudes.size - number)[magnitudes.size - number]
    above = np.flatnonzero(magnitudes > threshold)
    equal = np.flatnonzero(magnitudes == threshold)[: number - above.size]
    return np.sort(np.concatenate([above, equal]))


def pack_entries(positions: NDArray[np.int64], values: Floats) -> bytes:
    """Write ascending positions and their values.

    Raises
    ------
    CodecError
        If a position needs more than 32 bits.
    """
    if positions.size and positions[-1] >= _MOST:
        raise CodecError("a sparse payload holds positions of 32 bits; split the tensor")
    return positions.astype("<u4").tobytes() + values.astype("<f4").tobytes()


def unpack_entries(payload: Payload, least: int, most: int) -> tuple[NDArray[np.int64], Floats]:
    """Return positions and values of a payload that holds ``least`` to ``most`` of them.

    Raises
    ------
    CodecError
        If it holds more or fewer, or the positions don't ascend within the tensor.
    """
    number, rest = divmod(payload.nbytes, _ENTRY)
    if rest or not least <= number <= most:
        raise CodecError(f"the payload of {payload.nbytes} bytes does not hold {least} to {most} entries of {_ENTRY}")
    positions = np.frombuffer(payload.data, "<u4", number).astype(np.int64)
    if number and (positions[-1] >= payload.count or (np.diff(positions) <= 0).any()):
        raise CodecError(f"the positions do not ascend within {payload.count} elements")
    return positions, np.frombuffer(payload.data, "<f4", number, 4 * number)


def scatter(count: int, positions: NDArray[np.int64], values: Floats) -> Floats:
    """Return ``count`` elements that are zero but for the given ones."""
    dense = np.zeros(count, np.float32)
    dense[positions] = values
    return dense
