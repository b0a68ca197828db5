"""Compressed linear algebra: its four encodings to the byte, and which columns share a dictionary."""

from __future__ import annotations

import struct
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simcluster.codecs.cla import Cla, ClaOptions
from simcluster.codecs.cla_cocoding import cocoded
from simcluster.codecs.cla_groups import SEGMENT, Encoding, Sizes
from simcluster.codecs.cla_matrix import ClaMatrix
from simcluster.codecs.errors import CodecError
from simcluster.rng import stream
from tests.codecs.cases import encoded, gaussian
from tests.codecs.oracles import assert_products_are_those_of_the_decoded

DRAWS = stream(1, "cla", "values")


def opened(matrix: NDArray[Any], codec: Cla | None = None) -> ClaMatrix:
    codec = codec or Cla()
    found = codec.open(encoded(codec, matrix))
    assert isinstance(found, ClaMatrix)
    return found


def encodings(matrix: NDArray[Any]) -> dict[Encoding, int]:
    """Return how many columns are in each encoding."""
    found: dict[Encoding, int] = {}
    for group in opened(matrix).groups:
        found[group.encoding] = found.get(group.encoding, 0) + group.columns.size
    return found


def slow_size(group: Any, matrix: NDArray[Any]) -> int:
    """Return the bytes that a group's documented layout has, counted tuple by tuple."""
    part = matrix[:, group.columns]
    if group.encoding is Encoding.PLAIN:
        return 1 + part.nbytes
    tuples = [tuple(row) for row in part.tolist()]
    distinct = sorted(set(tuples), key=tuples.count, reverse=True)
    implicit = tuple(group.dictionary[0].tolist())
    size = 1 + 4 + len(distinct) * part.shape[1] * 4
    if group.encoding is Encoding.DDC:
        return size + len(tuples) * (1 if len(distinct) <= 256 else 2)
    size += 2 * (len(distinct) - 1)
    if group.encoding is Encoding.OLE:
        return size + 2 * sum(one != implicit for one in tuples)
    return size + 4 * sum(one != implicit for one, _ in groupby(tuples))


MIXED = np.concatenate(
    [
        DRAWS.integers(0, 5, (300, 3)),  # dense codes
        (DRAWS.random((300, 4)) < 0.05) * DRAWS.integers(1, 3, (300, 4)),  # lists
        np.repeat(DRAWS.integers(0, 3, (6, 2)), 50, axis=0),  # runs
        DRAWS.standard_normal((300, 2)),
    ],
    axis=1,
).astype(np.float32)


def test_each_column_has_its_encoding() -> None:
    assert encodings(MIXED) == {Encoding.DDC: 3, Encoding.OLE: 4, Encoding.RLE: 2, Encoding.PLAIN: 2}
    assert encodings(gaussian((40, 7))) == {Encoding.PLAIN: 7}
    assert len(opened(gaussian((40, 7))).groups) == 1


@pytest.mark.parametrize("bin_size", [1, 8])
def test_the_payload_has_the_documented_size(bin_size: int) -> None:
    codec = Cla(ClaOptions(bin_size=bin_size))
    groups = opened(MIXED, codec).groups
    expected = 4 + MIXED.shape[1] + sum(slow_size(group, MIXED) for group in groups)
    assert encoded(codec, MIXED).nbytes == expected
    assert sorted(column for group in groups for column in group.columns) == list(range(11))


def test_a_small_matrix_to_the_byte() -> None:
    column = np.zeros((12, 1), np.float32)
    column[[3, 8], 0], column[5, 0] = 1, 2
    head = struct.pack("<IB", 1, 0) + bytes([Encoding.OLE]) + struct.pack("<I3f", 3, 0, 1, 2)
    assert encoded(Cla(), column).data == head + struct.pack("<2H", 2, 1) + struct.pack("<3H", 3, 8, 5)
    column[:, 0] = [0, 0, 0, 0, 1, 1, 1, 0, 0, 2, 2, 2]
    head = struct.pack("<IB", 1, 0) + bytes([Encoding.DDC]) + struct.pack("<I3f", 3, 0, 1, 2)
    assert encoded(Cla(), column).data == head + bytes([0, 0, 0, 0, 1, 1, 1, 0, 0, 2, 2, 2])
    runs = np.repeat(column, 10, axis=0)
    head = struct.pack("<IB", 1, 0) + bytes([Encoding.RLE]) + struct.pack("<I3f", 3, 0, 1, 2)
    lists = struct.pack("<2H", 1, 1) + struct.pack("<4H", 40, 30, 90, 30)
    assert encoded(Cla(), runs).data == head + lists


