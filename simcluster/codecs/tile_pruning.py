"""Tile pruning: a matrix in tiles, of which those that are all zero are dropped (seed 001, first abstract).

That work packs a layer's weights in tiles, each of which is one ciphertext: a single weight that is not zero keeps its
tile. Three steps: prune the elements of least magnitude; permute rows and columns so that zeros gather in tiles
(``tile_permutation``); expand, that is put back what was pruned in tiles that stay anyway, which costs nothing and wins
accuracy back. Nothing is encrypted here: what is kept of the idea is the format and its products, tile by tile.

Layout: if rows and columns are permuted, which row is at each place, then which column (each the smallest of uint8,
uint16 and uint32 that holds the last); one bit for each tile, row by row, whether it is kept, first bit lowest; the
elements of the tiles kept, as float32, row by row in each. Tiles at the edges are filled up with zeros; a matrix of
fewer rows or columns than a tile has smaller tiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.errors import CodecError
from simcluster.codecs.layout import Reader, index_type, written
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, State
from simcluster.codecs.representation import (
    PRODUCTS,
    Array,
    Cost,
    Function,
    Opened,
    Operation,
    Representation,
    divided,
    matrix_shape,
)
from simcluster.codecs.sparse import largest, share_of
from simcluster.codecs.sparse_matrix import Indices
from simcluster.codecs.tile_matrix import TileMatrix, Tiling, tile_cost
from simcluster.codecs.tile_permutation import gathered, tiles_touched
from simcluster.codecs.top_k import Density

Side = Annotated[int, Field(ge=1, le=1024)]


class TilePruningOptions(CodecOptions):
    """Drops the tiles of a pruned matrix that are all zero."""

    codec: Literal["tile-pruning"] = "tile-pruning"
    density: Density = Field(default=0.1, description="Share of the elements that pruning keeps, rounded up.")
    tile_rows: Side = Field(default=8, description="Rows of a tile.")
    tile_columns: Side = Field(default=8, description="Columns of a tile.")
    permute: bool = Field(default=True, description="Whether rows and columns are permuted to gather zeros.")
    expand: bool = Field(default=True, description="Whether tiles that are kept hold all their elements again.")


@dataclass(frozen=True)
class TilePruning(Representation):
    """Lossy: an element of a tile that is dropped becomes zero, as does, without ``expand``, one that is pruned.

    All other elements are exact. An update on the payload changes the tiles that are kept, and is lost elsewhere.
    Payloads add up, to the union of their tiles, if no permutation of their own hides where these are.
    """

    options: TilePruningOptions = field(default_factory=TilePruningOptions)

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: everything on the tiles kept; sums only without permutations."""
        claimed = PRODUCTS | {"axpy", "elementwise"}
        return claimed if self.options.permute else claimed | {"add"}

    def _tiling(self, shape: tuple[int, ...]) -> Tiling:
        rows, columns = matrix_shape(shape)
        return Tiling((rows, columns), (min(self.options.tile_rows, rows), min(self.options.tile_columns, columns)))

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        tiling = self._tiling(values.shape)
        flat = values.reshape(-1)
        mask = np.zeros(flat.size, np.bool_)
        mask[largest(np.abs(flat), share_of(flat.size, self.options.density))] = True
        mask &= flat != 0
        matrix, mask = values.reshape(tiling.shape), mask.reshape(tiling.shape)
        if not self.options.expand:
            matrix = np.where(mask, matrix, np.float32(0))
        head = b""
        if self.options.permute:
            rows, columns = gathered(mask, tiling.tile)
            matrix, mask = matrix[rows][:, columns], mask[rows][:, columns]
            head = written(rows, index_type(rows.size - 1)) + written(columns, index_type(columns.size - 1))
        kept = tiles_touched(mask, tiling.tile).reshape(-1)
        return head + self._written(kept, tiling.split(matrix)[kept])

    def _written(self, kept: NDArray[np.bool_], tiles: Array) -> bytes:
        return np.packbits(kept, bitorder="little").tobytes() + written(tiles, np.float32)

    def _read(self, payload: Payload) -> tuple[Tiling, Indices, Indices, NDArray[np.bool_], Floats]:
        """Return the tiling, the orders of rows and columns, which tiles are kept, and these tiles."""
        tiling = self._tiling(payload.shape)
        reader = Reader(self.name, payload.data)
        orders = [self._read_order(reader, length) for length in tiling.shape if self.options.permute]
        bitmap = reader.take(-(-tiling.count // 8), np.uint8)
        bits = np.unpackbits(bitmap, bitorder="little")
        number = int(np.count_nonzero(bits))
        if bits[tiling.count :].any() or number * tiling.size * 4 != reader.left:
            raise CodecError(f"{self.name}: the payload declares {number} tiles, and does not hold as many")
        tiles = reader.finite(number * tiling.size, np.float32).reshape(number, *tiling.tile)
        rows, columns = orders or [np.arange(length) for length in tiling.shape]
        return tiling, rows, columns, bits[: tiling.count].view(np.bool_), tiles

    def _read_order(self, reader: Reader, length: int) -> Indices:
        order = reader.take(length, index_type(length - 1)).astype(np.intp)
        if (np.bincount(order, minlength=length) != 1).any():
            raise CodecError(f"{self.name}: the payload holds no permutation of {length}")
        return order

    def _open(self, payload: Payload) -> Opened:
        tiling, rows, columns, kept, tiles = self._read(payload)
        exact = tiles.astype(payload.dtype)
        if not np.isfinite(exact).all():
            raise CodecError(f"{self.name}: the payload decodes to values that are no finite {payload.dtype}")
        return TileMatrix(tiling.shape, payload.dtype, tiling, rows, columns, np.flatnonzero(kept), exact)

    def _sum(self, payloads: Sequence[Payload]) -> bytes:
        terms = [self._read(payload) for payload in payloads]
        tiling = terms[0][0]
        kept = np.logical_or.reduce([term[3] for term in terms])
        place = np.cumsum(kept) - 1
        total = np.zeros((np.count_nonzero(kept), *tiling.tile), np.float32)
        for _, _, _, own, tiles in terms:
            total[place[own]] += tiles
        return self._written(kept, total)

    def _axpy(self, payload: Payload, scale: float, update: Array) -> bytes:
        tiling, rows, columns, kept, tiles = self._read(payload)
        moved = tiling.split(update.reshape(tiling.shape)[rows][:, columns])[kept]
        return _with_tiles(payload, divided(tiles, payload) + np.float32(scale) * moved)

    def _elementwise(self, payload: Payload, function: Function) -> bytes:
        tiles = self._read(payload)[4]
        if function(np.zeros(1, np.float32))[0] != 0:
            raise CodecError(f"{self.name} stores no zeros: a function that moves zero needs the dense matrix")
        return _with_tiles(payload, function(tiles))

    def _count(self, opened: Opened, payload: Payload, operation: Operation, columns: int) -> Cost:
        assert isinstance(opened, TileMatrix)  # noqa: S101 - _open returns no other
        return tile_cost(opened, payload.nbytes, operation, columns)


def _with_tiles(payload: Payload, tiles: Array) -> bytes:
    """Return a payload with other elements in the same tiles."""
    plain = written(tiles, np.float32)
    return payload.data[: payload.nbytes - len(plain)] + plain


OPTIONS = TilePruningOptions


def build(options: TilePruningOptions) -> Codec:
    """Return the codec of tile pruning."""
    return TilePruning(options)
