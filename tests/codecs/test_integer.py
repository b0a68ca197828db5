"""Fixed point with integer arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simcluster.codecs.errors import CodecError
from simcluster.codecs.fixed_point import FixedPoint, FixedPointOptions
from simcluster.codecs.integer import Integer, IntegerOptions, integer_product
from simcluster.codecs.representation import Opened
from tests.codecs.cases import encoded, gaussian, values_of
from tests.codecs.oracles import SHAPES, assert_products_are_those_of_the_decoded


def codec(width: int = 8, fraction: int = 6) -> Integer:
    return Integer(IntegerOptions(width=width, fraction=fraction))


def test_the_bytes_are_those_of_fixed_point_rounded_to_nearest() -> None:
    other = FixedPoint(FixedPointOptions(width=12, fraction=9, rounding="nearest"))
    array = gaussian((20, 30))
    assert encoded(codec(12, 9), array).data == encoded(other, array).data


def test_by_hand() -> None:
    one = codec(width=4, fraction=1)  # -3.5 to 3.5 in steps of a half
    payload = encoded(one, np.array([[1.0, -2.3, 9.0], [0.2, 0.3, -9.0]], np.float32))
    np.testing.assert_array_equal(one.decode(payload), [[1.0, -2.5, 3.5], [0.0, 0.5, -3.5]])
    moved = one.axpy(payload, 2.0, np.array([[0.5, 0.1, 1.0], [0.13, -1.0, 1.0]], np.float32))
    np.testing.assert_array_equal(one.decode(moved), [[2.0, -2.5, 3.5], [0.5, -1.5, -1.5]])
    rectified = one.elementwise(payload, lambda values: np.maximum(values, 0))
    np.testing.assert_array_equal(one.decode(rectified), [[1.0, 0.0, 3.5], [0.0, 0.5, 0.0]])
    np.testing.assert_array_equal(one.matvec(payload, np.array([2.0, 4.0, 1.0])), [-4.5, -1.5])


@pytest.mark.parametrize(("width", "fraction"), [(8, 6), (2, 1), (16, 13), (11, -2), (9, 40)])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_operations_are_those_on_the_decoded(width: int, fraction: int, shape: tuple[int, ...]) -> None:
    one, step = codec(width, fraction), 2.0**-fraction
    payloads = [encoded(one, gaussian(shape, seed=seed) * np.float32(40 * step)) for seed in (1, 2, 3)]
    mean, limit = one.average(payloads), step * (2 ** (width - 1) - 1)
    update = gaussian(shape, seed=9) * np.float32(10 * step)
    total = one.add(one.add(*payloads[:2]), payloads[2])
    for payload, terms in ((payloads[0], 1), (mean, 1), (total, 3)):  # an update makes an average one term again
        assert_products_are_those_of_the_decoded(one, payload)
        plain = values_of(one.decode(payload))
        reach, half = limit * terms, step / 2
        updated = one.axpy(payload, -0.75, update)
        assert (updated.terms, updated.divisor) == (terms, 1)
        moved = values_of(one.decode(updated))
        error = np.abs(moved - np.clip(plain - 0.75 * update, -reach, reach))
        assert (error <= half * (1 + 1e-5)).all()
        shrunk = one.elementwise(payload, lambda values: np.tanh(values / step) * step)
        error = np.abs(values_of(one.decode(shrunk)) - np.tanh(plain / step) * step)
        assert (error <= step / 2 * (1 + 1e-5)).all()


def test_products_of_integers_are_exact() -> None:
    one, other = codec(16, 12), codec(8, 6)
    weights, inputs = encoded(one, gaussian((70, 5000))), encoded(other, gaussian((9, 5000), seed=2))
    product = integer_product(one._open(weights), other._open(inputs))
    integers = [np.rint(values_of(c.decode(p)) * 2.0**f) for c, p, f in ((one, weights, 12), (other, inputs, 6))]
    exact = integers[0].astype(np.int64) @ integers[1].astype(np.int64).T
    assert (product == exact * 2.0**-18).all()


def test_a_product_of_averages_is_divided() -> None:
    one = codec()
    mean = one.average([encoded(one, gaussian((6, 8), seed=seed)) for seed in (1, 2, 3)])
    opened: Opened = one.open(mean)
    product = integer_product(opened, opened)  # type: ignore[arg-type]
    plain = values_of(one.decode(mean))
    np.testing.assert_allclose(product, plain @ plain.T, rtol=1e-6)


def test_products_that_could_be_inexact_or_do_not_fit_are_refused() -> None:
    one = codec(16, 12)
    small = one._open(encoded(one, gaussian((2, 3))))
    huge = replace(small, levels=np.full((2, 3), 2**40))
    with pytest.raises(CodecError, match="2\\*\\*53"):
        integer_product(huge, huge)
    with pytest.raises(CodecError, match="no product"):
        integer_product(small, one._open(encoded(one, gaussian((2, 4)))))


def test_small_updates_are_lost_by_rounding_to_nearest() -> None:
    one, zero = codec(), encoded(codec(), np.zeros((3, 3), np.float32))
    assert one.axpy(zero, 1.0, np.full((3, 3), 0.49 / 64, np.float32)) == zero
    assert one.axpy(zero, 1.0, np.full((3, 3), 0.51 / 64, np.float32)) != zero
