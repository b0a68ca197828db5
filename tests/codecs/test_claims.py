"""What docs/formats_that_compute.md says of seed 002's claims, as far as no clock decides it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simcluster.codecs.cer import Cer
from simcluster.codecs.cla import Cla
from simcluster.codecs.cser import Cser
from simcluster.codecs.csr import Csr
from simcluster.codecs.energy import energy
from simcluster.codecs.representation import Representation, dense_cost
from simcluster.codecs.synthetic import synthetic
from tests.codecs.cases import encoded

TEXT = (Path(__file__).parents[2] / "docs" / "formats_that_compute.md").read_text("utf-8")
FORMATS: dict[str, Representation] = {"CSR": Csr(), "CER": Cer(), "CSER": Cser(), "CLA": Cla()}
_MATRICES: dict[tuple[str, tuple[int, int]], NDArray[Any]] = {}


def rows() -> list[tuple[str, tuple[int, int], str, list[float]]]:
    """Return the table: distribution, shape, format, and the columns that are counted."""
    found: list[tuple[str, tuple[int, int], str, list[float]]] = []
    kind, shape = "", (0, 0)
    for line in re.findall(r"^\| .* x[0-9].*\|$", TEXT, re.M):
        cells = [cell.strip().strip("*") for cell in line.strip("|").split("|")]
        if said := re.match(r"([\w-]+), (\d+) x (\d+)", cells[0]):
            kind, shape = said[1], (int(said[2]), int(said[3]))
        found.append((kind, shape, cells[1], [float(cell.strip("*x")) for cell in cells[2:7]]))
    return found


@pytest.mark.parametrize(("kind", "shape", "name", "said"), rows(), ids=str)
def test_sizes_and_counts_are_those_of_the_table(
    kind: Any, shape: tuple[int, int], name: str, said: list[float]
) -> None:
    if (kind, shape) not in _MATRICES:
        _MATRICES[kind, shape] = synthetic(kind, shape)
    matrix, codec = _MATRICES[kind, shape], FORMATS[name]
    payload = encoded(codec, matrix)
    ours, dense = codec.cost(payload, "matvec"), dense_cost(shape, 4, "matvec")
    vectors = 4 * sum(shape)
    found = [
        matrix.nbytes / payload.nbytes,
        ours.multiplications / dense.multiplications,
        ours.additions / dense.additions,
        ours.bytes_touched / dense.bytes_touched,
        energy(dense, matrix.nbytes, vectors) / energy(ours, payload.nbytes, vectors),
    ]
    np.testing.assert_allclose(found, said, rtol=0.06)


def test_the_table_is_read() -> None:
    assert len(rows()) == 10
    assert {name for _, _, name, _ in rows()} == set(FORMATS)


def test_energy_is_that_of_fetching_the_matrix() -> None:
    cost = dense_cost((4096, 4096), 4, "matvec")
    fetched = cost.matrix_bytes / 4 * 640e-12
    assert fetched / energy(cost, 4 * 4096**2, 8 * 4096) > 0.97


def test_random_zeros_leave_no_tile_empty() -> None:
    matrix = synthetic("low-entropy", (512, 512))
    tiles = matrix.reshape(64, 8, 64, 8).any(axis=(1, 3))
    assert tiles.mean() > 0.99
