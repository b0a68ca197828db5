"""CER, compressed entropy rows (Wiedemann, Mueller, Samek 2018, arXiv 1805.10692): groups in the order of frequency.

In every row the groups come in one order, that of the values' frequency in the whole matrix, so that a group's place
tells its value. A value that is missing in a row leaves an empty group, unless no later one is there: that is padding.

The layout is that of ``low_entropy`` with, before the columns: for each row its number of groups (uint32), and for each
group its number of elements (as wide as a column). With a share p0 of the most frequent value, k groups and k~ empty
ones in a row on average, b-bit columns and w-bit values these are
``(1 - p0) * b + (k + k~) / columns * b + 32 / columns + K * w / (rows * columns)`` bits an element, and 40 bits. The
paper has pointers where here are counts: the pointers are their running sums.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.errors import CodecError
from simcluster.codecs.layout import Reader, index_type, written
from simcluster.codecs.low_entropy import Groups, LowEntropyCodec
from simcluster.codecs.protocol import Codec, CodecOptions
from simcluster.codecs.sparse_matrix import Indices


class CerOptions(CodecOptions):
    """Groups equal elements of a row, in the order of their frequency."""

    codec: Literal["cer"] = "cer"


@dataclass(frozen=True)
class Cer(LowEntropyCodec):
    """Lossless; good if every row holds nearly the same values."""

    options: CerOptions = field(default_factory=CerOptions)

    def _group_bytes(self, groups: Groups, shape: tuple[int, int]) -> int:
        return 4 * shape[0] + index_type(shape[1]).itemsize * int(_lengths(groups, shape[0]).sum())

    def _write_groups(self, groups: Groups, shape: tuple[int, int]) -> bytes:
        lengths = _lengths(groups, shape[0])
        counts = np.zeros(int(lengths.sum()), np.int64)
        counts[(np.cumsum(lengths) - lengths)[groups.rows] + groups.codes - 1] = groups.counts
        return written(lengths, np.uint32) + written(counts, index_type(shape[1]))

    def _read_groups(self, reader: Reader, shape: tuple[int, int], distinct: int) -> tuple[Indices, Indices, Indices]:
        lengths = reader.take(shape[0], np.uint32).astype(np.int64)
        if lengths.max() >= distinct:
            raise CodecError(f"{self.name}: a row has more groups than there are values")
        counts = reader.take(int(lengths.sum()), index_type(shape[1])).astype(np.int64)
        present = np.flatnonzero(counts)
        rows = np.repeat(np.arange(shape[0]), lengths)[present]
        codes = present - (np.cumsum(lengths) - lengths)[rows] + 1
        return rows, codes, counts[present]


def _lengths(groups: Groups, rows: int) -> NDArray[np.int64]:
    """Return the number of groups of each row, empty ones included: the last value's place."""
    lengths = np.zeros(rows, np.int64)
    # Of a row's groups, the last has the largest code, and is the one that stays.
    lengths[groups.rows] = groups.codes
    return lengths


OPTIONS = CerOptions


def build(options: CerOptions) -> Codec:
    """Return the CER codec."""
    return Cer(options)
