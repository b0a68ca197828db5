"""CSR, CER and CSER: their layouts to the byte, the formulas of their sizes, and where these cross."""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simcluster.codecs.cer import Cer
from simcluster.codecs.cser import Cser
from simcluster.codecs.csr import Csr
from simcluster.codecs.errors import CodecError
from simcluster.codecs.low_entropy import LowEntropyCodec
from simcluster.codecs.representation import Cost
from simcluster.rng import stream
from tests.codecs.cases import encoded, gaussian

#: The most frequent value is 0, then 2, then -1; the last row holds none but -1.
SMALL = np.array([[2, 0, 2, 0, 0, 0, -1], [0, 0, 0, 0, 0, 0, 0], [0, 0, 0, -1, 0, 0, 0]], np.float32)


def drawn(shape: tuple[int, int], shares: list[float], seed: int = 1, implicit: float = 0.0) -> NDArray[np.float32]:
    """Return a matrix of independent elements: value number j with the j-th share."""
    values = np.concatenate([[implicit], 1 + np.arange(len(shares) - 1, dtype=np.float32)]).astype(np.float32)
    return values[stream(seed, "drawn", "values").choice(len(shares), shape, p=np.array(shares) / sum(shares))]


def spread(implicit: float, number: int) -> list[float]:
    """Return shares of values: one, and others that are equally frequent."""
    return [implicit, *[(1 - implicit) / number] * number]


def statistics(matrix: NDArray[Any]) -> tuple[int, float, float, float]:
    """Return K, p0, k and k~ of a matrix, counted element by element."""
    counts = Counter(matrix.reshape(-1).tolist())
    ordered = sorted(counts, key=lambda value: (-counts[value], np.float32(value).view(np.uint32)))
    present = empty = 0
    for row in matrix.tolist():
        places = [place for place, value in enumerate(ordered) if place and value in row]
        present += len(places)
        empty += max(places, default=0) - len(places)
    return len(ordered), counts[ordered[0]] / matrix.size, present / len(matrix), empty / len(matrix)


def test_a_small_matrix_in_csr() -> None:
    payload = encoded(Csr(), SMALL)
    expected = b"\1" + struct.pack("<3I", 3, 0, 1) + bytes([0, 2, 6, 3]) + struct.pack("<4f", 2, 2, -1, -1)
    assert payload.data == expected


def test_a_small_matrix_in_cer() -> None:
    # Of the last row's two groups the first is padding: no 2 is there.
    values = struct.pack("<I3f", 3, 0, 2, -1)
    expected = b"\1" + values + struct.pack("<3I", 2, 0, 2) + bytes([2, 1, 0, 1]) + bytes([0, 2, 6, 3])
    assert encoded(Cer(), SMALL).data == expected


def test_a_small_matrix_in_cser() -> None:
    values = struct.pack("<I3f", 3, 0, 2, -1)
    groups = struct.pack("<3I", 2, 0, 1) + bytes([1, 2, 2]) + bytes([2, 1, 1])
    assert encoded(Cser(), SMALL).data == b"\1" + values + groups + bytes([0, 2, 6, 3])


@pytest.mark.parametrize(("columns", "width"), [(200, 8), (300, 16), (70_000, 32)])
@pytest.mark.parametrize("implicit", [0.0, 0.5])
@pytest.mark.parametrize("number", [3, 40, 300])
def test_sizes_are_those_of_the_formulas(columns: int, width: int, implicit: float, number: int) -> None:
    rows = 9
    matrix = drawn((rows, columns), spread(0.95, number), implicit=implicit)
    distinct, share, groups, empty = statistics(matrix)
    place = 8 if distinct <= 256 else 16
    table = distinct * 32 / matrix.size
    bits = {
        Cer(): (1 - share) * width + (groups + empty) / columns * width + 32 / columns + table + 40 / matrix.size,
        Cser(): (1 - share) * width + groups / columns * (width + place) + 32 / columns + table + 40 / matrix.size,
    }
    if not implicit:
        bits[Csr()] = (1 - share) * (width + 32) + 32 / columns + 8 / matrix.size
    for codec, expected in bits.items():
        size = encoded(codec, matrix).nbytes
        assert 8 * size == pytest.approx(min(expected * matrix.size, 32 * matrix.size + 8))


def expected_sizes(shape: tuple[int, int], shares: list[float]) -> dict[str, float]:
    """Return the bits an element that the formulas expect of independent elements of such shares."""
    rows, columns = shape
    present = 1 - (1 - np.array(shares[1:])) ** columns
    # A row's groups end with its last value: it is number j if that is there, and none behind it.
    behind = np.concatenate([np.cumprod((1 - present)[::-1])[::-1][1:], [1.0]])
    last = float((np.arange(1, len(shares)) * present * behind).sum())
    groups, few = float(present.sum()), 1 - shares[0]
    width, place = 16 if columns > 255 else 8, 8 if len(shares) <= 256 else 16
    seen = 1 + (1 - (1 - np.array(shares[1:])) ** (rows * columns)).sum()
    table = 32 * float(seen) / (rows * columns)
    return {
        "csr": few * (width + 32) + 32 / columns,
        "cer": few * width + last / columns * width + 32 / columns + table,
        "cser": few * width + groups / columns * (width + place) + 32 / columns + table,
    }


