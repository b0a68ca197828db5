"""Products on column groups: dictionaries first, rows second (Elgohary et al. 2016, section 3).

``matrix @ x`` multiplies each dictionary with its part of x, and adds what came out of a tuple to every row that holds
it. The transposed product adds up the operand over the rows of each tuple, and multiplies with the dictionary then. So
a group costs as many multiplications as its dictionary has elements, however many rows there are.

All groups with lists of rows work together, as one gathering sum; groups with dense codes work one by one. With many
columns some groups at a time are decoded and multiplied by BLAS, which is faster (``strips`` says why).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from simcluster.codecs.cla_groups import ColumnGroup, Encoding
from simcluster.codecs.representation import Array, Cost, Opened, Operation
from simcluster.codecs.sparse_matrix import Indices, Runs, runs_of

#: Columns from which on decoding is the faster way: lists of tuples gather less than lists of elements.
_MANY = 40
#: Elements that are decoded together.
_BLOCK = 1 << 18


@dataclass(frozen=True)
class _Lists:
    """The groups with lists, put together: T tuples of all groups, first those of the first group.

    Parameters
    ----------
    firsts : ndarray of intp, shape (groups,)
        The first tuple of each group, which is that of all rows that it does not list.
    group_of : ndarray of intp, shape (T,)
        The group of each tuple.
    columns, owners : ndarray of intp, shape (elements of all dictionaries,)
        The column, and the tuple, of each element of the dictionaries.
    values : ndarray
        These elements.
    tuples, rows : ndarray of intp, shape (listed rows of all groups,)
        A tuple and a row that holds it, ascending by tuple.
    """

    firsts: Indices
    group_of: Indices
    columns: Indices
    owners: Indices
    values: Array
    tuples: Indices
    rows: Indices

    @property
    def size(self) -> int:
        """Number of tuples."""
        return self.group_of.size

    @cached_property
    def by_tuple(self) -> Runs:
        """Sums over the elements of each tuple."""
        return Runs(self.columns, *runs_of(self.owners))

    @cached_property
    def by_row(self) -> Runs:
        """Sums over the tuples of each row."""
        order = np.argsort(self.rows, kind="stable")
        return Runs(self.tuples[order], *runs_of(self.rows[order]))

    @cached_property
    def of_tuple(self) -> Runs:
        """Sums over the rows of each tuple."""
        return Runs(self.rows, *runs_of(self.tuples))

    @cached_property
    def by_column(self) -> tuple[Runs, Array]:
        """Sums over the tuples of each column, and the elements that they are multiplied with."""
        order = np.argsort(self.columns, kind="stable")
        return Runs(self.owners[order], *runs_of(self.columns[order])), self.values[order]


@dataclass(frozen=True)
class ClaMatrix(Opened):
    """A matrix as column groups, of which each column is in one."""

    groups: tuple[ColumnGroup, ...]

    def dense(self) -> Array:
        """Return the matrix."""
        matrix = np.empty(self.shape, self.dtype)
        for group in self.groups:
            matrix[:, group.columns] = group.elements(self.shape[0])
        return matrix

    @cached_property
    def _lists(self) -> _Lists | None:
        groups = [group for group in self.groups if group.encoding in (Encoding.OLE, Encoding.RLE)]
        if not groups:
            return None
        tuples = np.array([len(group.dictionary) for group in groups])
        widths = np.array([group.columns.size for group in groups])
        firsts = np.cumsum(tuples) - tuples
        return _Lists(
            firsts,
            np.repeat(np.arange(len(groups)), tuples),
            np.concatenate([np.tile(group.columns, len(group.dictionary)) for group in groups]),
            np.repeat(np.arange(tuples.sum()), np.repeat(widths, tuples)),
            np.concatenate([group.dictionary.reshape(-1) for group in groups]),
            np.concatenate([group.tuples + first for group, first in zip(groups, firsts, strict=True)]),
            np.concatenate([group.rows for group in groups]),
        )

    def _others(self, encoding: Encoding) -> list[ColumnGroup]:
        return [group for group in self.groups if group.encoding is encoding]

    def _blocks(self) -> Iterator[tuple[Indices, Array]]:
        """Yield the columns of some groups, and their elements, until all columns were there."""
        begin, held = 0, 0
        for end, group in enumerate(self.groups, 1):
            held += group.columns.size * self.shape[0]
            if held >= _BLOCK or end == len(self.groups):
                part = self.groups[begin:end]
                columns = np.concatenate([one.columns for one in part])
                yield columns, np.concatenate([one.elements(self.shape[0]) for one in part], axis=1)
                begin, held = end, 0

    def _matmul(self, matrix: Array) -> Array:
        if matrix.shape[1] < _MANY:
            return self._few(matrix)
        result = np.zeros((self.shape[0], matrix.shape[1]), matrix.dtype)
        for columns, elements in self._blocks():
            result += elements.astype(matrix.dtype, copy=False) @ matrix[columns]
        return result

    def _rmatmul(self, matrix: Array) -> Array:
        if matrix.shape[1] < _MANY:
            return self._few_transposed(matrix)
        result = np.empty((self.shape[1], matrix.shape[1]), matrix.dtype)
        for columns, elements in self._blocks():
            result[columns] = elements.astype(matrix.dtype, copy=False).T @ matrix
        return result

    def _few(self, matrix: Array) -> Array:
        result = np.zeros((self.shape[0], matrix.shape[1]), matrix.dtype)
        for group in self._others(Encoding.PLAIN):
            result += group.dictionary.astype(matrix.dtype, copy=False) @ matrix[group.columns]
        for group in self._others(Encoding.DDC):
            result += (group.dictionary.astype(matrix.dtype, copy=False) @ matrix[group.columns])[group.codes]
        if (lists := self._lists) is not None:
            products = lists.by_tuple.product(matrix, lists.values, lists.size)
            implicit = products[lists.firsts]
            result += implicit.sum(axis=0)
            result += lists.by_row.product(products - implicit[lists.group_of], None, self.shape[0])
        return result

    def _few_transposed(self, matrix: Array) -> Array:
        result = np.zeros((self.shape[1], matrix.shape[1]), matrix.dtype)
        for group in self._others(Encoding.PLAIN):
            result[group.columns] = group.dictionary.astype(matrix.dtype, copy=False).T @ matrix
        for group in self._others(Encoding.DDC):
            distinct = len(group.dictionary)
            sums = np.stack([np.bincount(group.codes, column, distinct) for column in matrix.T], axis=1)
            result[group.columns] = group.dictionary.T @ sums
        if (lists := self._lists) is not None:
            sums = lists.of_tuple.product(matrix, None, lists.size)
            # What a group does not list is the rest of all rows; its own first tuple is not listed, and zero so far.
            sums[lists.firsts] = matrix.sum(axis=0) - np.add.reduceat(sums, lists.firsts, axis=0)
            runs, values = lists.by_column
            result += runs.product(sums, values, self.shape[1])
        return result


def cla_cost(opened: ClaMatrix, stored: int, operation: Operation, columns: int) -> Cost:
    """Return the counted work on column groups.

    A dictionary's element is one multiplication and one addition; a row of dense codes, and a row that is listed, one
    addition; a group with lists one more for its implicit tuple and, transposed, one for each tuple.

    Parameters
    ----------
    opened : ClaMatrix
        The matrix.
    stored : int [B]
        Bytes of the payload, all of which a product reads.
    operation, columns
        As of ``Representation.cost``.
    """
    elements = sum(group.dictionary.size for group in opened.groups)
    itemsize = opened.dtype.itemsize
    if operation == "elementwise":
        return Cost(elements, 0, 2 * elements * itemsize)
    coded = sum(group.codes.size + group.rows.size for group in opened.groups)
    tuples = sum(len(group.dictionary) for group in opened.groups if group.encoding is not Encoding.PLAIN)
    lists = [group for group in opened.groups if group.encoding in (Encoding.OLE, Encoding.RLE)]
    implicit = sum(len(group.dictionary) for group in lists)
    rows, inner = opened.shape
    results = inner if operation == "rmatmul" else rows
    # The operand is read for each element or row, a tuple's sum written once, and read again.
    moved = elements + coded + tuples + implicit + results
    additions = elements + coded + implicit + (rows if lists else 0)
    return Cost(elements * columns, additions * columns, stored, moved * columns * itemsize)


def column_numbers(groups: list[Indices], columns: int) -> Indices:
    """Return the group of each column."""
    numbers = np.empty(columns, np.intp)
    for number, group in enumerate(groups):
        numbers[group] = number
    return numbers


def columns_of(numbers: Indices, groups: int) -> list[Indices]:
    """Return the columns of each group, ascending, from the group of each column."""
    order = np.argsort(numbers, kind="stable")
    ends = np.cumsum(np.bincount(numbers, minlength=groups))
    return [order[begin:end] for begin, end in pairwise([0, *ends.tolist()])]
