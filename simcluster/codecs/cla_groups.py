"""Column groups of compressed linear algebra, and their four encodings (Elgohary et al. 2016; SystemDS).

A group's rows are tuples, one element of each of its columns. Its dictionary holds the distinct tuples, the most
frequent first; ``DDC`` (dense dictionary coding) says the tuple of every row, ``OLE`` (offset lists) and ``RLE``
(runs) list the rows of every tuple but the first. Rows that are listed nowhere hold the first tuple: SystemDS leaves
out the tuple of zeros alone, which is the most frequent one of sparse columns.

Layout of a group: its encoding (uint8); the number d of tuples (uint32, absent in plain groups); the dictionary, tuple
by tuple, in the tensor's type; then

- DDC: for each row its tuple, as uint8 if d <= 256, else uint16;
- OLE: rows in segments of 65,535; for each tuple but the first, and each segment, how many rows (uint16); their offsets
  in the segment (uint16), in the same order, ascending;
- RLE: the same with runs of rows instead of rows: how many, then the offset and the length of each (two uint16);
- plain: the elements of the group, row by row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.errors import CodecError
from simcluster.codecs.layout import Reader, index_type, written
from simcluster.codecs.representation import Array
from simcluster.codecs.sparse_matrix import Indices

#: Rows of a segment: offsets, lengths and counts in it fit in 16 bits.
SEGMENT = 65_535
#: Tuples of the largest dictionary of dense codes.
_MOST_CODES = 65_536
_NAME = "cla"


class Encoding(IntEnum):
    """How a group says which row holds which tuple."""

    PLAIN = 0
    DDC = 1
    OLE = 2
    RLE = 3


@dataclass(frozen=True)
class ColumnGroup:
    """Some columns of a matrix.

    Parameters
    ----------
    encoding : Encoding
        How the group is stored.
    columns : ndarray of intp, shape (w,)
        Its columns, ascending.
    dictionary : ndarray, shape (d, w)
        The distinct tuples; of a plain group, all rows.
    codes : ndarray of uint8 or uint16, shape (rows,)
        The tuple of each row; empty unless the encoding is DDC.
    tuples, rows : ndarray of intp, shape (n,)
        The rows that are listed, and the tuple of each, ascending by tuple, then by row; empty unless OLE or RLE.
    """

    encoding: Encoding
    columns: Indices
    dictionary: Array
    codes: NDArray[Any]
    tuples: Indices
    rows: Indices

    def elements(self, rows: int) -> Array:
        """Return the elements, shape (rows, w)."""
        if self.encoding is Encoding.PLAIN:
            return self.dictionary
        if self.encoding is Encoding.DDC:
            return np.asarray(self.dictionary[self.codes])
        values = np.repeat(self.dictionary[:1], rows, axis=0)
        values[self.rows] = self.dictionary[self.tuples]
        return values

    def with_dictionary(self, dictionary: Array) -> ColumnGroup:
        """Return the group with other tuples."""
        return replace(self, dictionary=dictionary)


@dataclass(frozen=True)
class Sizes:
    """What decides about the encoding of a group.

    Parameters
    ----------
    distinct : float
        Tuples.
    listed : float
        Rows that don't hold the most frequent tuple.
    runs : float
        Runs of these.
    """

    distinct: float
    listed: float
    runs: float

    def best(self, rows: int, width: int, itemsize: int) -> tuple[float, Encoding]:
        """Return the least size [B] of a group, without its first byte, and the encoding that has it."""
        dictionary = 4 + self.distinct * width * itemsize
        lists = 2 * (self.distinct - 1) * -(-rows // SEGMENT)
        code_bytes = 1 if self.distinct <= 256 else 2
        sizes = [
            (dictionary + lists + 2 * self.listed, Encoding.OLE),
            (dictionary + lists + 4 * self.runs, Encoding.RLE),
            (float(rows * width * itemsize), Encoding.PLAIN),
        ]
        if self.distinct <= _MOST_CODES:
            sizes.insert(0, (dictionary + rows * code_bytes, Encoding.DDC))
        return min(sizes, key=lambda pair: pair[0])


def sizes_of(codes: Indices) -> Sizes:
    """Return the sizes of tuples 0 (the most frequent) and so on, one a row."""
    listed = np.count_nonzero(codes)
    runs = np.count_nonzero(codes[np.diff(codes, prepend=0) != 0])
    # No run crosses a segment's end; a bound is enough to choose, and exact where there is one segment.
    return Sizes(float(codes.max() + 1), float(listed), float(runs + (codes.size - 1) // SEGMENT))


def make_group(matrix: Array, columns: Indices, codes: Indices, firsts: Indices) -> ColumnGroup:
    """Return the group of some columns in its smallest encoding.

    Parameters
    ----------
    matrix : ndarray, shape (rows, all columns)
        The matrix.
    columns : ndarray of intp
        The group's columns, ascending.
    codes : ndarray of intp, shape (rows,)
        The tuple of each row, the most frequent being 0.
    firsts : ndarray of intp, shape (d,)
        A row that holds each tuple.
    """
    none = np.empty(0, np.intp)
    _, encoding = sizes_of(codes).best(matrix.shape[0], columns.size, matrix.itemsize)
    if encoding is Encoding.PLAIN:
        return plain_group(matrix, columns)
    dictionary = matrix[np.ix_(firsts, columns)]
    if encoding is Encoding.DDC:
        return ColumnGroup(encoding, columns, dictionary, codes.astype(index_type(firsts.size - 1)), none, none)
    order = np.argsort(codes, kind="stable")
    rows = order[np.count_nonzero(codes == 0) :]
    return ColumnGroup(encoding, columns, dictionary, none, codes[rows], rows)


def plain_group(matrix: Array, columns: Indices) -> ColumnGroup:
    """Return the group of some columns as they are."""
    none = np.empty(0, np.intp)
    return ColumnGroup(Encoding.PLAIN, columns, matrix[:, columns], none, none, none)


def write_group(group: ColumnGroup, rows: int) -> bytes:
    """Return a group's bytes, without its columns."""
    head, dictionary = bytes([group.encoding]), written(group.dictionary)
    if group.encoding is Encoding.PLAIN:
        return head + dictionary
    distinct = len(group.dictionary)
    head += written(np.array([distinct]), np.uint32) + dictionary
    if group.encoding is Encoding.DDC:
        return head + written(group.codes)
    segments = -(-rows // SEGMENT)
    keys = (group.tuples - 1) * segments + group.rows // SEGMENT
    offsets = group.rows % SEGMENT
    if group.encoding is Encoding.RLE:
        begins = _run_begins(keys, group.rows)
        lengths = np.diff(begins, append=keys.size)
        keys, offsets = keys[begins], np.stack([offsets[begins], lengths], axis=1)
    counts = np.bincount(keys, minlength=(distinct - 1) * segments)
    return head + written(counts, np.uint16) + written(offsets, np.uint16)


def _run_begins(keys: Indices, rows: Indices) -> Indices:
    """Return where a run of rows of one tuple in one segment begins."""
    return np.flatnonzero((np.diff(keys, prepend=-1) != 0) | (np.diff(rows, prepend=-2) != 1))


def read_group(reader: Reader, columns: Indices, rows: int, dtype: np.dtype[Any]) -> ColumnGroup:
    """Return the next group of a payload.

    Raises
    ------
    CodecError
        If its bytes are not those of a group.
    """
    kind = reader.number(np.uint8)
    if kind not in list(Encoding):
        raise CodecError(f"{_NAME}: no encoding of a column group has the number {kind}")
    encoding, none = Encoding(kind), np.empty(0, np.intp)
    if encoding is Encoding.PLAIN:
        values = reader.finite(rows * columns.size, dtype).reshape(rows, columns.size)
        return ColumnGroup(encoding, columns, values, none, none, none)
    distinct = reader.number(np.uint32)
    if not 1 <= distinct <= rows:
        raise CodecError(f"{_NAME}: a dictionary of {distinct} tuples for {rows} rows")
    dictionary = reader.finite(distinct * columns.size, dtype).reshape(distinct, columns.size)
    if encoding is Encoding.DDC:
        codes = reader.take(rows, index_type(distinct - 1))
        if distinct > _MOST_CODES or codes.max() >= distinct:
            raise CodecError(f"{_NAME}: a row holds a tuple beyond the {distinct} of the dictionary")
        return ColumnGroup(encoding, columns, dictionary, codes.astype(codes.dtype.newbyteorder("=")), none, none)
    return ColumnGroup(encoding, columns, dictionary, none, *_read_lists(reader, encoding, distinct, rows))


def _read_lists(reader: Reader, encoding: Encoding, distinct: int, rows: int) -> tuple[Indices, Indices]:
    segments = -(-rows // SEGMENT)
    counts = reader.take((distinct - 1) * segments, np.uint16).astype(np.intp)
    number = int(counts.sum())
    keys = np.repeat(np.arange(counts.size), counts)
    if encoding is Encoding.OLE:
        offsets = reader.take(number, np.uint16).astype(np.intp)
    else:
        runs = reader.take(2 * number, np.uint16).astype(np.intp).reshape(number, 2)
        lengths = runs[:, 1]
        if lengths.sum() > rows:
            raise CodecError(f"{_NAME}: the runs of a group are longer than its {rows} rows")
        keys = np.repeat(keys, lengths)
        offsets = np.repeat(runs[:, 0] - (np.cumsum(lengths) - lengths), lengths) + np.arange(keys.size)
    listed = keys % segments * SEGMENT + offsets
    taken = np.zeros(rows, np.bool_)
    if listed.size and (listed.max() >= rows or offsets.max() >= SEGMENT):
        raise CodecError(f"{_NAME}: a group lists a row beyond its segment or its {rows} rows")
    taken[listed] = True
    tuples = keys // segments + 1
    if np.count_nonzero(taken) != listed.size or (np.diff(tuples * rows + listed) <= 0).any():
        raise CodecError(f"{_NAME}: a group lists a row twice, or not in its order")
    return tuples, listed