@pytest.mark.parametrize("share", [0.7, 0.9, 0.97])
def test_the_formats_cross_where_the_formulas_say(share: float) -> None:
    shape = (120, 600)
    best: list[tuple[str, str]] = []
    for number in (1, 2, 4, 8, 16, 32, 64, 128, 250, 400, 800, 1600, 3000):
        matrix = drawn(shape, spread(share, number))
        expected = expected_sizes(shape, spread(share, number))
        sizes = {codec.name: 8 * encoded(codec, matrix).nbytes / matrix.size for codec in (Csr(), Cer(), Cser())}
        for name, size in sizes.items():
            # Values that hardly occur are not in the order of their probability, which CER's padding is counted by.
            if expected[name] < 31 and (name != "cer" or number <= 250):
                assert size == pytest.approx(expected[name], rel=0.07)
        best.append((min(expected, key=expected.__getitem__), min(sizes, key=sizes.__getitem__)))
    # Few values: CER; more of them than a row holds: CSER; more yet, and their table costs too much: CSR.
    assert [formula for formula, _ in best] == [measured for _, measured in best]
    assert best[0][1] == "cer"
    assert best[-1][1] == "csr"
    if share > 0.7:
        assert ("cser", "cser") in best


def test_what_a_layout_would_make_larger_stays_plain() -> None:
    dense = gaussian((30, 50))
    for codec in (Csr(), Cer(), Cser()):
        assert encoded(codec, dense).data == b"\0" + dense.tobytes()
    # Half of the elements: 2 + 4 bytes for each and 4 for each row, or 4 for all of them.
    half = np.where(np.arange(400) % 2, gaussian((9, 400)), 0).astype(np.float32)
    assert encoded(Csr(), half).nbytes == 1 + 9 * (4 + 200 * 6)


def test_minus_zero_is_not_lost() -> None:
    matrix = np.zeros((4, 300), np.float32)
    matrix[1, 7] = -0.0
    for codec in (Csr(), Cer(), Cser()):
        assert codec.decode(encoded(codec, matrix)).tobytes() == matrix.tobytes()


def test_sums_hold_the_union() -> None:
    codec = Csr()
    first = np.zeros((5, 40), np.float32)
    second = first.copy()
    first[1, 3], first[4, 39], second[1, 3], second[0, 0] = 1.5, 2.0, -1.5, 0.25
    total = codec.add(encoded(codec, first), encoded(codec, second))
    assert total.nbytes == 1 + 5 * 4 + 3 * 5
    assert (codec.decode(total) == first + second).all()
    both = codec.add(total, encoded(codec, gaussian((5, 40))))
    assert both.data[0] == 0
    np.testing.assert_allclose(codec.decode(both), first + second + gaussian((5, 40)), rtol=1e-6)


def test_counts_are_those_of_the_papers_algorithm() -> None:
    payload = encoded(Cer(), SMALL)
    # Three groups of four elements: a multiplication and an addition each; elements are only added.
    expected = Cost(3, 4 + 3, payload.nbytes, 4 * (4 + 3 + 3))
    assert Cer().cost(payload, "matvec") == expected
    assert Cer().cost(payload, "matmul", 5).multiplications == 15
    assert Csr().cost(encoded(Csr(), SMALL), "matvec") == Cost(4, 4, len(b"\1") + 12 + 4 * 5, 4 * (4 + 3))
    # By column: 0 and 2 hold one value, 3 and 6 another.
    assert Cser().cost(encoded(Cser(), SMALL), "rmatmul").multiplications == 4
    # Something else than zero everywhere: the operand is summed up once, and the result begins with it.
    shifted = encoded(Cer(), SMALL + 5)
    assert Cer().cost(shifted, "matvec") == Cost(4, 4 + 3 + 7 + 3, shifted.nbytes, 4 * (4 + 3 + 3 + 7))
    assert Cer().cost(payload, "elementwise") == Cost(3, 0, 24)


def test_the_distributive_law_saves_multiplications() -> None:
    matrix = drawn((64, 512), spread(0.5, 3))
    costs = {codec.name: codec.cost(encoded(codec, matrix), "matvec") for codec in (Csr(), Cer(), Cser())}
    assert costs["cer"].multiplications == costs["cser"].multiplications == 64 * 3
    assert costs["csr"].multiplications == np.count_nonzero(matrix)


def cut(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


@pytest.mark.parametrize(
    ("codec", "at", "value", "words"),
    [
        (Csr(), 0, b"\2", "not 0 or 1"),
        (Csr(), 1, b"\4", "does not hold as many"),
        (Csr(), 14, b"\0", "do not ascend"),
        (Csr(), 16, b"\7", "do not ascend"),
        (Csr(), 17, b"\0\0\x80\x7f", "not finite"),
        (Cer(), 0, b"\7", "not 0 or 1"),
        (Cer(), 1, b"\0", "no value"),
        (Cer(), 17, b"\3", "more groups than"),
        (Cer(), 29, b"\1", "does not hold as many"),
        (Cer(), 34, b"\0", "same element"),
        (Cer(), 35, b"\7", "beyond 7"),
        (Cser(), 29, b"\0", "implicit value"),
        (Cser(), 30, b"\3", "beyond its 3"),
        (Cser(), 30, b"\1", "do not ascend"),
        (Cser(), 32, b"\0\3", "empty group"),
    ],
)  # fmt: skip
def test_damage_is_named(codec: Csr | LowEntropyCodec, at: int, value: bytes, words: str) -> None:
    payload = encoded(codec, SMALL)
    with pytest.raises(CodecError, match=words):
        codec.open(replace(payload, data=cut(payload.data, at, value)))


def test_products_agree_with_scipys() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    matrix, operand = drawn((70, 90), spread(0.9, 20)), gaussian((90, 4))
    theirs = sparse.csr_matrix(matrix)
    codec = Csr()
    payload = encoded(codec, matrix)
    np.testing.assert_allclose(codec.matmul(payload, operand), theirs @ operand, atol=1e-4)
    np.testing.assert_allclose(codec.rmatmul(payload, gaussian((70, 4))), theirs.T @ gaussian((70, 4)), atol=1e-4)
    assert payload.nbytes == 1 + 4 * 70 + theirs.nnz * 5
