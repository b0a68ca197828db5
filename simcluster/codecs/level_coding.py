"""Integers most of which are small, or zero, in Elias' codes.

Layouts: *all*: the code of each magnitude plus one, then one sign bit for each integer that is not zero. *gaps*: the
number of those as uint32, the codes of their distances, the codes of their magnitudes, their sign bits.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs import elias
from simcluster.codecs.errors import CodecError
from simcluster.codecs.packing import Levels, level_type

Code = Literal["gamma", "omega"]
_PACK: dict[Code, Callable[[NDArray[Any]], bytes]] = {"gamma": elias.pack_gamma, "omega": elias.pack_omega}
_UNPACK: dict[Code, Callable[[bytes, int], tuple[NDArray[np.int64], int]]] = {
    "gamma": elias.unpack_gamma,
    "omega": elias.unpack_omega,
}
_NUMBER = struct.Struct("<I")


def pack_all(levels: Levels, code: Code) -> bytes:
    """Write every integer."""
    magnitudes = np.abs(levels)
    magnitudes += magnitudes.dtype.type(1)
    return _PACK[code](magnitudes) + _signs(levels[levels != 0])


def unpack_all(data: bytes, count: int, limit: int, code: Code) -> Levels:
    """Return ``count`` integers of ``-limit`` to ``limit``.

    Raises
    ------
    CodecError
        If the data is too short or too long, or holds an integer beyond the limit.
    """
    magnitudes, begin = _UNPACK[code](data, count)
    magnitudes -= 1
    levels = _bounded(magnitudes, limit)
    nonzero = np.flatnonzero(levels)
    levels[nonzero] *= _unpack_signs(data[begin:], nonzero.size, levels.dtype)
    return levels


def pack_gaps(levels: Levels, code: Code) -> bytes:
    """Write the integers that are not zero."""
    positions = np.flatnonzero(levels)
    present = levels[positions]
    if not positions.size:
        return _NUMBER.pack(0)
    gaps = np.diff(positions, prepend=-1)
    return _NUMBER.pack(positions.size) + _PACK[code](gaps) + _PACK[code](np.abs(present)) + _signs(present)


def unpack_gaps(data: bytes, count: int, limit: int, code: Code) -> Levels:
    """Return ``count`` integers of ``-limit`` to ``limit``.

    Raises
    ------
    CodecError
        If the data is too short or too long, or holds an integer beyond the limit or the end.
    """
    if len(data) < _NUMBER.size:
        raise CodecError("the payload does not say how many elements it holds")
    (number,) = _NUMBER.unpack_from(data)
    if number > count:
        raise CodecError(f"the payload holds {number} elements of {count}")
    gaps, used = _UNPACK[code](data[_NUMBER.size :], number)
    begin = _NUMBER.size + used
    magnitudes, used = _UNPACK[code](data[begin:], number)
    if number and (gaps.max() > count or (positions := np.cumsum(gaps) - 1)[-1] >= count):
        raise CodecError(f"the payload holds an element beyond the {count} of the tensor")
    present = _bounded(magnitudes, limit) * _unpack_signs(data[begin + used :], number, level_type(limit))
    levels = np.zeros(count, level_type(limit))
    if number:
        levels[positions] = present
    return levels


def _bounded(magnitudes: NDArray[np.int64], limit: int) -> Levels:
    if magnitudes.size and magnitudes.max() > limit:
        raise CodecError(f"the payload holds an integer beyond +-{limit}")
    return magnitudes.astype(level_type(limit))


def _signs(levels: Levels) -> bytes:
    return np.packbits(levels < 0, bitorder="little").tobytes()


def _unpack_signs(data: bytes, number: int, kind: np.dtype[Any]) -> Levels:
    if len(data) != -(-number // 8):
        raise CodecError(f"{number} sign bits need {-(-number // 8)} bytes, not {len(data)}")
    negative = np.unpackbits(np.frombuffer(data, np.uint8), count=number, bitorder="little")
    signs: Levels = negative.astype(kind)
    signs *= kind.type(-2)
    signs += kind.type(1)
    return signs
