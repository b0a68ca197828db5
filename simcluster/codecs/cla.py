"""Compressed linear algebra: columns in groups with common dictionaries (Elgohary et al. 2016; SystemDS).

Columns with few distinct values need few bytes a row; correlated columns share a dictionary of tuples (``cla_cocoding``
searches). Lossless, and read-only but for functions of elements, which work on the dictionaries: a general update
would make every element its own.

Layout: the number of groups (uint32); for each column its group (the smallest of uint8, uint16 and uint32 that holds
the last); then the groups (``cla_groups``). Columns of many distinct values stay plain: a matrix of floats as training
leaves them grows by these few bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.cla_cocoding import cocoded, tuples_of
from simcluster.codecs.cla_groups import ColumnGroup, Encoding, make_group, plain_group, read_group, write_group
from simcluster.codecs.cla_matrix import ClaMatrix, cla_cost, column_numbers, columns_of
from simcluster.codecs.errors import CodecError
from simcluster.codecs.layout import Reader, index_type, written
from simcluster.codecs.protocol import Codec, CodecOptions, Payload, State
from simcluster.codecs.representation import PRODUCTS, Cost, Function, Opened, Operation, Representation, matrix_shape


class ClaOptions(CodecOptions):
    """Gives groups of columns common dictionaries."""

    codec: Literal["cla"] = "cla"
    bin_size: Annotated[int, Field(ge=1, le=64)] = Field(
        default=8, description="Columns among which groups are sought; 1 leaves every column alone."
    )


@dataclass(frozen=True)
class Cla(Representation):
    """Lossless; computes on dictionaries."""

    options: ClaOptions = field(default_factory=ClaOptions)
    keeps_dtype = True

    @property
    def lossless(self) -> bool:
        """Whether decoding gives back every bit: yes."""
        return True

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: products, and functions of the dictionaries' elements."""
        return PRODUCTS | {"elementwise"}

    def _encode(self, values: NDArray[Any], state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        matrix = values.reshape(matrix_shape(values.shape))
        rows, columns = matrix.shape
        made = [make_group(matrix, own, *tuples_of(matrix, own)) for own in cocoded(matrix, self.options.bin_size)]
        coded = [group for group in made if group.encoding is not Encoding.PLAIN]
        rest = np.ones(columns, np.bool_)
        rest[[column for group in coded for column in group.columns]] = False
        groups = [*coded, plain_group(matrix, np.flatnonzero(rest))] if rest.any() else coded
        return self._written(groups, rows, columns)

    def _written(self, groups: list[ColumnGroup], rows: int, columns: int) -> bytes:
        numbers = column_numbers([group.columns for group in groups], columns)
        head = written(np.array([len(groups)]), np.uint32) + written(numbers, index_type(len(groups) - 1))
        return head + b"".join(write_group(group, rows) for group in groups)

    def _open(self, payload: Payload) -> ClaMatrix:
        reader = Reader(self.name, payload.data)
        rows, columns = matrix_shape(payload.shape)
        number = reader.number(np.uint32)
        if not 1 <= number <= columns:
            raise CodecError(f"{self.name}: {number} groups of {columns} columns")
        numbers = reader.take(columns, index_type(number - 1)).astype(np.intp)
        if np.unique(numbers).size != number or numbers.max() >= number:
            raise CodecError(f"{self.name}: the columns do not name all of {number} groups, or another one")
        groups = tuple(read_group(reader, own, rows, payload.dtype) for own in columns_of(numbers, number))
        reader.end()
        return ClaMatrix((rows, columns), payload.dtype, groups)

    def _elementwise(self, payload: Payload, function: Function) -> bytes:
        opened = self._open(payload)
        groups = [group.with_dictionary(function(group.dictionary)) for group in opened.groups]
        return self._written(groups, *opened.shape)

    def _count(self, opened: Opened, payload: Payload, operation: Operation, columns: int) -> Cost:
        assert isinstance(opened, ClaMatrix)  # noqa: S101 - _open returns no other
        return cla_cost(opened, payload.nbytes, operation, columns)


OPTIONS = ClaOptions


def build(options: ClaOptions) -> Codec:
    """Return the codec of compressed linear algebra."""
    return Cla(options)