def test_correlated_columns_share_a_dictionary() -> None:
    codes = DRAWS.integers(0, 6, (3000, 3))
    matrix = np.concatenate([codes, codes**2 + 1, -codes], axis=1).astype(np.float32)
    together = sorted(tuple(columns.tolist()) for columns in cocoded(matrix, 9))
    # Six values of each: three columns of 36 pairs each could be joined further, to 216 tuples.
    assert all({column % 3 for column in columns} and len(columns) >= 3 for columns in together)
    for columns in together:
        assert {(column + 3) % 9 in columns for column in columns} == {True}
    alone = encoded(Cla(ClaOptions(bin_size=1)), matrix).nbytes
    assert encoded(Cla(ClaOptions(bin_size=9)), matrix).nbytes < alone / 3
    # Within bins of one there is nobody to join.
    assert len(cocoded(matrix, 1)) == 9


def test_independent_columns_stay_alone_unless_the_tuples_are_few() -> None:
    many = DRAWS.integers(0, 60, (1000, 4)).astype(np.float32)
    assert len(cocoded(many, 4)) == 4
    few = DRAWS.integers(0, 2, (1000, 4)).astype(np.float32)
    assert [columns.tolist() for columns in cocoded(few, 4)] == [[0, 1, 2, 3]]


def test_a_sample_decides_about_long_columns() -> None:
    rows = 95 * 1035  # more than one segment
    long = np.stack(
        [
            np.repeat(DRAWS.integers(0, 3, rows // 95), 95),
            (DRAWS.random(rows) < 0.001) * 2,
            DRAWS.integers(0, 300, rows),
        ],
        axis=1,
    ).astype(np.float32)
    codec = Cla()
    payload = encoded(codec, long)
    assert (codec.decode(payload) == long).all()
    assert {group.encoding for group in opened(long).groups} == {Encoding.RLE, Encoding.OLE, Encoding.DDC}
    assert_products_are_those_of_the_decoded(codec, payload, 2e-4)


def test_a_run_ends_with_its_segment() -> None:
    column = np.zeros((2 * SEGMENT + 10, 1), np.float32)
    column[5 : 2 * SEGMENT + 3] = 1
    column[:4] = 2
    codec = Cla()
    payload = encoded(codec, column)
    # The ones are most frequent; the twos and zeros are listed: 2 values in 3 segments, and 3 runs.
    assert payload.nbytes == 4 + 1 + 1 + 4 + 3 * 4 + 2 * 2 * 3 + 4 * 3
    assert (codec.decode(payload) == column).all()


def test_the_best_size_is_chosen() -> None:
    assert Sizes(3, 100, 90).best(1000, 1, 4) == (4 + 12 + 2 * 2 + 200, Encoding.OLE)
    assert Sizes(3, 100, 40).best(1000, 1, 4) == (4 + 12 + 2 * 2 + 160, Encoding.RLE)
    assert Sizes(3, 600, 500).best(1000, 1, 4) == (4 + 12 + 1000, Encoding.DDC)
    assert Sizes(300, 600, 600).best(1000, 1, 4) == (4 + 1200 + 299 * 2 + 1200, Encoding.OLE)
    assert Sizes(300, 950, 950).best(1000, 1, 4) == (4 + 1200 + 2000, Encoding.DDC)
    assert Sizes(900, 950, 950).best(1000, 1, 4) == (4000, Encoding.PLAIN)


def test_dictionaries_are_multiplied_once() -> None:
    matrix = np.repeat(DRAWS.integers(0, 4, (400, 1)), 8, axis=1).astype(np.float32)
    codec = Cla()
    payload = encoded(codec, matrix)
    cost = codec.cost(payload, "matvec")
    assert cost.multiplications == 4 * 8
    assert cost.additions == 4 * 8 + 400
    assert cost.matrix_bytes == payload.nbytes
    assert codec.cost(payload, "elementwise").multiplications == 4 * 8


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (0, struct.pack("<I", 0), "groups of"),
        (0, struct.pack("<I", 2), "2 groups of 1"),
        (4, b"\1", "do not name"),
        (5, b"\4", "no encoding"),
        (6, struct.pack("<I", 100), "dictionary of 100"),
        (10, struct.pack("<f", np.nan), "not finite"),
        (22, struct.pack("<2H", 1, 1), "too many"),
        (26, struct.pack("<3H", 8, 3, 5), "not in its order"),
        (26, struct.pack("<3H", 3, 8, 8), "twice"),
        (26, struct.pack("<3H", 3, 12, 5), "beyond"),
    ],
)  # fmt: skip
def test_damage_is_named(at: int, value: bytes, words: str) -> None:
    column = np.zeros((12, 1), np.float32)
    column[[3, 8], 0], column[5, 0] = 1, 2
    payload = encoded(Cla(), column)
    data = payload.data[:at] + value + payload.data[at + len(value) :]
    with pytest.raises(CodecError, match=words):
        Cla().open(replace(payload, data=data))
