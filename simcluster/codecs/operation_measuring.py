"""Measures what computing on payloads costs against dense numpy: the operation overhead h of arXiv 1711.10123.

Each operation is timed on the payload, opened before, and on the dense matrix; one that the format does not claim is
decode, operate, and encode where the result is a payload. What a minibatch does with the weights is timed in one go:
open the payload, multiply the inputs, multiply the errors with the transposed matrix, make the weights' gradient (which
touches no weights, and is dense), and update. Nothing is kept from one minibatch to the next, since an update makes
another payload. The quotient of that and the same on the dense matrix is the overhead of the class ``gemm``; a model's
other operations don't touch weights that are compressed.

Dense products are those of the BLAS under numpy; how many threads it may use is part of what was measured.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simcluster.codecs.protocol import Payload
from simcluster.codecs.representation import (
    OPERATIONS,
    Array,
    Cost,
    Opened,
    Operation,
    Representation,
    dense_cost,
    matrix_shape,
)
from simcluster.codecs.spread import Spread
from simcluster.rng import stream

#: Shorter times [s] can't be told from this.
_TICK = 1e-9
#: What the size of an update is multiplied with: no minibatch moves weights much.
_RATE = np.float32(0.01)

Clock = Callable[[], float]
Timed = Callable[[], object]


@dataclass(frozen=True)
class OperationMeasured:
    """One operation on payloads, and on dense matrices.

    Parameters
    ----------
    operation : str
        One of ``OPERATIONS``, or ``minibatch``.
    claimed : bool
        Whether the format does it, or everything in it, without decoding.
    seconds, dense_seconds : Spread [s]
        Time of all tensors together.
    cost, dense : Cost or None
        Counted work of all tensors together; None for a minibatch.
    """

    operation: str
    claimed: bool
    seconds: Spread
    dense_seconds: Spread
    cost: Cost | None = None
    dense: Cost | None = None

    @property
    def overhead(self) -> Spread:
        """Time on payloads / time on dense matrices, repeat by repeat."""
        return Spread(tuple(np.divide(self.seconds.values, self.dense_seconds.values).tolist()))


@dataclass(frozen=True)
class OperationsMeasured:
    """All operations on the payloads of some tensors.

    Parameters
    ----------
    columns : int
        Columns of the operands of ``matmul``, ``rmatmul`` and the minibatch.
    threads : int
        Threads that BLAS may use.
    shapes : tuple of (int, int)
        Rows and columns of the matrices.
    operations : tuple of OperationMeasured
        Those of ``OPERATIONS``.
    minibatch : OperationMeasured
        What a minibatch does with the weights.
    """

    columns: int
    threads: int
    shapes: tuple[tuple[int, int], ...]
    operations: tuple[OperationMeasured, ...]
    minibatch: OperationMeasured

    @property
    def gemm(self) -> Spread:
        """Overhead of the class ``gemm``: of what a minibatch does with the weights."""
        return self.minibatch.overhead

    def composed(self, shares: Mapping[str, float]) -> float:
        """Return h = 1 + sum of share_k * (h_k - 1) for a model's shares, of which ``gemm`` alone is not 1."""
        return 1 + shares.get("gemm", 0.0) * (self.gemm.median - 1)


def measure_operations(
    codec: Representation, tensors: Sequence[Array], columns: int, repeats: int, seed: int, clock: Clock
) -> OperationsMeasured:
    """Measure all operations on the payloads of some tensors.

    Parameters
    ----------
    codec : Representation
        The format.
    tensors : sequence of ndarray
        Matrices; all operations are done on one after the other.
    columns : int
        Columns of the matrix operands.
    repeats : int
        How often everything is timed, after once that is not.
    seed : int
        Seed of the operands, and of the codec's random numbers.
    clock : callable
        Returns a time [s].

    Raises
    ------
    CodecError
        If the codec refuses a tensor.
    """
    trials = [_Trial(codec, tensor, columns, seed) for tensor in tensors if tensor.size]
    operations = tuple(_measured(trials, operation, repeats, clock) for operation in OPERATIONS)
    return OperationsMeasured(
        columns,
        blas_threads(),
        tuple(matrix_shape(trial.tensor.shape) for trial in trials),
        operations,
        OperationMeasured(
            "minibatch",
            {"matmul", "rmatmul", "axpy"} <= codec.algebra,
            _spread([trial.minibatch for trial in trials], repeats, clock),
            _spread([trial.dense_minibatch for trial in trials], repeats, clock),
        ),
    )


def blas_threads() -> int:
    """Return the threads that numpy's BLAS may use: what the environment says, or all cores."""
    names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS")
    said = [os.environ[name] for name in names if os.environ.get(name, "").isdigit()]
    return int(said[0]) if said else os.cpu_count() or 1


