"""Frequency coding: the transform, the zone that is kept, and products in frequencies."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st

from simcluster.codecs.dct import Dct, DctOptions, cosines
from tests.codecs.cases import encoded, gaussian, values_of
from tests.codecs.oracles import SHAPES, assert_products_are_those_of_the_decoded


def codec(**options: object) -> Dct:
    return Dct(DctOptions.model_validate(options))


@pytest.mark.parametrize("size", [1, 2, 3, 8, 16, 31])
def test_the_transform_is_the_orthonormal_dct_2(size: int) -> None:
    array = values_of(gaussian((size,)))
    np.testing.assert_allclose(cosines(size, size) @ array, scipy.fft.dct(array, norm="ortho"), atol=1e-12)
    np.testing.assert_allclose(cosines(size, size) @ cosines(size, size).T, np.eye(size), atol=1e-12)


def test_a_kernels_low_frequencies_are_kept() -> None:
    array = gaussian((4, 3, 5, 7))
    payload = encoded(codec(kept=0.5), array)
    spectrum = scipy.fft.dctn(values_of(array), axes=(2, 3), norm="ortho")[:, :, :3, :4]
    np.testing.assert_allclose(np.frombuffer(payload.data, "<f4").reshape(4, 3, 3, 4), spectrum, atol=1e-6)


def test_blocks_of_a_matrix_by_hand() -> None:
    # One block of 2 x 2 and remainders; of each block of two, the mean times sqrt(2) is kept.
    array = np.array([[1, 3, 5], [5, 7, 1], [2, 4, 9]], np.float32)
    one = codec(kept=0.5, block=2)
    payload = encoded(one, array)
    halves = [8, 6 / math.sqrt(2), 6 / math.sqrt(2), 9]
    np.testing.assert_allclose(np.frombuffer(payload.data, "<f4"), halves, rtol=1e-6)
    np.testing.assert_allclose(one.decode(payload), [[4, 4, 3], [4, 4, 3], [3, 3, 9]], rtol=1e-6)


def test_smooth_kernels_lose_little_and_noise_loses_its_share() -> None:
    across = np.linspace(-1, 1, 11)
    bump = np.exp(-4 * np.square(across[:, None]) - np.square(across[None, :]))
    smooth = (gaussian((16, 4, 1, 1)) * bump).astype(np.float32)
    one = codec(kept=0.5)
    for array, least, most in ((smooth, 0.0, 1e-3), (gaussian((16, 4, 11, 11)), 0.65, 0.75)):
        payload = encoded(one, array)
        assert payload.nbytes == 4 * 16 * 4 * 6 * 6
        lost = np.square(values_of(one.decode(payload)) - array).sum() / np.square(values_of(array)).sum()
        assert least <= lost <= most


def test_what_is_lost_is_orthogonal_to_what_is_kept() -> None:
    one, array = codec(kept=0.4, block=7), gaussian((40, 30))
    decoded = values_of(one.decode(encoded(one, array)))
    assert abs((decoded * (array - decoded)).sum()) < 1e-4 * np.square(decoded).sum()


@pytest.mark.parametrize("options", [{}, {"kept": 0.3, "block": 5}, {"kept": 1.0, "block": 2}], ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_operations_are_those_on_the_decoded(options: dict[str, object], shape: tuple[int, ...]) -> None:
    one = codec(**options)
    payload, other = (encoded(one, gaussian(shape, seed=seed)) for seed in (1, 2))
    update = gaussian(shape, seed=9)
    moved = one.axpy(payload, -0.5, update)
    projected = one.decode(encoded(one, update))
    np.testing.assert_allclose(one.decode(moved), one.decode(payload) - np.float32(0.5) * projected, atol=2e-6)
    mean = one.average([payload, other, other])
    for result in (payload, moved, mean, one.axpy(mean, 2.0, update)):
        assert_products_are_those_of_the_decoded(one, result, tolerance=5e-6)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple),
    kept=st.floats(0.01, 1),
    block=st.integers(2, 12),
)
def test_any_shape(shape: tuple[int, ...], kept: float, block: int) -> None:
    one = codec(kept=kept, block=block)
    assert_products_are_those_of_the_decoded(one, encoded(one, gaussian(shape)), tolerance=5e-6)


def test_a_product_takes_fewer_operations_than_a_dense_one() -> None:
    payload = encoded(codec(), gaussian((512, 512)))
    cost = codec().cost(payload, "matmul", 64)
    # Kept: 256 x 256 coefficients. Either transform: 256 coefficients of blocks of 16, for 64 columns.
    assert cost.multiplications == 64 * (256 * 256 + 2 * 256 * 16)
    assert cost.multiplications < 0.4 * 64 * 512 * 512
