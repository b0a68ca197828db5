"""Huffman's code of small integers, written and read without a loop over the symbols.

A prefix code is read from its start, one symbol after the other; here 512 symbols are a block whose length is stored,
and all blocks are read together, first their first symbols, then their second, and so on. Codes are canonical, and at
most 15 bits long: the best code under that limit (package-merge, Larmore and Hirschberg 1990).

Layout for an alphabet of A symbols: the length of each symbol's code, 4 bits each (``packing``), 0 for one that does
not occur; the number of bits of each block (uint16); the codes, first bit in the lowest bit of the first byte.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs import bits, packing
from simcluster.codecs.errors import CodecError
from simcluster.codecs.layout import Reader, written

#: Symbols of a block.
BLOCK = 512
#: Bits of the longest code.
LONGEST = 15
_LENGTH_BITS = 4
#: Bytes behind the last code that a reader of damaged blocks may look at.
_MARGIN = BLOCK * LONGEST // 8 + 4

Lengths = NDArray[np.int64]


def code_lengths(counts: NDArray[np.integer]) -> Lengths:
    """Return the bits of each symbol's code, 0 for one that does not occur; a symbol that is alone has one bit.

    Parameters
    ----------
    counts : ndarray, shape (A,)
        How often each symbol occurs; at most 2**15 of them do.
    """
    lengths = np.zeros(counts.size, np.int64)
    leaves = sorted([(count, (symbol,)) for symbol, count in enumerate(counts.tolist()) if count])
    if len(leaves) < 2:
        lengths[[symbol for _, symbols in leaves for symbol in symbols]] = 1
        return lengths
    packages: list[tuple[int, tuple[int, ...]]] = []
    for _ in range(LONGEST):
        pairs = zip(packages[::2], packages[1::2], strict=False)
        packages = sorted(leaves + [(first[0] + second[0], first[1] + second[1]) for first, second in pairs])
    taken = [symbol for _, symbols in packages[: 2 * len(leaves) - 2] for symbol in symbols]
    return np.bincount(taken, minlength=counts.size)


def huffman_encoded(symbols: NDArray[np.integer], alphabet: int) -> bytes:
    """Return the bytes of at least one symbol below ``alphabet``."""
    lengths = code_lengths(np.bincount(symbols, minlength=alphabet))
    widths = lengths[symbols]
    blocks = np.add.reduceat(widths, np.arange(0, symbols.size, BLOCK))
    head = packing.pack(lengths.astype(np.uint8), _LENGTH_BITS) + written(blocks, np.uint16)
    return head + bits.pack_variable(_codes(lengths)[symbols], widths)


def huffman_decoded(name: str, reader: Reader, number: int, alphabet: int) -> NDArray[np.uint8]:
    """Return the next symbols of a payload, of an alphabet of at most 256.

    Raises
    ------
    CodecError
        If the code is none, or the blocks hold other bits than they declare.
    """
    packed = reader.raw(packing.packed_size(alphabet, _LENGTH_BITS))
    lengths = packing.unpack(packed, alphabet, _LENGTH_BITS).astype(np.int64)
    used = lengths[lengths > 0]
    if (1 << (LONGEST - used)).sum() != 1 << LONGEST and used.tolist() != [1]:
        raise CodecError(f"{name}: the payload's lengths of codes are not those of a Huffman code")
    sizes = reader.take(-(-number // BLOCK), np.uint16).astype(np.int64)
    data = reader.take(-(-int(sizes.sum()) // 8), np.uint8)
    ends = np.cumsum(sizes)
    symbols, reached = _read_blocks(data, ends - sizes, number, *_table(lengths))
    if (reached != ends).any():
        raise CodecError(f"{name}: a block of codes does not end where it should")
    return symbols


def _read_blocks(
    data: NDArray[np.uint8], begins: Lengths, number: int, symbol_of: NDArray[np.uint8], length_of: Lengths
) -> tuple[NDArray[np.uint8], Lengths]:
    """Return all symbols, and the bit that each block ends at."""
    padded = np.zeros(data.size + _MARGIN, np.int64)
    padded[: data.size] = data
    # The 24 bits from each byte on: 15 for the longest code, after up to 7 that belong to the one before.
    windows = padded[:-2] | padded[1:-1] << 8 | padded[2:] << 16
    symbols = np.empty((begins.size, BLOCK), np.uint8)
    at = begins.copy()
    last = number - (begins.size - 1) * BLOCK
    for place in range(min(number, BLOCK)):
        # Only the last block may hold fewer symbols.
        going = at if place < last else at[:-1]
        window = (windows[going >> 3] >> (going & 7)) & ((1 << LONGEST) - 1)
        symbols[: going.size, place] = symbol_of[window]
        going += length_of[window]
    return symbols.reshape(-1)[:number], at


def _intervals(lengths: Lengths) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the symbols that occur, shorter codes first, and how many of the 2**15 windows begin with each code."""
    order = np.argsort(lengths, kind="stable")
    order = order[np.count_nonzero(lengths == 0) :]
    return order, 1 << (LONGEST - lengths[order])


def _codes(lengths: Lengths) -> NDArray[np.int64]:
    """Return the canonical codes, first bit lowest."""
    order, widths = _intervals(lengths)
    codes = np.zeros(lengths.size, np.int64)
    codes[order] = _REVERSED[np.cumsum(widths) - widths]
    return codes


def _table(lengths: Lengths) -> tuple[NDArray[np.uint8], Lengths]:
    """Return, for each window of bits, the symbol that it begins with, and the length of its code."""
    order, widths = _intervals(lengths)
    # A symbol that is alone leaves half of the windows over: they lead nowhere.
    symbol_of = np.zeros(1 << LONGEST, np.uint8)
    length_of = np.zeros(1 << LONGEST, np.int64)
    symbol_of[: widths.sum()] = np.repeat(order, widths)
    length_of[: widths.sum()] = np.repeat(lengths[order], widths)
    return symbol_of[_REVERSED], length_of[_REVERSED]


def _reversed_windows() -> NDArray[np.intp]:
    """Return every window with its bits in the opposite order."""
    windows, reverse = np.arange(1 << LONGEST), np.zeros(1 << LONGEST, np.intp)
    for bit in range(LONGEST):
        reverse |= (windows >> bit & 1) << (LONGEST - 1 - bit)
    return reverse


_REVERSED = _reversed_windows()
