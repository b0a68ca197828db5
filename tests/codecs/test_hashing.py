"""The hashing trick: budgets, shared values, and operations on these."""

from __future__ import annotations

import numpy as np
import pytest

from simcluster.codecs.hashing import Hashing, HashingOptions, hashed
from simcluster.rng import stream
from tests.codecs.cases import encoded, gaussian, values_of
from tests.codecs.oracles import SHAPES, assert_products_are_those_of_the_decoded


def codec(**options: object) -> Hashing:
    return Hashing(HashingOptions.model_validate(options))


def test_the_hash_is_splitmix64() -> None:
    # The first three numbers of SplitMix64 with seed 0, as published with Vigna's C code.
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert hashed(0, 3, 0).tolist() == expected
    assert hashed(1, 3, 0).tolist() == expected[1:]
    assert hashed(0, 3, 1).tolist() != expected


@pytest.mark.parametrize("signed", [True, False])
def test_a_shared_value_is_the_mean_of_its_elements(signed: bool) -> None:
    one, array = codec(budget=0.1, signed=signed), gaussian((30, 20))
    payload = encoded(one, array)
    words = [int(word) for word in hashed(0, 600, 0)]
    buckets = [(word >> 32) * 60 >> 32 for word in words]
    signs = [-1 if signed and word & 1 else 1 for word in words]
    sums, sizes = [0.0] * 60, [0] * 60
    for value, bucket, sign in zip(array.reshape(-1), buckets, signs, strict=True):
        sums[bucket] += sign * float(value)
        sizes[bucket] += 1
    means = [total / max(size, 1) for total, size in zip(sums, sizes, strict=True)]
    np.testing.assert_allclose(np.frombuffer(payload.data, "<f4"), means, rtol=1e-6)
    expected = [sign * means[bucket] for sign, bucket in zip(signs, buckets, strict=True)]
    np.testing.assert_allclose(one.decode(payload).reshape(-1), expected, rtol=1e-6)


@pytest.mark.parametrize("budget", [0.01, 0.125, 0.5])
def test_the_budget_is_kept_and_decides_the_error(budget: float) -> None:
    one, array = codec(budget=budget), gaussian((300, 400))
    payload = encoded(one, array)
    assert payload.nbytes == round(4 * budget * array.size)
    lost = np.square(values_of(one.decode(payload)) - array).sum() / np.square(values_of(array)).sum()
    # Of independent elements, each bucket that isn't empty keeps one direction; exp(-1 / budget) of them are empty.
    assert lost == pytest.approx(1 - budget * (1 - np.exp(-1 / budget)), abs=0.01)


def test_every_bucket_and_sign_is_as_likely() -> None:
    codes = codec(budget=0.01)._codes(1_000_000)
    counts = np.bincount(codes, minlength=20_000)
    assert counts.size == 20_000
    assert np.square(counts - 50).sum() / 50 == pytest.approx(20_000, rel=0.04)  # chi-square, 4 standard deviations


@pytest.mark.parametrize("options", [{}, {"signed": False, "budget": 0.4}, {"budget": 0.9, "seed": 5}], ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_operations_are_those_on_the_decoded(options: dict[str, object], shape: tuple[int, ...]) -> None:
    one = codec(**options)
    payload, other = (encoded(one, gaussian(shape, seed=seed)) for seed in (1, 2))
    update = gaussian(shape, seed=9)
    moved = one.axpy(payload, -0.5, update)
    plain, projected = one.decode(payload), one.decode(encoded(one, update))
    np.testing.assert_allclose(one.decode(moved), plain - np.float32(0.5) * projected, atol=1e-6)
    mean = one.average([payload, other, other])
    for result in (payload, moved, mean, one.axpy(mean, 2.0, update)):
        assert_products_are_those_of_the_decoded(one, result)
    if "elementwise" in one.algebra:
        rectified = one.elementwise(payload, lambda values: np.maximum(values, 0))
        assert (one.decode(rectified) == np.maximum(plain, 0)).all()


def test_with_signs_a_function_of_an_element_is_none_of_the_shared_value() -> None:
    assert "elementwise" not in codec().algebra
    assert "elementwise" in codec(signed=False).algebra


def test_products_cross_blocks_of_rows() -> None:
    one = codec(budget=0.01)
    assert_products_are_those_of_the_decoded(one, encoded(one, gaussian((300, 2000))))


def test_encoding_again_changes_nothing() -> None:
    one = codec(budget=0.2)
    first = one.decode(encoded(one, gaussian((40, 50))))
    again = one.decode(one.encode(first, {}, stream(2, "a", "b")))
    np.testing.assert_allclose(again, first, rtol=1e-6, atol=1e-9)
