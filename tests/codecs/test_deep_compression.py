"""Deep Compression: Huffman's code, shared weights, gaps, and the sizes that the paper reports."""

from __future__ import annotations

import heapq
import itertools
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from simcluster.codecs import packing
from simcluster.codecs.deep_compression import DeepCompression, DeepCompressionOptions
from simcluster.codecs.errors import CodecError
from simcluster.codecs.huffman import BLOCK, LONGEST, code_lengths, huffman_decoded, huffman_encoded
from simcluster.codecs.layout import Reader
from simcluster.codecs.weight_sharing import shared_weights
from simcluster.rng import stream
from tests.codecs.cases import encoded, gaussian

DRAWS = stream(1, "deep", "values")


def codec(**options: Any) -> DeepCompression:
    return DeepCompression(DeepCompressionOptions(**options))


def huffman_cost(counts: list[int]) -> int:
    """Return the bits of Huffman's code by the textbook: the sum of all joint weights."""
    heap = sorted(count for count in counts if count)
    total = 0
    while len(heap) > 1:
        joint = heapq.heappop(heap) + heapq.heappop(heap)
        total += joint
        heapq.heappush(heap, joint)
    return total


@settings(max_examples=60)
@given(st.lists(st.integers(0, 3000), min_size=2, max_size=40).filter(lambda counts: sum(map(bool, counts)) > 1))
def test_codes_are_as_short_as_huffmans(counts: list[int]) -> None:
    lengths = code_lengths(np.array(counts))
    assert (lengths > 0).tolist() == [count > 0 for count in counts]
    assert sum(2.0**-length for length in lengths if length) == 1
    if lengths.max() < LONGEST:
        assert (lengths * counts).sum() == huffman_cost(counts)


def test_long_codes_are_limited() -> None:
    counts = np.array([2**power for power in range(40)])
    lengths = code_lengths(counts)
    assert lengths.max() == LONGEST
    assert sum(2.0**-length for length in lengths) == 1
    assert lengths.tolist() == sorted(lengths.tolist(), reverse=True)


@pytest.mark.parametrize("number", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 5000])
@pytest.mark.parametrize("alphabet", [2, 7, 256])
def test_symbols_are_read_back(number: int, alphabet: int) -> None:
    symbols = np.minimum(DRAWS.geometric(0.3, number) - 1, alphabet - 1)
    data = huffman_encoded(symbols, alphabet)
    lengths = code_lengths(np.bincount(symbols, minlength=alphabet))
    coded = int(lengths[symbols].sum())
    assert len(data) == -(-alphabet // 2) + 2 * -(-number // BLOCK) + -(-coded // 8)
    reader = Reader("x", data + b"rest")
    assert (huffman_decoded("x", reader, number, alphabet) == symbols).all()
    assert reader.left == 4


def test_a_code_to_the_bit() -> None:
    # Lengths 1, 2, 2: codes 0, 10 and 11, first bit lowest.
    data = huffman_encoded(np.array([0, 1, 0, 2, 0]), 3)
    assert data == bytes([0x21, 0x02]) + struct.pack("<H", 7) + bytes([0b0110_010])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bytes([0x11, 0x01]) + b"\3\0\0", "not those of a Huffman code"),
        (bytes([0x21, 0x00]) + b"\3\0\0", "not those of a Huffman code"),
        (bytes([0x21, 0x02]) + b"\5\0\0", "does not end"),
        (bytes([0x00, 0x01]) + b"\3\0\xff", "does not end"),
        (bytes([0x21, 0x02]) + b"\x40\0\0", "ends before"),
    ],
)
def test_damaged_codes_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(CodecError, match=words):
        huffman_decoded("x", Reader("x", data), 3, 3)


def slow_lloyd(values: list[float], centroids: list[float], steps: int) -> list[float]:
    for _ in range(steps):
        members: list[list[float]] = [[] for _ in centroids]
        for value in values:
            members[min(range(len(centroids)), key=lambda place: abs(value - centroids[place]))].append(value)
        centroids = [sum(own) / len(own) if own else old for own, old in zip(members, centroids, strict=True)]
    return centroids


def test_shared_weights_are_lloyds() -> None:
    values = gaussian((200,))
    for steps in (0, 1, 5):
        found, places = shared_weights(values, 6, steps)
        below, above = values[values < 0].max(), values[values > 0].min()
        line = np.linspace(values.min(), values.max() - (above - below), 6)
        start = [point + (above - below) * (point > below) for point in line.tolist()]
        np.testing.assert_allclose(found, slow_lloyd(values.tolist(), start, steps), rtol=1e-5)
        assert (np.abs(values - found[places]) <= np.abs(values[:, None] - found).min(axis=1) + 1e-7).all()


def test_more_steps_err_less() -> None:
    values = gaussian((5000,))
    errors = []
    for steps in (0, 3, 50):
        found, places = shared_weights(values, 15, steps)
        errors.append(float(((values - found[places]) ** 2).sum()))
    assert errors[0] > errors[1] > errors[2]


def test_one_value_is_shared_by_all() -> None:
    found, places = shared_weights(np.full(9, 0.25, np.float32), 31, 50)
    assert found.tolist() == [0.25]
    assert not places.any()


def test_a_small_tensor_to_the_byte() -> None:
    array = np.zeros(12, np.float32)
    array[[1, 8, 9]] = [0.5, -0.25, 0.5]
    payload = encoded(codec(density=0.25, bits=2, gap_bits=2, huffman=False), array)
    # Six zeros before the second: a zero is put in after three of them, and two are left.
    codes, gaps = np.array([2, 0, 1, 2], np.uint8), np.array([1, 3, 2, 0], np.uint8)
    head = struct.pack("<HI2f", 2, 4, -0.25, 0.5)
    assert payload.data == head + packing.pack(codes, 2) + packing.pack(gaps, 2)
    coded = encoded(codec(density=0.25, bits=2, gap_bits=2), array)
    assert coded.data == head + huffman_encoded(codes, 4) + huffman_encoded(gaps, 4)


