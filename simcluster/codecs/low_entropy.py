"""Matrices of few distinct values, as groups: in each row the columns that hold the same value (arXiv 1805.10692).

The most frequent value is implicit: no column is stored for it. A product adds up the operand over each group first and
multiplies once a group: the distributive law saves multiplications. What is implicit adds its value times the sum of
the whole operand, and every group then counts by its distance from it (the paper's section on the algorithm of the dot
product, which subtracts the implicit value from the matrix beforehand). Many columns are multiplied in strips.

``Groups`` is what CER and CSER both store, in their own layouts; ``GroupedMatrix`` computes on it.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.errors import CodecError
from simcluster.codecs.layout import Reader, as_bits, index_type, written
from simcluster.codecs.plain_matrix import COMPRESSED, Plain, plain_bytes, read_if_plain
from simcluster.codecs.protocol import Payload, State
from simcluster.codecs.representation import (
    PRODUCTS,
    Array,
    Cost,
    Function,
    Opened,
    Operation,
    Representation,
    dense_cost,
    matrix_shape,
)
from simcluster.codecs.sparse_matrix import Indices, runs_of
from simcluster.codecs.strips import StripMatrix


@dataclass(frozen=True)
class Groups:
    """The elements of a matrix that are not of the most frequent value, by row, then by value, then by column.

    Parameters
    ----------
    values : ndarray, shape (K,)
        Distinct values, the most frequent first.
    rows, codes, counts : ndarray of int64, shape (groups,)
        Of each group: its row, which of the values (1 to K - 1, ascending in a row), and its number of elements.
    columns : ndarray of int64, shape (n,)
        Columns of the elements, ascending in each group.
    """

    values: Array
    rows: NDArray[np.int64]
    codes: NDArray[np.int64]
    counts: NDArray[np.int64]
    columns: NDArray[np.int64]


def grouped(matrix: Array) -> Groups:
    """Return the groups of a matrix; values are the same if all their bits are."""
    flat = matrix.reshape(-1)
    bits, first, inverse, counts = np.unique(as_bits(flat), return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((bits, -counts))
    rank = np.empty(order.size, np.int64)
    rank[order] = np.arange(order.size)
    codes = rank[inverse.reshape(-1)]
    places = np.flatnonzero(codes)
    rows, columns = np.divmod(places, matrix.shape[1])
    keys = rows * order.size + codes[places]
    by_group = np.argsort(keys, kind="stable")
    ordered = keys[by_group]
    begins = np.flatnonzero(np.diff(ordered, prepend=-1))
    group_rows, group_codes = np.divmod(ordered[begins], order.size)
    sizes = np.diff(begins, append=ordered.size)
    return Groups(flat[first[order]], group_rows, group_codes, sizes, columns[by_group])


def check_groups(name: str, groups: Groups, shape: tuple[int, int]) -> None:
    """Refuse groups that are not those of a matrix.

    Raises
    ------
    CodecError
        If a value, a column or a count is out of range, or an element belongs to two groups.
    """
    if groups.counts.size and (groups.counts.min() < 1 or groups.codes.min() < 1):
        raise CodecError(f"{name}: the payload holds an empty group, or one of the implicit value")
    if groups.codes.size and groups.codes.max() >= groups.values.size:
        raise CodecError(f"{name}: the payload names a value beyond its {groups.values.size}")
    if groups.columns.size and groups.columns.max() >= shape[1]:
        raise CodecError(f"{name}: the payload names a column beyond {shape[1]}")
    keys = groups.rows * groups.values.size + groups.codes
    if (np.diff(keys) <= 0).any():
        raise CodecError(f"{name}: the values of a row do not ascend")
    # One byte an element of the matrix, a quarter of what decoding takes: the quickest certificate.
    taken = np.zeros(shape[0] * shape[1], np.bool_)
    taken[np.repeat(groups.rows, groups.counts) * shape[1] + groups.columns] = True
    if np.count_nonzero(taken) != groups.columns.size:
        raise CodecError(f"{name}: two groups hold the same element")


@dataclass(frozen=True)
class Order:
    """Elements and groups in the order of one product: first by target (row or column), then by value."""

    sources: Indices
    group_begins: Indices
    weights: Array
    target_begins: Indices
    targets: Indices


@dataclass(frozen=True)
class GroupedMatrix(StripMatrix):
    """A matrix as groups, which are as ``check_groups`` wants them.

    Products overflow where the distance of a value from the implicit one does.
    """

    groups: Groups

    def dense(self) -> Array:
        """Return the matrix."""
        matrix = np.full(self.shape, self.groups.values[0], self.dtype)
        matrix[self._element_rows, self.groups.columns] = np.repeat(
            self.groups.values[self.groups.codes], self.groups.counts
        )
        return matrix

    @cached_property
    def _element_rows(self) -> Indices:
        return np.repeat(self.groups.rows, self.groups.counts)

    @cached_property
    def by_row(self) -> Order:
        """The order of the product."""
        groups = self.groups
        begins = np.cumsum(groups.counts) - groups.counts
        return Order(groups.columns, begins, self._weights(groups.codes), *runs_of(groups.rows))

    @cached_property
    def by_column(self) -> Order:
        """The order of the transposed product: groups of each column."""
        number = self.groups.values.size
        codes = np.repeat(self.groups.codes, self.groups.counts)
        keys = self.groups.columns * number + codes
        order = np.argsort(keys, kind="stable")
        begins, distinct = runs_of(keys[order])
        columns, codes = np.divmod(distinct, number)
        return Order(self._element_rows[order], begins, self._weights(codes), *runs_of(columns))

    def _weights(self, codes: NDArray[np.int64]) -> Array:
        """Return each group's distance from the implicit value; in double precision, as distances may overflow."""
        return self.groups.values[codes].astype(np.float64) - np.float64(self.groups.values[0])

    @cached_property
    def _elements(self) -> tuple[Indices, Array]:
        """Flat positions of the elements, and their values."""
        values = np.repeat(self.groups.values[self.groups.codes], self.groups.counts)
        return self._element_rows * self.shape[1] + self.groups.columns, values

    def _strip(self, rows: slice) -> Array:
        begin, end = np.searchsorted(self._element_rows, [rows.start, rows.stop])
        places, values = self._elements
        strip = np.full((rows.stop - rows.start, self.shape[1]), self.groups.values[0], self.dtype)
        strip.reshape(-1)[places[begin:end] - rows.start * self.shape[1]] = values[begin:end]
        return strip

    def _few(self, matrix: Array) -> Array:
        return self._sums(matrix, self.by_row, self.shape[0])

    def _few_transposed(self, matrix: Array) -> Array:
        return self._sums(matrix, self.by_column, self.shape[1])

    def _sums(self, matrix: Array, order: Order, length: int) -> Array:
        result = np.zeros((matrix.shape[1], length), matrix.dtype)
        weights = order.weights.astype(matrix.dtype)
        for column, sums in zip(np.ascontiguousarray(matrix.T), result, strict=True):
            if self.groups.values[0]:
                sums += column.sum() * matrix.dtype.type(self.groups.values[0])
            if order.sources.size:
                of_groups = np.add.reduceat(column[order.sources], order.group_begins)
                of_groups *= weights
                sums[order.targets] += np.add.reduceat(of_groups, order.target_begins)
        return result.T


