"""Codecs whose payloads can be computed on: the candidates for a homomorphic compression (arXiv 1711.10123, section 5).

A tensor is a matrix whose rows are its first axis and whose columns are all the others, flattened in C order; a vector
or a scalar is a matrix of one row. So a layer's weights, outputs first, multiply its inputs, and a convolution's
multiply the columns of im2col.

A payload is *opened* once: its bytes become arrays, as strictly checked as by decoding, and products run on these
without the dense matrix. An operation that a format does not claim is decode, operate, and encode again if the result
is a payload; ``cost`` counts that, and says so.

A count of operations is an argument about energy (seed 002): one multiplication or addition for each that the algorithm
of the format's paper does, and every byte that it reads or writes. The matrix counts once however many columns it is
multiplied with; the operand and the result count at every use, as if no cache kept them. Left out: instructions that
only move pointers.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.errors import CodecError
from simcluster.codecs.protocol import Codec, Payload, overflow_refused

Array = NDArray[Any]
Function = Callable[[Array], Array]
Operation = Literal["add", "axpy", "matvec", "matmul", "rmatmul", "elementwise"]
#: What a representation may claim in ``algebra``.
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
#: Those whose result is a payload again.
UPDATES: frozenset[Operation] = frozenset({"add", "axpy", "elementwise"})
PRODUCTS: frozenset[Operation] = frozenset({"matvec", "matmul", "rmatmul"})


@dataclass(frozen=True)
class Cost:
    """Counted work of one operation.

    Parameters
    ----------
    multiplications, additions : int
        Arithmetic operations; an evaluation of an elementwise function counts as a multiplication.
    matrix_bytes : int [B]
        Bytes read and written of the matrix, as the format stores it.
    vector_bytes : int [B]
        Bytes read and written of operands, partial sums and results.
    decoded : bool
        Whether the format can't do it, so that decoding, operating on the dense matrix, and encoding are counted.
    """

    multiplications: int
    additions: int
    matrix_bytes: int
    vector_bytes: int = 0
    decoded: bool = False

    @property
    def bytes_touched(self) -> int:
        """All bytes read and written [B]."""
        return self.matrix_bytes + self.vector_bytes


@dataclass(frozen=True)
class Opened(ABC):
    """A payload's arrays, checked. Each format adds its own as fields, and implements the methods with an underscore.

    These compute on the values before the division by ``divisor``, which an average leaves to its reader.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the matrix.
    dtype : numpy.dtype
        Type of the tensor; products have it, or the operand's if that is wider.
    divisor : int
        What the values are divided by.
    """

    shape: tuple[int, int]
    dtype: np.dtype[Any]
    divisor: int = field(default=1, kw_only=True)

    def matvec(self, vector: Array) -> Array:
        """Return the matrix times a vector, shape (columns,), as an array of shape (rows,)."""
        return self._product(vector, 1, 1)[:, 0]

    def matmul(self, matrix: Array) -> Array:
        """Return the matrix times another, shape (columns, n), as an array of shape (rows, n)."""
        return self._product(matrix, 1, 2)

    def rmatmul(self, matrix: Array) -> Array:
        """Return the transposed matrix times another, shape (rows, n), as an array of shape (columns, n).

        The product of the backward pass: gradients of a layer's outputs to gradients of its inputs.
        """
        return self._product(matrix, 0, 2)

    @abstractmethod
    def dense(self) -> Array:
        """Return the matrix, before any division, in a fresh array of ``shape``."""

    @abstractmethod
    def _matmul(self, matrix: Array) -> Array:
        """Return the matrix times an array of shape (columns, n), n >= 1, of its type, C-contiguous."""

    @abstractmethod
    def _rmatmul(self, matrix: Array) -> Array:
        """Return the transposed matrix times an array of shape (rows, n), n >= 1, of its type, C-contiguous."""

    def _product(self, operand: Array, axis: int, dimensions: int) -> Array:
        operand = np.asarray(operand)
        if operand.ndim != dimensions or operand.shape[0] != self.shape[axis] or operand.dtype.kind != "f":
            side = f"{self.shape[axis]}" if dimensions == 1 else f"{self.shape[axis]}, n"
            raise CodecError(f"expected floats of shape ({side}), not {operand.dtype} of shape {operand.shape}")
        # Sums of half precision are kept in single precision, as everywhere in the codecs.
        kind = np.result_type(self.dtype, operand.dtype, np.float32)
        wide = np.ascontiguousarray(operand[:, None] if dimensions == 1 else operand, kind)
        shape = (self.shape[1 - axis], wide.shape[1])
        if not (wide.size and math.prod(self.shape)):
            return np.zeros(shape, kind)
        product = (self._matmul if axis else self._rmatmul)(wide)
        if self.divisor != 1:
            product = product / kind.type(self.divisor)
        return product.reshape(shape).astype(kind, copy=False)


@dataclass(frozen=True)
class Empty(Opened):
    """A matrix without elements."""

    def dense(self) -> Array:
        """Return the empty matrix."""
        return np.empty(self.shape, self.dtype)

    def _matmul(self, matrix: Array) -> Array:
        return np.zeros((self.shape[0], matrix.shape[1]), matrix.dtype)

    def _rmatmul(self, matrix: Array) -> Array:
        return np.zeros((self.shape[1], matrix.shape[1]), matrix.dtype)


class Representation(Codec):
    """Base of codecs with an algebra: ``algebra`` holds names of ``OPERATIONS``.

    A representation implements ``_encode`` and ``_open``; besides ``_sum``, ``_axpy``, ``_elementwise`` and ``_count``
    for what it claims. All products come from its opened form: a format that claims one product claims them as its
    ``Opened`` can do them.
    """

    def open(self, payload: Payload) -> Opened:
        """Return the arrays of a payload, for products.

        Raises
        ------
        CodecError
            As ``decode``.
        """
        shape = matrix_shape(payload.shape)
        if not payload.count:
            self.decode(payload)
            return Empty(shape, payload.dtype)
        if len(payload.agreed) != sum(agreement.nbytes for agreement in self.rounds(payload.shape)):
            raise CodecError(f"{self.name}: the payload's agreement is not one about a tensor of shape {payload.shape}")
        with np.errstate(all="ignore"):
            return replace(self._open(payload), divisor=payload.divisor)

    def matvec(self, payload: Payload, vector: Array) -> Array:
        """Return the matrix times a vector, without decoding.

        Raises
        ------
        CodecError
            If the format does not claim it, the payload is corrupt, or the vector does not fit.
        """
        return self._opened_for("matvec", payload).matvec(vector)

    def matmul(self, payload: Payload, matrix: Array) -> Array:
        """Return the matrix times another, without decoding; raises as ``matvec``."""
        return self._opened_for("matmul", payload).matmul(matrix)

    def rmatmul(self, payload: Payload, matrix: Array) -> Array:
        """Return the transposed matrix times another, without decoding; raises as ``matvec``."""
        return self._opened_for("rmatmul", payload).rmatmul(matrix)

    def axpy(self, payload: Payload, scale: float, update: Array) -> Payload:
        """Return a payload that decodes to the matrix plus ``scale * update``: a weight update.

        The result is what the format can hold of it: an encoding is lossless, or has its error law. That of an average
        is no average any more, but one term as a worker's own: so updating and averaging can go on for ever.

        Raises
        ------
        CodecError
            If the format does not claim it, the payload is corrupt, or the update is no finite tensor of its shape.
        """
        self._claimed("axpy")
        values = self._checked(np.asarray(update, payload.dtype))
        if values.shape != payload.shape or not math.isfinite(scale):
            raise CodecError(f"{self.name}: expected a finite scale and an update of shape {payload.shape}")
        if not payload.count:
            return payload
        with overflow_refused(self.name):
            return replace(payload, data=self._axpy(payload, scale, values), divisor=1, terms=terms_after(payload))

    def elementwise(self, payload: Payload, function: Function) -> Payload:
        """Return a payload that decodes to ``function`` of every element, such as a rectifier or a decay.

        Parameters
        ----------
        payload : Payload
            What it is applied to.
        function : callable
            Takes an array of any shape, of the tensor's type, and returns one of that shape: element by element.

        Raises
        ------
        CodecError
            If the format does not claim it, the payload is corrupt, the function returns another shape or a value that
            is not finite, or it moves zero and the format does not store zeros.
        """
        self._claimed("elementwise")
        if not payload.count:
            return payload

        def checked(values: Array) -> Array:
            values = divided(values, payload)
            result = np.asarray(function(values))
            if result.shape != values.shape or not np.isfinite(result).all():
                raise CodecError(f"{self.name}: the function does not return one finite number for each")
            return result.astype(values.dtype)

        with overflow_refused(self.name):
            data = self._elementwise(payload, checked)
            return replace(payload, data=data, divisor=1, terms=terms_after(payload))

    def cost(self, payload: Payload, operation: Operation, columns: int = 1) -> Cost:
        """Return the counted work of an operation on a payload.

        Parameters
        ----------
        payload : Payload
            The matrix.
        operation : str
            One of ``OPERATIONS``; the other operand of ``add`` is taken to be like the payload.
        columns : int
            Columns of the matrix it is multiplied with; 1 for ``matvec``.

        Returns
        -------
        Cost
            That of the format's algorithm if it claims the operation; else that of decoding, operating on the dense
            matrix, and, if the result is a payload, encoding.
        """
        if operation in self.algebra and payload.count:
            return self._count(self.open(payload), payload, operation, columns)
        size, plain = payload.nbytes, payload.count * payload.dtype.itemsize
        work = dense_cost(payload.shape, payload.dtype.itemsize, operation, columns)
        # Each payload is read, and its decoded matrix written; both are there for a sum.
        moved = (size + plain) * (2 if operation == "add" else 1) + (plain + size if operation in UPDATES else 0)
        return replace(work, matrix_bytes=work.matrix_bytes + moved, decoded=True)

    def _opened_for(self, operation: Operation, payload: Payload) -> Opened:
        self._claimed(operation)
        return self.open(payload)

    def _claimed(self, operation: Operation) -> None:
        if operation not in self.algebra:
            raise CodecError(f"{self.name} can't do {operation} on a payload: decode it, operate, and encode again")

    def _decode(self, payload: Payload) -> Array:
        return self._open(payload).dense()

    @abstractmethod
    def _open(self, payload: Payload) -> Opened:
        """Return the checked arrays of a payload of a tensor that is not empty; the divisor is not applied here."""

    def _axpy(self, payload: Payload, scale: float, update: Array) -> bytes:
        """Return the payload's bytes after an update, divided by the divisor."""
        raise CodecError(f"{self.name} can't update a payload")

    def _elementwise(self, payload: Payload, function: Function) -> bytes:
        """Return the payload's bytes after a function, which checks its result and divides by the divisor first."""
        raise CodecError(f"{self.name} can't apply a function to a payload")

    def _count(self, opened: Opened, payload: Payload, operation: Operation, columns: int) -> Cost:
        """Return the counted work of an operation that is claimed."""
        raise CodecError(f"{self.name} does not count {operation}")


