"""What every representation promises: what it claims on a payload equals decoding and operating."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from simcluster.codecs.errors import CodecError
from simcluster.codecs.protocol import Payload
from simcluster.codecs.representation import (
    OPERATIONS,
    PRODUCTS,
    UPDATES,
    Representation,
    dense_cost,
    matrix_shape,
)
from simcluster.rng import stream
from tests.codecs.cases import ALL_SHAPES, CASES, Case, agreed_payloads, encoded, gaussian, values_of
from tests.codecs.oracles import assert_products_are_those_of_the_decoded, decoded_matrix
from tests.codecs.test_contract import damaged

REPRESENTATIONS = [case for case in CASES if isinstance(case.build(), Representation)]
all_cases = pytest.mark.parametrize("case", REPRESENTATIONS, ids=str)


def built(case: Case) -> Representation:
    codec = case.build()
    assert isinstance(codec, Representation)
    return codec


def few_values(shape: tuple[int, ...], density: float = 0.2, implicit: float = 0.0, seed: int = 1) -> NDArray[Any]:
    """Return a matrix of seven values and one that is more frequent."""
    draws = stream(seed, "few", "values")
    others = draws.integers(1, 8, shape) / 8 - 0.6
    return np.where(draws.random(shape) < density, others, implicit).astype(np.float32)


#: Matrices that formats like, and such that they don't.
ADVERSARIAL: dict[str, NDArray[Any]] = {
    "zeros": np.zeros((6, 9), np.float32),
    "equal": np.full((6, 9), -0.375, np.float32),
    "few": few_values((23, 41)),
    "few-around-another": few_values((40, 17), implicit=0.25),
    "first-row": np.where(np.arange(5)[:, None] == 0, gaussian((5, 30)), 0).astype(np.float32),
    "last-element": np.where(np.arange(99) == 98, 0.5, 0).astype(np.float32).reshape(9, 11),
    "empty-rows-and-columns": np.kron(np.eye(3), [[0, 0, 0], [0, 0.5, 0]]).astype(np.float32),
    "equal-columns": np.repeat(gaussian((70, 1)), 9, axis=1),
    "wide": few_values((2, 700)),
    "tall": few_values((700, 2)),
    "no-zeros": gaussian((13, 8)),
    "one": np.array([[0.125]], np.float32),
}


@all_cases
@pytest.mark.parametrize("name", ADVERSARIAL)
def test_products_of_adversarial_matrices(case: Case, name: str) -> None:
    codec = built(case)
    assert codec.algebra >= PRODUCTS
    assert codec.algebra <= set(OPERATIONS)
    assert_products_are_those_of_the_decoded(codec, encoded(codec, ADVERSARIAL[name]))


@all_cases
@pytest.mark.parametrize("shape", ALL_SHAPES, ids=str)
def test_products_of_all_shapes(case: Case, shape: tuple[int, ...]) -> None:
    codec = built(case)
    assert_products_are_those_of_the_decoded(codec, encoded(codec, few_values(shape)))


@all_cases
@settings(max_examples=10, deadline=None)
@given(
    rows=st.integers(1, 40), columns=st.integers(1, 40), density=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    implicit=st.sampled_from([0.0, 0.5]), seed=st.integers(1, 100),
)  # fmt: skip
def test_products_of_random_matrices(
    case: Case, rows: int, columns: int, density: float, implicit: float, seed: int
) -> None:
    codec = built(case)
    assert_products_are_those_of_the_decoded(
        codec, encoded(codec, few_values((rows, columns), density, implicit, seed))
    )


@all_cases
@pytest.mark.parametrize(("shape", "implicit"), [((23, 41), 0.0), ((17, 9), 0.25), ((300, 1000), 0.0)], ids=str)
def test_products_with_many_columns(case: Case, shape: tuple[int, int], implicit: float) -> None:
    # The last shape is of two strips, the second of which is shorter.
    codec = built(case)
    payload = encoded(codec, few_values(shape, 0.1, implicit))
    dense = decoded_matrix(codec, payload)
    for columns in (6, 45):
        inputs, errors = gaussian((shape[1], columns), seed=3), gaussian((shape[0], columns), seed=4)
        scale = float(np.abs(dense).sum(axis=1).max() + 1)
        np.testing.assert_allclose(codec.matmul(payload, inputs), dense @ inputs, atol=1e-5 * scale)
        np.testing.assert_allclose(codec.rmatmul(payload, errors), dense.T @ errors, atol=1e-4)


@all_cases
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_an_empty_matrix_is_computed_on(case: Case, shape: tuple[int, ...]) -> None:
    codec = built(case)
    payload = encoded(codec, np.zeros(shape, np.float32))
    rows, columns = matrix_shape(shape)
    assert codec.matvec(payload, np.ones(columns, np.float32)).tolist() == [0] * rows
    assert codec.rmatmul(payload, np.ones((rows, 2), np.float32)).shape == (columns, 2)
    assert codec.open(payload).dense().shape == (rows, columns)
    if "elementwise" in codec.algebra:
        assert codec.elementwise(payload, np.abs) == payload
    if "axpy" in codec.algebra:
        assert codec.axpy(payload, 2.0, np.zeros(shape)) == payload


@all_cases
@pytest.mark.parametrize(("dtype", "tolerance"), [("float16", 2e-3), ("float64", 2e-6)])
def test_products_of_other_types(case: Case, dtype: str, tolerance: float) -> None:
    codec = built(case)
    payload = encoded(codec, few_values((16, 20)).astype(dtype))
    assert_products_are_those_of_the_decoded(codec, payload, tolerance)
    expected = "float64" if dtype == "float64" else "float32"
    assert codec.matvec(payload, np.ones(20, dtype)).dtype == expected


@all_cases
def test_operands_without_columns_and_in_any_layout(case: Case) -> None:
    codec = built(case)
    payload = encoded(codec, few_values((12, 15)))
    dense, operand = decoded_matrix(codec, payload), gaussian((20, 30))
    assert codec.matmul(payload, np.zeros((15, 0), np.float32)).shape == (12, 0)
    view = operand.T[::2, ::3]
    original = view.copy()
    np.testing.assert_allclose(codec.matmul(payload, view), dense @ view, atol=1e-4)
    np.testing.assert_allclose(codec.rmatmul(payload, operand[:12, ::-1]), dense.T @ operand[:12, ::-1], atol=1e-4)
    assert (view == original).all()


@all_cases
def test_operands_that_do_not_fit_are_refused(case: Case) -> None:
    codec = built(case)
    payload = encoded(codec, few_values((12, 15)))
    wrong: list[tuple[Callable[[Payload, Any], Any], tuple[int, ...]]] = [
        (codec.matvec, (12,)), (codec.matvec, (15, 1)), (codec.matmul, (15,)), (codec.matmul, (12, 3)),
        (codec.rmatmul, (15, 3)),
    ]  # fmt: skip
    for operation, shape in wrong:
        with pytest.raises(CodecError, match="expected floats of shape"):
            operation(payload, np.ones(shape))
    with pytest.raises(CodecError, match="int64"):
        codec.matvec(payload, np.ones(15, np.int64))


@all_cases
def test_an_average_is_computed_on(case: Case) -> None:
    codec = built(case)
    if "add" not in codec.algebra:
        return
    mean = codec.average(agreed_payloads(codec, [few_values((23, 41), seed=seed) for seed in (1, 2, 3)]))
    assert_products_are_those_of_the_decoded(codec, mean)
    decoded = values_of(codec.decode(mean))
    if "elementwise" in codec.algebra and case.name != "integer":
        squared = codec.elementwise(mean, np.square)
        assert squared.divisor == 1
        np.testing.assert_allclose(codec.decode(squared), decoded**2, atol=1e-6)


@all_cases
def test_averaging_and_updating_go_on_for_ever(case: Case) -> None:
    codec = built(case)
    if not {"add", "axpy"} <= codec.algebra:
        return
    start = encoded(codec, few_values((23, 41)))
    size = start.nbytes
    # What a format keeps of an update, and of a mean, is its own law; what is asked is that nothing grows.
    for step in range(3):
        workers = [codec.axpy(start, 0.25, gaussian((23, 41), seed=10 * step + worker)) for worker in range(3)]
        mean = codec.average(workers)
        start = codec.axpy(mean, 0.0, np.zeros((23, 41)))
        assert (start.terms, start.divisor) == (1, 1)
        assert start.nbytes == size
        error = 2.0 ** -(codec.options.model_dump()["fraction"] + 1) if case.name == "integer" else 0
        np.testing.assert_allclose(codec.decode(start), codec.decode(mean), atol=error + 1e-6)


@all_cases
@pytest.mark.parametrize("name", ["few", "few-around-another", "zeros", "no-zeros", "tall"])
def test_elementwise_functions(case: Case, name: str) -> None:
    codec, array = built(case), ADVERSARIAL[name]
    payload = encoded(codec, array)
    if "elementwise" not in codec.algebra:
        with pytest.raises(CodecError, match="can't do elementwise"):
            codec.elementwise(payload, np.abs)
        return
    plain = codec.decode(payload)
    # What is rounded to steps again is rounded by half of one.
    step = 2.0 ** -codec.options.model_dump()["fraction"] if case.name == "integer" else 1e-6
    for function in (lambda x: np.maximum(x, 0), np.tanh, lambda x: x * np.float32(0.5)):
        np.testing.assert_allclose(codec.decode(codec.elementwise(payload, function)), function(plain), atol=step)
    try:
        moved = codec.elementwise(payload, np.cos)
    except CodecError as error:
        assert "moves zero" in str(error)  # noqa: PT017 - either is right, and each has its law
    else:
        np.testing.assert_allclose(codec.decode(moved), np.cos(plain), atol=step)


@all_cases
def test_functions_that_are_none_are_refused(case: Case) -> None:
    codec = built(case)
    if "elementwise" not in codec.algebra:
        return
    payload = encoded(codec, few_values((12, 15)))
    for function in (np.sum, lambda x: x[:-1], lambda x: x * np.inf):
        with pytest.raises(CodecError), np.errstate(all="ignore"):
            codec.elementwise(payload, function)


@all_cases
def test_updates_are_checked(case: Case) -> None:
    codec = built(case)
    payload = encoded(codec, few_values((12, 15)))
    if "axpy" not in codec.algebra:
        with pytest.raises(CodecError, match="can't do axpy"):
            codec.axpy(payload, 1.0, np.ones((12, 15)))
        return
    assert codec.decode(codec.axpy(payload, 0.0, gaussian((12, 15)))).tolist() == codec.decode(payload).tolist()
    for scale, update in ((1.0, np.ones((15, 12))), (np.inf, np.ones((12, 15))), (1.0, np.full((12, 15), np.nan))):
        with pytest.raises(CodecError):
            codec.axpy(payload, scale, update)


def test_an_update_of_a_fixed_pattern_changes_what_is_held() -> None:
    codec = built(Case("csr", {"fixed_pattern": True}))
    array, update = few_values((23, 41)), gaussian((23, 41), seed=5)
    moved = codec.decode(codec.axpy(encoded(codec, array), -0.5, update))
    np.testing.assert_allclose(moved, np.where(array != 0, array - 0.5 * update, 0), atol=1e-7)
    plain = gaussian((4, 5))
    np.testing.assert_allclose(
        codec.decode(codec.axpy(encoded(codec, plain), 2.0, update[:4, :5])), plain + 2 * update[:4, :5], atol=1e-6
    )
    assert "axpy" not in built(Case("csr", {})).algebra


@all_cases
def test_counts_of_operations_are_said(case: Case) -> None:
    codec = built(case)
    payload = encoded(codec, few_values((40, 60), 0.1))
    for operation in OPERATIONS:
        cost = codec.cost(payload, operation)
        assert cost.decoded == (operation not in codec.algebra)
        assert cost.bytes_touched == cost.matrix_bytes + cost.vector_bytes
        assert cost.bytes_touched > 0
        if cost.decoded:
            dense = dense_cost((40, 60), 4, operation)
            assert (cost.multiplications, cost.additions) == (dense.multiplications, dense.additions)
            transcoded = (2 if operation == "add" else 1) + (operation in UPDATES)
            assert cost.matrix_bytes == dense.matrix_bytes + transcoded * (payload.nbytes + 4 * 2400)
    one, eight = codec.cost(payload, "matmul", 1), codec.cost(payload, "matmul", 8)
    assert one == codec.cost(payload, "matvec")
    assert eight.additions > one.additions or one.additions == 0


def test_a_dense_product_counts_each_element_once() -> None:
    cost = dense_cost((3, 5), 4, "matmul", 2)
    assert (cost.multiplications, cost.additions) == (30, 30)
    assert (cost.matrix_bytes, cost.vector_bytes) == (60, 4 * (30 + 6))
    assert dense_cost((3, 5), 4, "rmatmul", 2).vector_bytes == 4 * (30 + 10)
    assert dense_cost((3, 5), 4, "axpy").matrix_bytes == 3 * 60
    assert dense_cost((3, 5), 4, "elementwise").bytes_touched == 2 * 60


@all_cases
@settings(max_examples=15, deadline=None)
@given(position=st.integers(0, 10**6), value=st.integers(0, 255), length=st.integers(1, 40))
def test_a_damaged_payload_is_refused_or_computed_on(case: Case, position: int, value: int, length: int) -> None:
    codec = built(case)
    for payload in damaged(encoded(codec, few_values((9, 13), 0.1)), position, value, length):
        try:
            dense = values_of(codec.decode(payload))
        except CodecError:
            assert refused(codec, payload)
            continue
        if np.abs(dense).max() < 1e15:
            product = codec.matvec(payload, np.ones(13, np.float32))
            np.testing.assert_allclose(product, dense.sum(axis=1), atol=1e-4 * (np.abs(dense).sum() + 1))


def refused(codec: Representation, payload: Payload) -> bool:
    """Return whether a payload is refused, at the latest where its dense matrix is not finite."""
    try:
        with np.errstate(all="ignore"):
            dense = codec.open(payload).dense().astype(payload.dtype)
    except CodecError:
        return True
    return not np.isfinite(dense).all()


@all_cases
def test_an_opened_payload_is_checked_as_a_decoded_one(case: Case) -> None:
    codec = built(case)
    payload = encoded(codec, few_values((16, 24)))
    for data in (payload.data[:-1], payload.data + b"\0", payload.data[:3], b""):
        with pytest.raises(CodecError):
            codec.open(replace(payload, data=data))
    with pytest.raises(CodecError, match="agreement"):
        codec.open(replace(payload, agreed=b"else"))
    with pytest.raises(CodecError):
        codec.open(Payload(b"\0", (0, 4), payload.dtype))
