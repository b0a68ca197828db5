"""Low rank: how near the factors come, sums side by side, and recompression."""

from __future__ import annotations

import numpy as np
import pytest

from simcluster.codecs.low_rank import LowRank, LowRankOptions
from simcluster.rng import stream
from tests.codecs.cases import encoded, gaussian, values_of
from tests.codecs.oracles import SHAPES, assert_products_are_those_of_the_decoded, decoded_matrix


def codec(rank: int = 3) -> LowRank:
    return LowRank(LowRankOptions(rank=rank))


def rng() -> np.random.Generator:
    return stream(1, "low-rank", "test")


def best_error(array: np.ndarray, rank: int) -> float:
    """Return the Frobenius norm of what the best approximation loses (Eckart, Young 1936)."""
    weights = np.linalg.svd(values_of(array), compute_uv=False)
    return float(np.sqrt(np.square(weights[rank:]).sum()))


def test_a_matrix_of_that_rank_is_kept() -> None:
    array = gaussian((60, 3), seed=1) @ gaussian((3, 80), seed=2)
    payload = encoded(codec(), array)
    assert payload.nbytes == 4 * 3 * (60 + 80)
    np.testing.assert_allclose(codec().decode(payload), array, atol=1e-6)


@pytest.mark.parametrize("rank", [1, 5, 20])
def test_the_error_is_nearly_the_least(rank: int) -> None:
    decay = np.float32(0.9) ** np.arange(100)
    array = ((gaussian((150, 100)) * decay) @ gaussian((100, 120), seed=2)).astype(np.float32)
    error = np.linalg.norm(values_of(codec(rank).decode(encoded(codec(rank), array))) - array)
    least = best_error(array, rank)
    assert least * (1 - 1e-6) <= error <= 1.01 * least


def test_a_narrow_sketch_is_exact() -> None:
    array = gaussian((9, 200))
    error = np.linalg.norm(values_of(codec().decode(encoded(codec(), array))) - array)
    assert error == pytest.approx(best_error(array, 3), rel=1e-5)


@pytest.mark.parametrize("rank", [1, 3])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_operations_are_those_on_the_decoded(rank: int, shape: tuple[int, ...]) -> None:
    one = codec(rank)
    payloads = [encoded(one, gaussian(shape, seed=seed)) for seed in (1, 2, 3)]
    mean = one.average(payloads)
    for result in (payloads[0], one.add(*payloads[:2]), mean):
        assert_products_are_those_of_the_decoded(one, result)
    expected = sum(decoded_matrix(one, payload) for payload in payloads) / 3
    np.testing.assert_allclose(decoded_matrix(one, mean), expected, atol=1e-6)


def test_a_sum_grows_and_recompression_brings_it_back() -> None:
    one = codec()
    payloads = [encoded(one, gaussian((40, 50), seed=seed)) for seed in range(4)]
    mean = one.average(payloads)
    assert mean.nbytes == 4 * payloads[0].nbytes
    small = one.recompress(mean, rng())
    assert (small.nbytes, small.terms, small.divisor) == (payloads[0].nbytes, 1, 1)
    lost = np.linalg.norm(decoded_matrix(one, small) - decoded_matrix(one, mean))
    assert lost <= 1.01 * best_error(decoded_matrix(one, mean), 3)


@pytest.mark.parametrize("shape", [(), (7,), (2, 2), (0, 3)])
def test_recompression_of_what_is_kept_whole(shape: tuple[int, ...]) -> None:
    one = codec()
    mean = one.average([encoded(one, gaussian(shape, seed=seed)) for seed in (1, 2)])
    small = one.recompress(mean, rng())
    assert (small.terms, small.divisor) == (1, 1)
    np.testing.assert_allclose(one.decode(small), one.decode(mean), rtol=1e-6)


def test_costs_by_hand() -> None:
    payload = encoded(codec(), gaussian((40, 50)))
    cost = codec().cost(payload, "matmul", 7)
    assert (cost.multiplications, cost.matrix_bytes, cost.decoded) == (3 * 90 * 7, 4 * 3 * 90, False)
    assert codec().cost(payload, "axpy").decoded