def divided(values: Array, payload: Payload) -> Array:
    """Return values of a payload, divided if it is an average."""
    return values if payload.divisor == 1 else values / values.dtype.type(payload.divisor)


def terms_after(payload: Payload) -> int:
    """Return the terms of what becomes of a payload: an average that is divided is one, and a sum stays one of many."""
    return payload.terms if payload.divisor == 1 else 1


def matrix_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return rows and columns of the matrix that a tensor is: its first axis, and all the others."""
    return (shape[0], math.prod(shape[1:])) if len(shape) > 1 else (1, math.prod(shape))


def same_length(first: Opened, second: Opened) -> None:
    """Raise a CodecError unless the rows of two matrices have one length."""
    if first.shape[1] != second.shape[1]:
        raise CodecError(f"rows of {first.shape[1]} and of {second.shape[1]} elements have no product")


def finite(name: str, values: Array) -> Array:
    """Return values that came out of a payload.

    Raises
    ------
    CodecError
        If one is not finite.
    """
    if not np.isfinite(values).all():
        raise CodecError(f"{name}: the payload holds values that are not finite")
    return values


def dense_cost(shape: tuple[int, ...], itemsize: int, operation: Operation, columns: int = 1) -> Cost:
    """Return the counted work of an operation on a dense matrix of elements of ``itemsize`` bytes [B].

    A product reads one element of the matrix and one of the operand for each multiplication, and writes each result
    once. An update reads the matrix and the other operand, and writes the matrix.
    """
    count = math.prod(shape)
    if operation in PRODUCTS:
        rows, inner = matrix_shape(shape)
        results = (inner if operation == "rmatmul" else rows) * columns
        return Cost(count * columns, count * columns, count * itemsize, (count * columns + results) * itemsize)
    operands = 1 if operation == "elementwise" else 2
    multiplications = 0 if operation == "add" else count
    additions = 0 if operation == "elementwise" else count
    return Cost(multiplications, additions, (operands + 1) * count * itemsize)
