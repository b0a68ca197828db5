"""Binary and ternary weights, and the rows of bits under them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcluster.codecs import bit_rows
from simcluster.codecs.binary_weights import BinaryWeights, BinaryWeightsOptions, OpenedBinary, binary_product
from simcluster.codecs.errors import CodecError
from simcluster.codecs.ternary_weights import OpenedTernary, TernaryWeights, TernaryWeightsOptions, ternary_product
from simcluster.rng import stream
from tests.codecs.cases import encoded, gaussian, values_of
from tests.codecs.oracles import SHAPES, assert_products_are_those_of_the_decoded, decoded_matrix

Codec = BinaryWeights | TernaryWeights
CODECS: list[Codec] = [
    BinaryWeights(),
    BinaryWeights(BinaryWeightsOptions(rounding="stochastic")),
    BinaryWeights(BinaryWeightsOptions(per="tensor")),
    TernaryWeights(),
    TernaryWeights(TernaryWeightsOptions(rounding="stochastic", per="tensor")),
]
each_codec = pytest.mark.parametrize("codec", CODECS, ids=lambda one: str(one.options))


def test_binary_by_hand() -> None:
    array = np.array([[1, -3, 0, 2], [-4, 0, 0, -4]], np.float32)
    payload = encoded(BinaryWeights(), array)
    assert payload.data == np.array([1.5, 2.0], "<f4").tobytes() + bytes([0b1101, 0b0110])
    expected = [[1.5, -1.5, 1.5, 1.5], [-2, 2, 2, -2]]
    np.testing.assert_array_equal(BinaryWeights().decode(payload), expected)
    np.testing.assert_array_equal(BinaryWeights().matvec(payload, np.array([1.0, 2.0, 4.0, 8.0])), [16.5, -6.0])


def test_ternary_by_hand() -> None:
    # The mean magnitude of the first row is 2, so that 1.4 is the threshold, and (3 + 4) / 2 its scale.
    array = np.array([[1, -3, 0, 4], [-2, 2, 2, -2]], np.float32)
    payload = encoded(TernaryWeights(), array)
    planes = bytes([0b1000, 0b0110, 0b0010, 0b1001])
    assert payload.data == np.array([3.5, 2.0], "<f4").tobytes() + planes
    np.testing.assert_array_equal(TernaryWeights().decode(payload), [[0, -3.5, 0, 3.5], [-2, 2, 2, -2]])
    np.testing.assert_array_equal(TernaryWeights().matvec(payload, np.array([1.0, 2.0, 4.0, 8.0])), [21.0, -6.0])


@each_codec
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_products_are_those_of_the_decoded(codec: Codec, shape: tuple[int, ...]) -> None:
    assert_products_are_those_of_the_decoded(codec, encoded(codec, gaussian(shape)), tolerance=5e-6)


@each_codec
def test_products_cross_blocks_of_rows(codec: Codec) -> None:
    assert_products_are_those_of_the_decoded(codec, encoded(codec, gaussian((300, 2003))), tolerance=5e-6)


@each_codec
def test_neither_a_mean_nor_an_update_is_claimed(codec: Codec) -> None:
    payload = encoded(codec, gaussian((4, 9)))
    with pytest.raises(CodecError, match="can't be added"):
        codec.add(payload, payload)
    with pytest.raises(CodecError, match="can't do axpy"):
        codec.axpy(payload, 1.0, gaussian((4, 9)))
    assert codec.cost(payload, "axpy").decoded


@pytest.mark.parametrize("columns", [1, 8, 63, 64, 65, 1000])
def test_products_of_two_payloads_count_bits(columns: int) -> None:
    weights, inputs = gaussian((20, columns)), gaussian((7, columns), seed=2)
    for codec in CODECS:
        first, second = (encoded(codec, array) for array in (weights, inputs))
        one, two = codec.open(first), codec.open(second)
        if isinstance(one, OpenedBinary) and isinstance(two, OpenedBinary):
            product = binary_product(one, two)
        else:
            assert isinstance(one, OpenedTernary)
            assert isinstance(two, OpenedTernary)
            product = ternary_product(one, two)
        expected = decoded_matrix(codec, first) @ decoded_matrix(codec, second).T
        np.testing.assert_allclose(product, expected, rtol=1e-6, atol=1e-6)


def test_rows_of_other_lengths_have_no_product() -> None:
    one, two = (BinaryWeights()._open(encoded(BinaryWeights(), gaussian((3, n)))) for n in (9, 10))
    with pytest.raises(CodecError, match="no product"):
        binary_product(one, two)


def test_what_no_encoder_writes_is_refused() -> None:
    binary, ternary = encoded(BinaryWeights(), gaussian((2, 5))), encoded(TernaryWeights(), gaussian((2, 5)))
    with pytest.raises(CodecError, match="beyond the last column"):
        BinaryWeights().decode(replace(binary, data=binary.data[:-1] + b"\x20"))
    with pytest.raises(CodecError, match="negative"):
        BinaryWeights().decode(replace(binary, data=np.float32(-1).tobytes() + binary.data[4:]))
    with pytest.raises(CodecError, match="at once"):
        TernaryWeights().decode(replace(ternary, data=ternary.data[:8] + b"\1\0\1\0"))


@each_codec
def test_a_row_of_zeros(codec: Codec) -> None:
    payload = encoded(codec, np.zeros((3, 20), np.float32))
    assert not codec.decode(payload).any()


@settings(max_examples=50, deadline=None)
@given(rows=st.integers(1, 6), columns=st.integers(1, 40), seed=st.integers(0, 1000))
def test_rows_of_bits(rows: int, columns: int, seed: int) -> None:
    draws = stream(seed, "bits", "test")
    first, second = (draws.random((count, columns)) < 0.4 for count in (rows, 4))
    one, two = (bit_rows.read_rows(bit_rows.pack_rows(flags), flags.shape) for flags in (first, second))
    assert (bit_rows.unpack_rows(one, columns) == first).all()
    assert (bit_rows.ones_in_common(one, two) == (first[:, None] & second).sum(axis=-1)).all()
    assert (bit_rows.differences(one, two) == (first[:, None] ^ second).sum(axis=-1)).all()
    vector = draws.standard_normal(columns)
    np.testing.assert_allclose(bit_rows.selected_sums(one, vector), first @ vector, atol=1e-12)


def test_bits_are_counted_without_numpy_2(monkeypatch: pytest.MonkeyPatch) -> None:
    words = stream(1, "bits", "words").integers(2**63, size=(5, 3)).astype(np.uint64)
    expected = [[int(word).bit_count() for word in row] for row in words]
    assert bit_rows._ones(words).tolist() == expected
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    assert bit_rows._ones(words).tolist() == expected


def test_the_scale_is_the_best_for_the_signs() -> None:
    array = gaussian((5, 200))
    decoded = values_of(BinaryWeights().decode(encoded(BinaryWeights(), array)))
    least = np.square(array - decoded).sum()
    for factor in (0.95, 1.05):
        assert np.square(array - factor * decoded).sum() > least
