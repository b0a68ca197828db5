"""Rows of bits, and what is computed on them without unpacking them all.

A row of ``columns`` bits takes ``ceil(columns / 8)`` bytes, first bit lowest; the bits that fill up the last byte are
zero. Sums over the columns whose bit is set are looked up: for every group of eight columns there is a table of the 256
sums that a byte can ask for (the method of the Four Russians), so that a row takes an addition for eight columns. For
several vectors at once a few rows are unpacked at a time, and BLAS multiplies them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.errors import CodecError
from simcluster.codecs.representation import Array
from simcluster.codecs.row_blocks import row_blocks

Bits = NDArray[np.uint8]

#: Bits set in each byte.
_SET = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1, dtype=np.uint8)
#: Bytes that are looked up at a time.
_LOOKED_UP = 1 << 17


def row_bytes(columns: int) -> int:
    """Return the bytes [B] of a row."""
    return -(-columns // 8)


def pack_rows(flags: NDArray[np.bool_]) -> bytes:
    """Return the rows of a matrix of truth values, packed."""
    return np.packbits(flags, axis=1, bitorder="little").tobytes()


def read_rows(data: bytes, shape: tuple[int, int]) -> Bits:
    """Return packed rows of a matrix as bytes, shape (rows, row_bytes); the length of ``data`` is checked before.

    Raises
    ------
    CodecError
        If a bit beyond the last column is set.
    """
    rows, columns = shape
    bits = np.frombuffer(data, np.uint8).reshape(rows, row_bytes(columns))
    if columns % 8 and (bits[:, -1] >> np.uint8(columns % 8)).any():
        raise CodecError("a bit beyond the last column is set")
    return bits


def unpack_rows(bits: Bits, columns: int) -> Bits:
    """Return the bits of packed rows as zeros and ones, shape (rows, columns)."""
    return np.unpackbits(bits, axis=1, count=columns, bitorder="little")


def selected_sums(bits: Bits, vector: Array) -> Array:
    """Return for each row the sum of the vector's elements whose bit is set, looked up byte by byte."""
    groups = bits.shape[1]
    padded = np.zeros((groups, 8), vector.dtype)
    padded.reshape(-1)[: vector.size] = vector
    subsets = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little").astype(vector.dtype)
    table = (padded @ subsets.T).reshape(-1)
    places = np.arange(groups, dtype=np.intp) * 256
    sums = np.empty(len(bits), vector.dtype)
    for rows in row_blocks(bits.shape, _LOOKED_UP):
        sums[rows] = table.take(bits[rows] + places).sum(axis=1)
    return sums


def ones_in_common(first: Bits, second: Bits) -> NDArray[np.int64]:
    """Return how many columns are set in both rows, for each row of one matrix and each of another."""
    return _counted(first, second, np.bitwise_and)


def differences(first: Bits, second: Bits) -> NDArray[np.int64]:
    """Return in how many columns two rows differ, for each row of one matrix and each of another."""
    return _counted(first, second, np.bitwise_xor)


def _counted(first: Bits, second: Bits, operation: np.ufunc) -> NDArray[np.int64]:
    """Return the population count of an operation on the words of each pair of rows."""
    own, others = _words(first), _words(second)
    counts = np.empty((len(own), len(others)), np.int64)
    for rows in row_blocks(own.shape):
        for number, other in enumerate(others):
            counts[rows, number] = _ones(operation(own[rows], other)).sum(axis=1, dtype=np.int64)
    return counts


def _words(bits: Bits) -> NDArray[np.uint64]:
    """Return packed rows in words of 64 bits."""
    padded = np.zeros((len(bits), -(-bits.shape[1] // 8) * 8), np.uint8)
    padded[:, : bits.shape[1]] = bits
    return padded.view(np.uint64)


def _ones(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return the bits set in each word; by table before numpy 2."""
    if hasattr(np, "bitwise_count"):
        counted: NDArray[np.uint8] = np.bitwise_count(words)
        return counted
    by_byte = _SET[words.view(np.uint8)].reshape(*words.shape, 8)
    return np.asarray(by_byte.sum(axis=-1), np.uint8)