class _Trial:
    """One tensor, its payload, its operands, and what is done with them."""

    def __init__(self, codec: Representation, tensor: Array, columns: int, seed: int) -> None:
        self.codec = codec
        self.columns = columns
        self.rng = stream(seed, "operations", "encode")
        self.payload = self._encoded(tensor)
        # What is compared is the same matrix: that which the payload stands for.
        self.tensor = codec.decode(self.payload)
        self.dense = self.tensor.reshape(matrix_shape(tensor.shape))
        self.opened: Opened = codec.open(self.payload)
        draws, (rows, inner) = stream(seed, "operations", "operands"), self.dense.shape
        self.inputs = draws.standard_normal((inner, columns)).astype(self.dense.dtype)
        self.errors = draws.standard_normal((rows, columns)).astype(self.dense.dtype)
        self.update = draws.standard_normal(self.tensor.shape).astype(self.dense.dtype) * _scale(self.tensor)

    def _encoded(self, tensor: Array) -> Payload:
        return self.codec.encode(tensor, self.codec.new_state(tensor.shape), self.rng)

    def on_payload(self, operation: Operation) -> Timed:
        """Return the operation on the payload, or on what it decodes to."""
        codec, payload, opened = self.codec, self.payload, self.opened
        if operation not in codec.algebra:
            dense = self.on_dense(operation)
            if operation in ("matvec", "matmul", "rmatmul"):
                return lambda: (codec.decode(payload), dense())
            again = 2 if operation == "add" else 1
            return lambda: ([codec.decode(payload) for _ in range(again)], dense(), self._encoded(self.tensor))
        match operation:
            case "add":
                return lambda: codec.add(payload, payload)
            case "axpy":
                return lambda: codec.axpy(payload, float(_RATE), self.update)
            case "elementwise":
                return lambda: codec.elementwise(payload, _rectified)
            case "matvec":
                return lambda: opened.matvec(self.inputs[:, 0])
            case "matmul":
                return lambda: opened.matmul(self.inputs)
            case "rmatmul":
                return lambda: opened.rmatmul(self.errors)

    def on_dense(self, operation: Operation) -> Timed:
        """Return the operation on the dense matrix."""
        dense = self.dense
        match operation:
            case "add":
                return lambda: dense + dense
            case "axpy":
                return lambda: self.tensor + _RATE * self.update
            case "elementwise":
                return lambda: _rectified(dense)
            case "matvec":
                vector = np.ascontiguousarray(self.inputs[:, 0])
                return lambda: dense @ vector
            case "matmul":
                return lambda: dense @ self.inputs
            case "rmatmul":
                return lambda: dense.T @ self.errors

    def minibatch(self) -> None:
        """Do what a minibatch does with the weights, on the payload."""
        opened = self.codec.open(self.payload)
        opened.matmul(self.inputs)
        opened.rmatmul(self.errors)
        self._gradient()
        self.on_payload("axpy")()

    def dense_minibatch(self) -> None:
        """Do what a minibatch does with the weights, on the dense matrix."""
        self.on_dense("matmul")()
        self.on_dense("rmatmul")()
        self._gradient()
        self.on_dense("axpy")()

    def _gradient(self) -> Array:
        return np.asarray(self.errors @ self.inputs.T)


def _scale(tensor: Array) -> np.float32:
    return np.float32(math.sqrt(float(np.square(tensor, dtype=np.float64).mean())))


def _rectified(values: Array) -> Array:
    return np.maximum(values, 0)


def _measured(trials: Sequence[_Trial], operation: Operation, repeats: int, clock: Clock) -> OperationMeasured:
    codec = trials[0].codec
    costs = [codec.cost(trial.payload, operation, _columns(trial, operation)) for trial in trials]
    dense = [
        dense_cost(trial.tensor.shape, trial.tensor.itemsize, operation, _columns(trial, operation)) for trial in trials
    ]
    return OperationMeasured(
        operation,
        operation in codec.algebra,
        _spread([trial.on_payload(operation) for trial in trials], repeats, clock),
        _spread([trial.on_dense(operation) for trial in trials], repeats, clock),
        _total(costs),
        _total(dense),
    )


def _columns(trial: _Trial, operation: Operation) -> int:
    return trial.columns if operation in ("matmul", "rmatmul") else 1


def _total(costs: Sequence[Cost]) -> Cost:
    return Cost(
        sum(cost.multiplications for cost in costs),
        sum(cost.additions for cost in costs),
        sum(cost.matrix_bytes for cost in costs),
        sum(cost.vector_bytes for cost in costs),
        any(cost.decoded for cost in costs),
    )


def _spread(tasks: Sequence[Timed], repeats: int, clock: Clock) -> Spread:
    """Return the time [s] that all tasks take, of every repeat but the first."""
    found = []
    for _ in range(repeats + 1):
        begin = clock()
        for task in tasks:
            task()
        found.append(max(clock() - begin, _TICK))
    return Spread(tuple(found[1:]))
