"""Elias' universal codes of positive integers: gamma and omega.

Gamma writes the exponent of a number in unary and the rest in binary. Omega writes the number, before it its exponent,
before that the exponent's exponent, and so on down to 1; one bit before each group says that there is a further one.
The bits of both are regrouped into streams (see :mod:`simcluster.codecs.bits`): omega has, for each depth, one flag for
every number that is not done, and then the groups of those that go on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs import bits
from simcluster.codecs.errors import CodecError

Integers = NDArray[np.integer[Any]]

#: A number has fewer bits than this, or the payload is corrupt.
_MOST_BITS = 48
#: Numbers below are looked up.
_TABLE = 1 << 16


def gamma_bits(values: Integers) -> NDArray[np.int64]:
    """Return the length of each number's gamma code, in bits."""
    return 2 * bits.floor_log2(values).astype(np.int64) + 1


def omega_bits(values: Integers) -> NDArray[np.int64]:
    """Return the length of each number's omega code, in bits."""
    lengths = np.ones(values.shape, np.int64)
    rest = values.astype(np.int64)
    while (rest > 1).any():
        exponents = bits.floor_log2(rest)
        lengths += np.where(rest > 1, exponents + 1, 0)
        rest = np.where(rest > 1, exponents, 1)
    return lengths


def pack_gamma(values: Integers) -> bytes:
    """Write numbers of 1 to 2**47."""
    exponents = bits.floor_log2(values)
    return bits.pack_unary(exponents) + bits.pack_variable(_below_highest(values, exponents), exponents)


def unpack_gamma(data: bytes, number: int) -> tuple[NDArray[np.int64], int]:
    """Return the first ``number`` numbers, and the bytes [B] that they take.

    Raises
    ------
    CodecError
        If the data ends before, or holds a number of 48 bits or more.
    """
    exponents, begin = bits.unpack_unary(data, number)
    if number and exponents.max() >= _MOST_BITS:
        raise CodecError(f"the payload holds a number of {int(exponents.max())} bits")
    values = bits.unpack_variable(data[begin:], exponents)
    values |= np.int64(1) << exponents
    return values, begin + bits.variable_size(exponents)


def pack_omega(values: Integers) -> bytes:
    """Write numbers of 1 to 2**47."""
    # Small numbers are looked up in a table of all of them; large ones are a table of their own.
    small = values.size and values.max() < _TABLE
    table, index = (np.arange(values.max() + 1), values) if small else (values, np.arange(values.size))
    chain = [np.maximum(table, 1)]  # Every number, its exponent, its exponent's exponent ... down to 1.
    while chain[-1].size and chain[-1].max() > 1:
        chain.append(np.maximum(bits.floor_log2(chain[-1]), 1))
    depths = sum(((link > 1).astype(np.int8) for link in chain), np.zeros(table.size, np.int8))
    streams = []
    for depth in range(1, len(chain)):
        going_on = (depths >= depth)[index]
        streams.append(np.packbits(going_on, bitorder="little").tobytes())
        index = index[going_on]
        # First comes the last link of a number's chain that is above one, then the one before it, at last the number.
        group = np.choose(depths - depth, chain, mode="clip")
        widths = bits.floor_log2(group)
        streams.append(bits.pack_variable(_below_highest(group, widths)[index], widths[index]))
    # Whatever is still going on ends here.
    streams.append(np.packbits(np.zeros(index.size, np.bool_)).tobytes())
    return b"".join(streams)


def _below_highest(values: Integers, exponents: NDArray[np.uint8]) -> Integers:
    """Return numbers without their highest bit."""
    return values ^ (values.dtype.type(1) << exponents.astype(values.dtype))


def unpack_omega(data: bytes, number: int) -> tuple[NDArray[np.int64], int]:
    """Return the first ``number`` numbers, and the bytes [B] that they take.

    Raises
    ------
    CodecError
        If the data ends before, or holds a number of 48 bits or more.
    """
    if number > 8 * len(data):
        raise CodecError(f"the payload ends before {number} codes are read")
    values = np.ones(number, np.int64)
    active = np.arange(number)
    begin = 0
    while True:  # at most five times, since a number grows beyond 48 bits
        end = begin + -(-active.size // 8)
        if end > len(data):
            raise CodecError(f"the payload ends before {number} codes are read")
        flags = np.unpackbits(np.frombuffer(data[begin:end], np.uint8), count=active.size, bitorder="little")
        active = active[flags.view(np.bool_)]
        begin = end
        if not active.size:
            return values, begin
        widths = values[active]
        if widths.max() >= _MOST_BITS:
            raise CodecError(f"the payload holds a number of {int(widths.max())} bits")
        values[active] = (1 << widths) + bits.unpack_variable(data[begin:], widths)
        begin += bits.variable_size(widths)
