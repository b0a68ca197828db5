"""Measuring what computing on payloads costs: the overhead h, its counts, and what counts weigh."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simcluster.codecs.energy import energy
from simcluster.codecs.measuring import measure
from simcluster.codecs.operation_measuring import (
    OperationsMeasured,
    _Trial,
    blas_threads,
    measure_operations,
)
from simcluster.codecs.operation_text import Shares, factor_text, overhead_setting, overhead_text
from simcluster.codecs.protocol import Payload
from simcluster.codecs.representation import OPERATIONS, PRODUCTS, Cost, Operation, dense_cost
from simcluster.codecs.spread import Spread
from tests.codecs.cases import Case
from tests.codecs.test_representation import REPRESENTATIONS, built, few_values

TENSORS = [few_values((30, 40)), few_values((8, 3, 3, 3))]


def ticks(*steps: float) -> Callable[[], float]:
    """Return a clock that goes on by these steps, over and over."""
    return itertools.accumulate(itertools.cycle(steps), initial=0.0).__next__


def measured(case: Case, clock: Callable[[], float], repeats: int = 2) -> OperationsMeasured:
    return measure_operations(built(case), TENSORS, 5, repeats, 0, clock)


@pytest.mark.parametrize("case", REPRESENTATIONS, ids=str)
def test_all_operations_are_timed(case: Case) -> None:
    codec, found = built(case), measured(case, ticks(0.5))
    assert [one.operation for one in found.operations] == list(OPERATIONS)
    assert {one.operation for one in found.operations if one.claimed} == codec.algebra
    assert found.minibatch.claimed == ("axpy" in codec.algebra)
    assert found.shapes == ((30, 40), (8, 27))
    for one in (*found.operations, found.minibatch):
        assert one.seconds == one.dense_seconds == Spread((0.5, 0.5))
        assert one.overhead.values == (1, 1)


def test_counts_are_those_of_all_tensors() -> None:
    case = Case("csr", {})
    payloads = [built(case).encode(tensor, {}, np.random.default_rng(0)) for tensor in TENSORS]
    for one in measured(case, ticks(0.5)).operations:
        operation: Any = one.operation
        columns = 5 if operation in ("matmul", "rmatmul") else 1
        assert one.cost is not None
        assert one.dense is not None
        costs = [built(case).cost(payload, operation, columns) for payload in payloads]
        assert one.cost.bytes_touched == sum(cost.bytes_touched for cost in costs)
        assert one.cost.multiplications == sum(cost.multiplications for cost in costs)
        dense = [dense_cost(tensor.shape, 4, operation, columns) for tensor in TENSORS]
        assert one.dense.additions == sum(cost.additions for cost in dense)
        assert one.cost.decoded is not one.claimed


def test_the_overhead_is_composed_by_the_shares() -> None:
    # Looks at the clock come in pairs, the times of payloads before those of dense matrices: 3 s, then 2 s, each twice.
    found = measured(Case("csr", {}), ticks(3, 0, 3, 0, 2, 0, 2, 0), repeats=1)
    assert found.gemm.median == 1.5
    assert found.composed({"gemm": 0.8, "pooling": 0.2}) == pytest.approx(1 + 0.8 * 0.5)
    assert found.composed({"recurrent": 1.0}) == 1
    assert overhead_setting(found, None) == {"gemm": 1.5}
    assert overhead_setting(found, Shares("a-model", {"gemm": 0.8})) == 1.4
    assert "takes 1.5 times as long as dense, 5 columns, with an update that decodes" in overhead_text(found)
    assert factor_text(Spread((1.25, 1.0, 2.0))) == "1 to 2"


@pytest.mark.parametrize("case", [one for one in REPRESENTATIONS if one.name != "integer"], ids=str)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_timed_on_payloads_is_what_is_timed_densely(case: Case, operation: Operation) -> None:
    codec = built(case)
    trial = _Trial(codec, TENSORS[0], 5, seed=0)
    result, expected = trial.on_payload(operation)(), trial.on_dense(operation)()
    if operation not in codec.algebra:
        assert isinstance(result, tuple)
        assert (result[1] == expected).all()
        assert len(result) == (2 if operation in PRODUCTS else 3)
        return
    found: NDArray[Any] = np.asarray(codec.decode(result) if isinstance(result, Payload) else result)
    if operation == "axpy":
        # Formats keep what they can of an update, which is small: each has its own law, tested elsewhere.
        assert np.abs(found - expected).max() <= 0.05 * np.abs(trial.tensor).max() + 1e-6
    elif operation != "elementwise" or case.name not in ("dct", "hashing"):
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_wire_codecs_have_no_overhead() -> None:
    assert measure(Case("fp16", {}).build(), {"x": TENSORS[0]}, "x", repeats=1).operations is None


def test_threads_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert blas_threads() >= 1
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert blas_threads() == 3


def test_energy_weighs_counts_by_the_memory_they_go_to() -> None:
    cost = Cost(1000, 2000, 400, 4000)
    arithmetic = 1000 * 3.7e-12 + 2000 * 0.9e-12
    assert energy(cost, 8192, 8192) == pytest.approx(arithmetic + 100 * 5e-12 + 1000 * 5e-12)
    assert energy(cost, 2**20, 8193) == pytest.approx(arithmetic + 100 * 50e-12 + 1000 * 10e-12)
    assert energy(cost, 2**20 + 1, 2**15 + 1) == pytest.approx(arithmetic + 100 * 640e-12 + 1000 * 50e-12)
