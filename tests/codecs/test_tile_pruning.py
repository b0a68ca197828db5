"""Tile pruning: which tiles are dropped, what permutation gathers and expansion wins back."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simcluster.codecs.errors import CodecError
from simcluster.codecs.representation import Cost
from simcluster.codecs.tile_permutation import gathered, tiles_touched
from simcluster.codecs.tile_pruning import TilePruning, TilePruningOptions
from simcluster.rng import stream
from tests.codecs.cases import encoded, gaussian

DRAWS = stream(1, "tiles", "values")


def codec(**options: Any) -> TilePruning:
    return TilePruning(TilePruningOptions(**options))


def shuffled_blocks(blocks: int, tile: tuple[int, int]) -> NDArray[np.float32]:
    """Return a block-diagonal matrix whose rows and columns were shuffled."""
    matrix = np.kron(np.eye(blocks), np.ones(tile)) * (0.5 + DRAWS.random((blocks * tile[0], blocks * tile[1])))
    shuffled = matrix[DRAWS.permutation(matrix.shape[0])][:, DRAWS.permutation(matrix.shape[1])]
    return shuffled.astype(np.float32)


def test_tiles_to_the_byte() -> None:
    matrix = np.zeros((3, 5), np.float32)
    matrix[0, 1], matrix[2, 4] = 3, -2
    one = codec(density=2 / 15, tile_rows=2, tile_columns=2, permute=False)
    # Tiles 0 and 5 of two rows of three; the last is cut on both sides, and filled up.
    assert encoded(one, matrix).data == bytes([0b100001]) + struct.pack("<8f", 0, 3, 0, 0, -2, 0, 0, 0)
    permuted = encoded(codec(density=2 / 15, tile_rows=2, tile_columns=2), matrix)
    assert sorted(permuted.data[:3]) == [0, 1, 2]
    assert sorted(permuted.data[3:8]) == [0, 1, 2, 3, 4]
    # Both elements gather in one tile.
    assert permuted.nbytes == 3 + 5 + 1 + 16


@pytest.mark.parametrize("tile", [(1, 1), (4, 3), (7, 16), (100, 100)])
@pytest.mark.parametrize("permute", [False, True])
def test_the_payload_has_the_documented_size(tile: tuple[int, int], permute: bool) -> None:
    matrix = gaussian((30, 50))
    one = codec(density=0.02, tile_rows=tile[0], tile_columns=tile[1], permute=permute, expand=False)
    payload = encoded(one, matrix)
    high, wide = min(tile[0], 30), min(tile[1], 50)
    mask = one.decode(payload) != 0
    assert mask.sum() == 30
    opened: Any = one.open(payload)
    mask = mask[opened.rows][:, opened.columns]
    grid = [(row, column) for row in range(0, 30, high) for column in range(0, 50, wide)]
    kept = sum(mask[row : row + high, column : column + wide].any() for row, column in grid)
    assert payload.nbytes == (80 if permute else 0) + -(-len(grid) // 8) + 4 * kept * high * wide


def test_the_permutation_finds_shuffled_blocks() -> None:
    matrix = shuffled_blocks(8, (6, 10))
    mask = matrix != 0
    rows, columns = gathered(mask, (6, 10))
    assert sorted(rows) == list(range(48))
    assert sorted(columns) == list(range(80))
    assert tiles_touched(mask[rows][:, columns], (6, 10)).sum() == 8
    assert tiles_touched(mask, (6, 10)).sum() > 30
    options = {"density": 1 / 8, "tile_rows": 6, "tile_columns": 10}
    assert encoded(codec(**options), matrix).nbytes < encoded(codec(**options, permute=False), matrix).nbytes / 4


@pytest.mark.parametrize("seed", range(5))
def test_the_permutation_is_never_worse_than_none(seed: int) -> None:
    mask = np.abs(gaussian((37, 53), seed=seed)) > 0.4
    rows, columns = gathered(mask, (4, 4))
    assert tiles_touched(mask[rows][:, columns], (4, 4)).sum() <= tiles_touched(mask, (4, 4)).sum()


def test_expansion_costs_nothing_and_wins_back() -> None:
    matrix = gaussian((40, 60))
    options = {"density": 0.05, "tile_rows": 4, "tile_columns": 4}
    cut, expanded = codec(**options, expand=False), codec(**options)
    assert encoded(cut, matrix).nbytes == encoded(expanded, matrix).nbytes
    pruned, back = cut.decode(encoded(cut, matrix)), expanded.decode(encoded(expanded, matrix))
    assert np.count_nonzero(pruned) == 120
    assert (back[pruned != 0] == matrix[pruned != 0]).all()
    assert ((back == 0) | (back == matrix)).all()
    assert ((back - matrix) ** 2).sum() < 0.9 * ((pruned - matrix) ** 2).sum()


def test_an_update_changes_the_tiles_that_are_kept() -> None:
    matrix, update = gaussian((20, 30)), gaussian((20, 30), seed=2)
    one = codec(density=0.05, tile_rows=3, tile_columns=4)
    payload = encoded(one, matrix)
    kept = one.decode(payload) != 0
    assert 0.05 < kept.mean() < 0.95
    moved = one.decode(one.axpy(payload, -0.5, update))
    np.testing.assert_allclose(moved, np.where(kept, matrix - 0.5 * update, 0), atol=1e-7)


def test_sums_hold_the_union_of_tiles() -> None:
    one = codec(density=0.02, tile_rows=3, tile_columns=4, permute=False)
    payloads = [encoded(one, gaussian((20, 30), seed=seed)) for seed in (1, 2)]
    first, second = (one.decode(payload) for payload in payloads)
    total = one.decode(one.add(*payloads))
    np.testing.assert_allclose(total, first + second, atol=1e-7)
    assert np.count_nonzero(total) == np.count_nonzero((first != 0) | (second != 0))
    assert "add" not in codec().algebra


def test_tiles_are_counted_dense() -> None:
    matrix = shuffled_blocks(5, (4, 4))
    one = codec(density=1 / 5, tile_rows=4, tile_columns=4)
    payload = encoded(one, matrix)
    assert one.cost(payload, "matvec") == Cost(80, 80, payload.nbytes, 4 * (80 + 20))
    assert one.cost(payload, "elementwise") == Cost(80, 0, 2 * 4 * 80)


def test_damage_is_named() -> None:
    one = codec(tile_rows=4, tile_columns=4)
    payload = encoded(one, gaussian((8, 12)))
    for at, value, words in (
        (0, payload.data[1:2], "no permutation of 8"),
        (8, b"\xff", "no permutation of 12"),
        (20, b"\xff", "does not hold as many"),
        (21, b"\0\0\x80\x7f", "not finite"),
    ):
        data = payload.data[:at] + value + payload.data[at + len(value) :]
        with pytest.raises(CodecError, match=words):
            one.open(replace(payload, data=data))
