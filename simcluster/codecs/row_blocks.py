"""A matrix in blocks of rows, for products that rebuild a few rows at a time and give them to BLAS."""

from __future__ import annotations

from collections.abc import Iterator

#: Elements of a block: a megabyte of float32, which the second-level cache about holds.
_BLOCK = 1 << 18


def row_blocks(shape: tuple[int, ...], elements: int = _BLOCK) -> Iterator[slice]:
    """Yield slices of rows that cover a matrix, each of at most so many elements, but at least one row."""
    rows, columns = shape
    step = max(1, elements // max(1, columns))
    for begin in range(0, rows, step):
        yield slice(begin, min(begin + step, rows))
