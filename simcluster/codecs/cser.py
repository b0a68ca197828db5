"""CSER, compressed shared elements rows (Wiedemann, Mueller, Samek 2018, arXiv 1805.10692): groups name their value.

Each group says which value it is of, so that no row is padded: better than CER if the rows hold different values.

The layout is that of ``low_entropy`` with, before the columns: for each row its number of groups (uint32), for each
group its value's place among the values (the smallest of uint8, uint16 and uint32 that holds K - 1), and for each group
its number of elements (as wide as a column). With the letters of ``cer``, and c bits for a place, these are
``(1 - p0) * b + k / columns * (b + c) + 32 / columns + K * w / (rows * columns)`` bits an element, and 40 bits; the
paper's formula has b = c.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from simcluster.codecs.layout import Reader, index_type, written
from simcluster.codecs.low_entropy import Groups, LowEntropyCodec
from simcluster.codecs.protocol import Codec, CodecOptions
from simcluster.codecs.sparse_matrix import Indices


class CserOptions(CodecOptions):
    """Groups equal elements of a row, and names the value of each group."""

    codec: Literal["cser"] = "cser"


@dataclass(frozen=True)
class Cser(LowEntropyCodec):
    """Lossless; good if the rows hold few values each, of many."""

    options: CserOptions = field(default_factory=CserOptions)

    def _group_bytes(self, groups: Groups, shape: tuple[int, int]) -> int:
        place = index_type(groups.values.size - 1).itemsize
        return 4 * shape[0] + (index_type(shape[1]).itemsize + place) * groups.codes.size

    def _write_groups(self, groups: Groups, shape: tuple[int, int]) -> bytes:
        lengths = np.bincount(groups.rows, minlength=shape[0])
        codes = written(groups.codes, index_type(groups.values.size - 1))
        return written(lengths, np.uint32) + codes + written(groups.counts, index_type(shape[1]))

    def _read_groups(self, reader: Reader, shape: tuple[int, int], distinct: int) -> tuple[Indices, Indices, Indices]:
        lengths = reader.take(shape[0], np.uint32).astype(np.int64)
        number = int(lengths.sum())
        codes = reader.take(number, index_type(distinct - 1)).astype(np.int64)
        counts = reader.take(number, index_type(shape[1])).astype(np.int64)
        return np.repeat(np.arange(shape[0]), lengths), codes, counts


OPTIONS = CserOptions


def build(options: CserOptions) -> Codec:
    """Return the CSER codec."""
    return Cser(options)
