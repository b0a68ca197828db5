"""Streams of codes of unequal length, written and read without a loop over the codes.

A prefix code can be read only from its start, since each code's end is the next one's beginning. Here the parts of the
codes are regrouped: all unary parts make one stream, and all binary parts another, whose widths the first one tells.
The number of bits is that of the interleaved code; each stream is filled up to a byte. Bits are counted from the lowest
bit of the first byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.errors import CodecError

Integers = NDArray[np.integer[Any]]
Words = NDArray[np.uint64]

_WORD = 64
#: Codes that are worked on together: what is computed for them stays in the processor's cache.
_BLOCK = 1 << 16
#: Position of the highest bit of 0 (which has none) to 65535.
_LOG2 = np.concatenate([np.zeros(1, np.uint8), np.repeat(np.arange(16, dtype=np.uint8), 1 << np.arange(16))])


def floor_log2(values: Integers) -> NDArray[np.uint8]:
    """Return the position of the highest bit of integers of 1 to 2**53."""
    if values.size and values.max() < _LOG2.size:
        return _LOG2[values]
    return ((values.astype(np.float64).view(np.int64) >> 52) - 1023).astype(np.uint8)


def pack_unary(counts: Integers) -> bytes:
    """Write each count as that many zeros and a one."""
    bits = np.zeros(int(counts.sum(dtype=np.int64)) + counts.size, np.bool_)
    begin = 0
    for block in _blocks(counts.size):
        ends = np.cumsum(counts[block], dtype=np.int64)
        ends += np.arange(begin, begin + ends.size)
        bits[ends] = True
        begin = int(ends[-1]) + 1
    return np.packbits(bits, bitorder="little").tobytes()


def unpack_unary(data: bytes, number: int) -> tuple[NDArray[np.int64], int]:
    """Return the first ``number`` counts of a unary stream, and the bytes [B] that they take.

    Raises
    ------
    CodecError
        If the data ends before.
    """
    if number > 8 * len(data):
        raise CodecError(f"the payload ends before {number} codes are read")
    counts = np.empty(number, np.int64)
    raw = np.frombuffer(data, np.uint8)
    read, last = 0, -1
    for block in _blocks(raw.size):
        if read == number:
            break
        ends = np.flatnonzero(np.unpackbits(raw[block], bitorder="little").view(np.bool_))[: number - read]
        if ends.size:
            ends += 8 * block.start
            counts[read : read + ends.size] = np.diff(ends, prepend=last) - 1
            read, last = read + ends.size, int(ends[-1])
    if read < number:
        raise CodecError(f"the payload ends before {number} codes are read")
    return counts, last // 8 + 1


def pack_variable(values: Integers, widths: Integers) -> bytes:
    """Write each value, which is below ``2**width``, in its width of 0 to 63 bits."""
    words = np.zeros(variable_size(widths) // 8 + 2, "<u8")
    end = 0
    for block in _blocks(values.size):
        present = np.flatnonzero(widths[block] > 0)
        if present.size:
            width = widths[block][present].astype(np.int64)
            end = _pack_block(words, end, values[block][present].astype(np.uint64), width)
    return words.tobytes()[: -(-end // 8)]


def _pack_block(words: Words, begin: int, values: Words, widths: NDArray[np.int64]) -> int:
    """Write values of at least one bit from a bit on, and return the bit behind them."""
    ends = np.cumsum(widths)
    ends += begin
    starts = ends - widths
    shifts = (starts & (_WORD - 1)).view(np.uint64)
    word = starts >> 6
    # No code is longer than a word, so that one begins in every word but perhaps the last.
    first = np.flatnonzero(np.diff(word, prepend=-1))
    words[word[0] : word[0] + first.size] |= np.bitwise_or.reduceat(values << shifts, first)
    crossing = np.flatnonzero((ends - 1) >> 6 > word)
    words[word[crossing] + 1] |= values[crossing] >> (np.uint64(_WORD) - shifts[crossing])
    return int(ends[-1])


def unpack_variable(data: bytes, widths: Integers) -> NDArray[np.int64]:
    """Return the values of the given widths, of 0 to 62 bits, at the beginning of ``data``.

    Raises
    ------
    CodecError
        If the data ends before.
    """
    if variable_size(widths) > len(data):
        raise CodecError("the payload ends within its binary parts")
    words = np.zeros(len(data) // 8 + 2, "<u8")
    words.view(np.uint8)[: len(data)] = np.frombuffer(data, np.uint8)
    values = np.zeros(widths.size, np.int64)
    end = 0
    for block in _blocks(widths.size):
        present = np.flatnonzero(widths[block] > 0)
        if present.size:
            width = widths[block][present].astype(np.int64)
            values[block][present] = _unpack_block(words, end, width)
            end += int(width.sum())
    return values


def _unpack_block(words: Words, begin: int, widths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the values of the given widths from a bit on."""
    starts = np.cumsum(widths)
    starts += begin
    starts -= widths
    word, shifts = starts >> 6, (starts & (_WORD - 1)).view(np.uint64)
    values: Words = words[word] >> shifts
    values |= (words[word + 1] << np.uint64(1)) << (np.uint64(_WORD - 1) - shifts)
    values &= (np.uint64(1) << widths.view(np.uint64)) - np.uint64(1)
    return values.view(np.int64)


def variable_size(widths: Integers) -> int:
    """Return the bytes [B] of a stream of codes of the given widths."""
    return -(-int(widths.sum(dtype=np.int64)) // 8)


def _blocks(size: int) -> Iterator[slice]:
    return (slice(begin, min(begin + _BLOCK, size)) for begin in range(0, size, _BLOCK))