def grouped_cost(opened: GroupedMatrix, stored: int, operation: Operation, columns: int) -> Cost:
    """Return the counted work on groups: one addition an element, one multiplication and one addition a group.

    Parameters
    ----------
    opened : GroupedMatrix
        The matrix.
    stored : int [B]
        Bytes of the payload, all of which a product reads.
    operation, columns
        As of ``Representation.cost``.
    """
    values, itemsize = opened.groups.values, opened.dtype.itemsize
    if operation not in PRODUCTS:
        return Cost(values.size, 0, 2 * values.nbytes)
    order, (results, summed) = opened.by_row, opened.shape
    if operation == "rmatmul":
        order, (summed, results) = opened.by_column, opened.shape
    elements, number = order.sources.size, order.weights.size
    implicit = int(bool(values[0]))
    additions = elements + number + implicit * (summed + results)
    moved = elements + number + results + implicit * summed
    return Cost((number + implicit) * columns, additions * columns, stored, moved * columns * itemsize)


class LowEntropyCodec(Representation):
    """Base of the codecs that store groups: they differ in how they tell which value a group is of.

    Layout: one byte 1; the number K of distinct values (uint32); these values, the most frequent first, in the tensor's
    type; what the format adds; the columns of the elements, group by group, ascending in each, in the smallest of
    uint8, uint16 and uint32 that holds the number of columns. A matrix that this would make larger is stored plain
    (``plain_matrix``).
    """

    keeps_dtype = True

    @property
    def lossless(self) -> bool:
        """Whether decoding gives back every bit: yes."""
        return True

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: products, and functions of the distinct values.

        Not sums: two matrices of K values add up to one of up to K * K.
        """
        return PRODUCTS | {"elementwise"}

    @abstractmethod
    def _group_bytes(self, groups: Groups, shape: tuple[int, int]) -> int:
        """Return the bytes [B] of what the format adds."""

    @abstractmethod
    def _write_groups(self, groups: Groups, shape: tuple[int, int]) -> bytes:
        """Return what the format adds."""

    @abstractmethod
    def _read_groups(self, reader: Reader, shape: tuple[int, int], distinct: int) -> tuple[Indices, Indices, Indices]:
        """Return rows, codes and counts of the groups."""

    def _encode(self, values: NDArray[Any], state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        matrix = values.reshape(matrix_shape(values.shape))
        groups = grouped(matrix)
        kind = index_type(matrix.shape[1])
        size = 4 + groups.values.nbytes + groups.columns.size * kind.itemsize
        if size >= matrix.nbytes or size + self._group_bytes(groups, matrix.shape) >= matrix.nbytes:
            return plain_bytes(matrix)
        head = COMPRESSED + written(np.array([groups.values.size]), np.uint32) + written(groups.values)
        return head + self._write_groups(groups, matrix.shape) + written(groups.columns, kind)

    def _open(self, payload: Payload) -> Opened:
        reader = Reader(self.name, payload.data)
        shape = matrix_shape(payload.shape)
        plain = read_if_plain(self.name, reader, payload)
        if plain is not None:
            return plain
        distinct = reader.number(np.uint32)
        if not distinct:
            raise CodecError(f"{self.name}: the payload holds no value")
        values = reader.finite(distinct, payload.dtype)
        rows, codes, counts = self._read_groups(reader, shape, distinct)
        kind = index_type(shape[1])
        number = int(counts.sum())
        if number * kind.itemsize != reader.left or number > payload.count:
            raise CodecError(f"{self.name}: the payload declares {number} columns, and does not hold as many")
        groups = Groups(values, rows, codes, counts, reader.take(number, kind).astype(np.int64))
        check_groups(self.name, groups, shape)
        return GroupedMatrix(shape, payload.dtype, groups)

    def _elementwise(self, payload: Payload, function: Function) -> bytes:
        opened = self._open(payload)
        if isinstance(opened, Plain):
            return plain_bytes(function(opened.values))
        assert isinstance(opened, GroupedMatrix)  # noqa: S101 - _open returns no other
        values = opened.groups.values
        return payload.data[:5] + written(function(values)) + payload.data[5 + values.nbytes :]

    def _count(self, opened: Opened, payload: Payload, operation: Operation, columns: int) -> Cost:
        if isinstance(opened, GroupedMatrix):
            return grouped_cost(opened, payload.nbytes, operation, columns)
        return dense_cost(payload.shape, payload.dtype.itemsize, operation, columns)
