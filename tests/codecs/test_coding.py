"""Packed integers, bit streams, Elias' and Golomb's codes: against slow and obvious ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcluster.codecs import bits, elias, golomb, packing
from simcluster.codecs.errors import CodecError
from simcluster.rng import stream

#: No deadline: others may be busy on the machine.
examples = settings(deadline=None, max_examples=80)
POSITIVE = st.lists(st.one_of(st.integers(1, 9), st.integers(1, 2**47 - 1)), max_size=200)


def bit_text(data: bytes) -> str:
    """Return bits from the lowest of the first byte on."""
    return "".join(f"{byte:08b}"[::-1] for byte in data)


@examples
@given(st.integers(1, 40), st.data())
def test_packed_codes_come_back(width: int, data: st.DataObject) -> None:
    codes = data.draw(st.lists(st.integers(0, 2**width - 1), max_size=70))
    array = np.array(codes, np.min_scalar_type(2**width - 1))
    packed = packing.pack(array, width)
    assert len(packed) == packing.packed_size(len(codes), width)
    assert packing.unpack(packed, len(codes), width).tolist() == codes


@pytest.mark.parametrize("width", range(1, 8))
def test_narrow_codes_lie_side_by_side(width: int) -> None:
    codes = stream(1, "packing", "codes").integers(0, 2**width, 61).astype(np.uint8)
    expected = "".join(f"{code:0{width}b}"[::-1] for code in codes)
    assert bit_text(packing.pack(codes, width))[: len(expected)] == expected


def test_wide_codes_lie_in_planes() -> None:
    assert packing.pack(np.array([0x123, 0xABC], np.uint16), 12) == bytes([0x23, 0xBC, 0xA1])


@examples
@given(st.lists(st.integers(-5, 5), max_size=50))
def test_levels_come_back_and_are_bounded(levels: list[int]) -> None:
    packed = packing.pack_levels(np.array(levels, np.int8), 5)
    assert packing.unpack_levels(packed, len(levels), 5).tolist() == levels
    if packed and 5 in levels:
        with pytest.raises(CodecError, match="beyond"):
            packing.unpack_levels(packed, len(levels), 4 if packing.level_width(4) == 4 else 5)


@pytest.mark.parametrize(("limit", "width"), [(1, 2), (2, 3), (3, 3), (4, 4), (7, 4), (8, 5), (127, 8), (128, 9)])
def test_a_sum_of_ternaries_needs_the_known_width(limit: int, width: int) -> None:
    assert packing.level_width(limit) == width == math.ceil(math.log2(2 * limit + 1))


def test_a_wrong_length_is_refused() -> None:
    with pytest.raises(CodecError, match="need 2 bytes"):
        packing.unpack(b"123", 3, 5)


@examples
@given(POSITIVE)
def test_the_highest_bit_is_found(numbers: list[int]) -> None:
    assert bits.floor_log2(np.array(numbers, np.int64)).tolist() == [number.bit_length() - 1 for number in numbers]


@examples
@given(st.lists(st.integers(0, 300), max_size=50))
def test_unary_counts_come_back(counts: list[int]) -> None:
    packed = bits.pack_unary(np.array(counts, np.int64))
    assert bit_text(packed).startswith("".join("0" * count + "1" for count in counts))
    assert len(packed) == math.ceil((sum(counts) + len(counts)) / 8)
    read, used = bits.unpack_unary(packed + b"\xff", len(counts))
    assert (read.tolist(), used) == (counts, len(packed))


@examples
@given(st.lists(st.tuples(st.integers(0, 62), st.integers(0, 2**62 - 1)), max_size=80))
def test_codes_of_unequal_length_come_back(codes: list[tuple[int, int]]) -> None:
    widths = np.array([width for width, _ in codes], np.int64)
    values = [value & ((1 << width) - 1) for width, value in codes]
    packed = bits.pack_variable(np.array(values, np.int64), widths)
    expected = "".join(f"{value:0{width}b}"[::-1] for value, width in zip(values, widths, strict=True) if width)
    assert bit_text(packed)[: len(expected)] == expected
    assert len(packed) == math.ceil(len(expected) / 8)
    assert bits.unpack_variable(packed, widths).tolist() == values
    if packed:
        with pytest.raises(CodecError):
            bits.unpack_variable(packed[:-1], widths)


def test_streams_longer_than_a_block_come_back() -> None:
    rng = stream(1, "bits", "long")
    widths = rng.integers(0, 12, 200_001)
    values = rng.integers(0, 2**12, widths.size) & ((1 << widths) - 1)
    assert (bits.unpack_variable(bits.pack_variable(values, widths), widths) == values).all()
    counts = rng.geometric(0.01, 200_001)
    read, _ = bits.unpack_unary(bits.pack_unary(counts), counts.size)
    assert (read == counts).all()


def slow_gamma(number: int) -> str:
    binary = f"{number:b}"
    return "0" * (len(binary) - 1) + binary


def slow_omega(number: int) -> str:
    code = "0"
    while number > 1:
        binary = f"{number:b}"
        code = binary + code
        number = len(binary) - 1
    return code


@examples
@given(POSITIVE)
def test_elias_codes_have_their_lengths_and_come_back(numbers: list[int]) -> None:
    array = np.array(numbers, np.int64)
    assert elias.gamma_bits(array).tolist() == [len(slow_gamma(number)) for number in numbers]
    assert elias.omega_bits(array).tolist() == [len(slow_omega(number)) for number in numbers]
    for pack, unpack, lengths in (
        (elias.pack_gamma, elias.unpack_gamma, elias.gamma_bits(array)),
        (elias.pack_omega, elias.unpack_omega, elias.omega_bits(array)),
    ):
        packed = pack(array)
        # Regrouping fills each stream up to a byte: two of gamma, two for each depth of omega, which are six at most.
        assert math.ceil(lengths.sum() / 8) <= len(packed) <= lengths.sum() // 8 + 12
        read, used = unpack(packed + b"\x5a", len(numbers))
        assert (read.tolist(), used) == (numbers, len(packed))
        if packed:
            with pytest.raises(CodecError):
                unpack(packed[:-1], len(numbers))


def test_known_elias_codes() -> None:
    assert [slow_gamma(n) for n in (1, 2, 5, 9)] == ["1", "010", "00101", "0001001"]
    assert [slow_omega(n) for n in (1, 2, 4, 9, 16)] == ["0", "100", "101000", "1110010", "10100100000"]
    assert bit_text(elias.pack_gamma(np.array([1, 2, 5])))[:6] == "101001"  # unary parts of 1, 2 and 5
    assert bit_text(elias.pack_omega(np.array([1, 4])))[:2] == "01"  # whether there is a group


@pytest.mark.parametrize("data", [b"", b"\0" * 8, b"\0" * 7 + b"\x80"])
def test_a_gamma_code_that_never_ends_is_refused(data: bytes) -> None:
    for number in (1, 10**12):
        with pytest.raises(CodecError):
            elias.unpack_gamma(data, number)


@pytest.mark.parametrize("data", [b"", b"\x01", b"\xff" * 8])
def test_an_omega_code_that_never_ends_is_refused(data: bytes) -> None:
    for number in (1, 10**12):
        with pytest.raises(CodecError):
            elias.unpack_omega(data, number)


def test_golomb_bits_are_the_known_figures() -> None:
    assert golomb.remainder_bits(0.001) == 9
    assert golomb.mean_bits(0.001) == pytest.approx(11.495, abs=0.001)
    assert golomb.remainder_bits(0.01) == 6
    assert golomb.mean_bits(0.01) == pytest.approx(8.11, abs=0.005)
    assert golomb.mean_bits(1) == 1
    assert golomb.mean_bits(0.5) == 2  # unary alone


@pytest.mark.parametrize("density", [0.001, 0.01, 0.3, 0.9])
def test_golomb_bits_are_those_of_real_positions(density: float) -> None:
    positions = np.cumsum(stream(1, "golomb", "positions").geometric(density, 200_000)) - 1
    packed = golomb.pack_positions(positions, golomb.remainder_bits(density))
    assert 8 * len(packed) / positions.size == pytest.approx(golomb.mean_bits(density), rel=0.002)
    entropy = -(density * math.log2(density) + (1 - density) * math.log2(1 - density)) / density
    assert entropy <= golomb.mean_bits(density) * 1.0001


@examples
@given(st.sets(st.integers(0, 500), min_size=1), st.integers(0, 9))
def test_positions_come_back(chosen: set[int], width: int) -> None:
    positions = sorted(chosen)
    packed = golomb.pack_positions(np.array(positions), width)
    assert len(packed) >= golomb.least_size(len(positions), width)
    assert golomb.unpack_positions(packed, len(positions), width, 501).tolist() == positions
    with pytest.raises(CodecError, match="position"):
        golomb.unpack_positions(packed, len(positions), width, positions[-1])
