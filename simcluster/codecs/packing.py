"""Small integers, packed to the bit.

Layout of ``count`` codes of ``width`` bits: for every full byte of the width one plane with that byte of each code, low
bytes first; then the remaining ``width % 8`` bits of each code, eight codes to ``width % 8`` bytes, first code in the
lowest bits. In all ``packed_size(count, width)`` bytes: the codes' bits, and at most 7 bits of padding.

Eight codes are squeezed together in one 64-bit word in three steps, each of which joins neighbours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.errors import CodecError

Codes = NDArray[np.unsignedinteger[Any]]
Levels = NDArray[np.signedinteger[Any]]

#: Of each step: bits of a lane, and the lower half of every lane of a word.
_STEPS = ((16, 0x00FF00FF00FF00FF), (32, 0x0000FFFF0000FFFF), (64, 0x00000000FFFFFFFF))


def packed_size(count: int, width: int) -> int:
    """Return the bytes [B] that ``count`` codes of ``width`` bits need."""
    return width // 8 * count + (width % 8 * count + 7) // 8


def pack(codes: Codes, width: int) -> bytes:
    """Pack codes below ``2**width``, in the layout of this module."""
    planes = []
    for plane in range(width // 8):
        planes.append((codes >> (8 * plane)).astype(np.uint8).tobytes())
    if width % 8:
        planes.append(_squeeze((codes >> (width // 8 * 8)).astype(np.uint8), width % 8))
    return b"".join(planes)


def unpack(data: bytes, count: int, width: int) -> Codes:
    """Return the codes of ``data``, in the smallest type that holds them.

    Raises
    ------
    CodecError
        If the data hasn't the length that the codes need.
    """
    if len(data) != packed_size(count, width):
        raise CodecError(f"{count} codes of {width} bits need {packed_size(count, width)} bytes, not {len(data)}")
    kind = np.min_scalar_type(2**width - 1)
    raw = np.frombuffer(data, np.uint8)
    codes: Codes = np.zeros(count, kind)
    full = width // 8
    if width % 8:
        codes = _spread(raw[full * count :], count, width % 8).astype(kind, copy=False)
        codes <<= kind.type(8 * full) if full else kind.type(0)
    for plane in range(full):
        codes |= raw[plane * count : (plane + 1) * count].astype(kind) << kind.type(8 * plane)
    return codes


def pack_levels(levels: Levels, limit: int) -> bytes:
    """Pack integers of ``-limit`` to ``limit``, shifted to ``0`` to ``2 * limit``, in as many bits as these need."""
    width = level_width(limit)
    return pack((levels + levels.dtype.type(limit)).astype(np.min_scalar_type(2**width - 1), copy=False), width)


def unpack_levels(data: bytes, count: int, limit: int) -> Levels:
    """Return what ``pack_levels`` packed.

    Raises
    ------
    CodecError
        If the data has another length, or holds an integer beyond the limit.
    """
    codes = unpack(data, count, level_width(limit))
    if count and int(codes.max()) > 2 * limit:
        raise CodecError(f"the payload holds an integer beyond +-{limit}")
    kind = level_type(limit)
    levels: Levels = codes.astype(kind)
    levels -= kind.type(limit)
    return levels


def level_width(limit: int) -> int:
    """Return the bits of an integer of ``-limit`` to ``limit``."""
    return (2 * limit).bit_length()


def level_type(limit: int) -> np.dtype[Any]:
    """Return the smallest signed type that holds ``2 * limit``, shifted integers included."""
    return np.min_scalar_type(-2 * limit - 1)


def _squeeze(codes: NDArray[np.uint8], width: int) -> bytes:
    """Pack codes of 1 to 7 bits."""
    if width == 1:
        return np.packbits(codes, bitorder="little").tobytes()
    padded = np.zeros(-(-codes.size // 8) * 8, np.uint8)
    padded[: codes.size] = codes
    words = padded.view("<u8")
    for lane, low in _STEPS:
        upper = words & np.uint64(~low & 0xFFFFFFFFFFFFFFFF)
        upper >>= np.uint64(lane // 2 - width * lane // 16)
        words &= np.uint64(low)
        words |= upper
    packed = words.view(np.uint8).reshape(-1, 8)[:, :width]
    return packed.tobytes()[: packed_size(codes.size, width)]


def _spread(raw: NDArray[np.uint8], count: int, width: int) -> NDArray[np.uint8]:
    """Undo ``_squeeze``."""
    if width == 1:
        return np.unpackbits(raw, count=count, bitorder="little")
    groups = -(-count // 8)
    padded = np.zeros((groups, 8), np.uint8)
    whole = raw.size // width
    padded[:whole, :width] = raw[: whole * width].reshape(whole, width)
    if whole < groups:
        padded[whole, : raw.size - whole * width] = raw[whole * width :]
    words = padded.reshape(-1).view("<u8")
    for lane, _ in reversed(_STEPS):
        bits = width * lane // 16
        lower = _repeated((1 << bits) - 1, lane)
        upper = words & np.uint64(lower << bits & 0xFFFFFFFFFFFFFFFF)
        upper <<= np.uint64(lane // 2 - bits)
        words &= np.uint64(lower)
        words |= upper
    return words.view(np.uint8)[:count]


def _repeated(mask: int, lane: int) -> int:
    """Return a mask repeated in every lane of a word."""
    return sum(mask << shift for shift in range(0, 64, lane))