def test_nothing_is_kept_of_zeros() -> None:
    payload = encoded(codec(), np.zeros((3, 4), np.float32))
    assert payload.data == bytes(6)
    assert (codec().axpy(payload, 1.0, np.ones((3, 4)))) == payload


@pytest.mark.parametrize("gap_bits", [1, 4, 8])
def test_what_is_kept_is_the_nearest_shared_value_of_the_largest(gap_bits: int) -> None:
    array = gaussian((60, 70))
    one = codec(density=0.1, bits=4, gap_bits=gap_bits)
    decoded = one.decode(encoded(one, array))
    threshold = np.sort(np.abs(array), axis=None)[-420]
    assert ((decoded != 0) == (np.abs(array) >= threshold)).all()
    shared = np.unique(decoded[decoded != 0])
    assert 13 <= shared.size <= 15
    kept = decoded != 0
    nearest = np.abs(array[kept][:, None] - shared).min(axis=1)
    np.testing.assert_allclose(np.abs(array - decoded)[kept], nearest, atol=1e-6)


def test_an_update_moves_shared_values_by_the_mean() -> None:
    array, update = gaussian((40, 50)), gaussian((40, 50), seed=2)
    one = codec(density=0.2, bits=3)
    payload = encoded(one, array)
    before, after = one.decode(payload), one.decode(one.axpy(payload, -0.5, update))
    for value in np.unique(before[before != 0]):
        own = before == value
        np.testing.assert_allclose(after[own], value - 0.5 * update[own].mean(), atol=1e-6)
    assert (after[before == 0] == 0).all()
    assert one.cost(payload, "axpy").multiplications == 2 * 7


def test_workers_of_one_assignment_have_a_mean() -> None:
    one = codec(density=0.2, bits=3, fixed_assignment=True)
    start = encoded(one, gaussian((40, 50)))
    workers = [one.axpy(start, -0.5, gaussian((40, 50), seed=seed)) for seed in (2, 3, 4)]
    mean = one.average(workers)
    assert mean.nbytes == start.nbytes
    expected = np.mean([one.decode(worker) for worker in workers], axis=0)
    np.testing.assert_allclose(one.decode(mean), expected, atol=1e-7)
    # A mean is trained on and averaged again.
    again = one.average([one.axpy(mean, 1.0, gaussian((40, 50), seed=seed)) for seed in (5, 6)])
    assert again.nbytes == start.nbytes
    assert np.unique(one.decode(again)).size == np.unique(one.decode(start)).size
    with pytest.raises(CodecError, match="share an assignment"):
        one.add(start, encoded(one, gaussian((40, 50), seed=9)))
    assert one.cost(start, "add").additions == 7


#: Layers of AlexNet (Caffe), with the density that pruning leaves (Han et al. 2015, arXiv 1506.02626, table 4).
ALEXNET = [
    (34_848, 0.84), (307_200, 0.38), (884_736, 0.35), (663_552, 0.37), (442_368, 0.37), (37_748_736, 0.09),
    (16_777_216, 0.09), (4_096_000, 0.25),
]  # fmt: skip


def test_alexnet_has_the_size_that_the_paper_reports() -> None:
    sizes = {True: 0.0, False: 0.0}
    for number, (count, density) in enumerate(ALEXNET):
        part = min(count, 300_000)
        weights = gaussian((part,), seed=number)
        for huffman in sizes:
            one = codec(density=density, bits=8 if number < 5 else 5, gap_bits=4, huffman=huffman)
            sizes[huffman] += encoded(one, weights).nbytes * count / part
    # Without Huffman coding 233 MB (of 2**20 bytes, as the paper's 240 of 10**6) become 8.9; places are independent
    # here, and weights Gaussian, where trained ones cluster and have heavier tails.
    assert sizes[False] / 1e6 == pytest.approx(8.9, rel=0.1)
    assert 6.9 < sizes[True] / 1e6 < sizes[False] / 1e6


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (0, struct.pack("<H", 32), "declares 32 values"),
        (0, struct.pack("<H", 0), "declares 0 values"),
        (2, struct.pack("<I", 10**6), "declares"),
        (6, struct.pack("<f", np.inf), "not finite"),
    ],
)
def test_damage_is_named(at: int, value: bytes, words: str) -> None:
    payload = encoded(codec(), gaussian((20, 30)))
    data = payload.data[:at] + value + payload.data[at + len(value) :]
    with pytest.raises(CodecError, match=words):
        codec().open(replace(payload, data=data))


def test_codes_and_gaps_stay_within_what_there_is() -> None:
    one = codec(bits=2, gap_bits=4, huffman=False)
    array = np.zeros(20, np.float32)
    array[4] = 1
    payload = encoded(one, array)
    head = struct.pack("<HIf", 1, 1, 1.0)
    assert payload.data == head + bytes([1, 4])
    for codes, gaps in itertools.product((1, 2), (4, 15)):
        changed: NDArray[Any] | None = None
        try:
            changed = one.decode(replace(payload, shape=(10,), data=head + bytes([codes, gaps])))
        except CodecError as error:
            assert "beyond what there is" in str(error)  # noqa: PT017 - one of four is right
        assert (changed is not None) == (codes == 1 and gaps == 4)
