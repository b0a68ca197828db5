"""The recorded candidates of the homomorphic map are what its measuring script makes of its recorded numbers."""

from __future__ import annotations

import csv
import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from simcluster.codecs.operation_measuring import OperationMeasured, OperationsMeasured
from simcluster.codecs.spread import Spread

FOLDER = Path(__file__).parents[1] / "scenarios" / "homomorphic_map"


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("measure_homomorphic_map", FOLDER / "measure.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = dict(os.environ)
    try:
        spec.loader.exec_module(module)
    finally:  # it sees to one core, which is no business of other tests
        os.environ.clear()
        os.environ.update(before)
    return module


measure = _script()
TEXTS = {"candidate", "codec", "options", "computes"}


def _rows() -> dict[str, dict[str, Any]]:
    with (FOLDER / "measured.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {row["candidate"]: {key: row[key] if key in TEXTS else float(row[key]) for key in row} for row in rows}


ROWS = _rows()


@pytest.mark.parametrize("name", measure.CANDIDATES)
def test_each_file_says_what_the_table_says(name: str) -> None:
    assert measure.candidate_text(ROWS[name]) == (FOLDER / f"{name.replace('-', '_')}.yaml").read_text()


def test_the_table_adds_up() -> None:
    assert list(ROWS) == list(measure.CANDIDATES)
    for row in ROWS.values():
        composed = 1 + 0.88419 * (row["products"] + row["update"] - 1)
        assert row["operation_overhead"] == pytest.approx(composed, rel=0.01)


def test_the_layers_are_those_of_alexnet() -> None:
    count = sum(layer.groups * int(np.prod(layer.shape)) for layer in measure.LAYERS.values())
    assert 4 * count + measure.BIASES == measure.TOTAL


@pytest.mark.parametrize("name", ["conv2", "fc8"])
def test_weights_have_the_statistics_that_are_claimed(name: str) -> None:
    layer, values = measure.LAYERS[name], measure.weights(name)
    assert values.shape == layer.shape
    # A shared value may be zero itself.
    assert np.count_nonzero(values) / values.size == pytest.approx(layer.density, abs=0.001)
    assert len(np.unique(values[values != 0])) <= 2**layer.bits
    assert (values == measure.weights(name)).all()


def test_sizes_that_do_not_depend_on_values() -> None:
    biases = measure.BIASES / measure.TOTAL
    assert ROWS["integer-8"]["rho"] == pytest.approx(0.25 * (1 - biases) + biases, rel=0.002)
    assert ROWS["hashing"]["rho"] == pytest.approx(0.0625 * (1 - biases) + biases, rel=0.005)
    rows = sum(layer.groups * layer.shape[0] for layer in measure.LAYERS.values())
    signs = (measure.TOTAL - measure.BIASES) / 32 + 4 * rows + measure.BIASES
    assert ROWS["binary"]["rho"] == pytest.approx(signs / measure.TOTAL, rel=0.005)


def test_overheads_by_hand() -> None:
    def one(name: str, own: float, dense: float) -> OperationMeasured:
        return OperationMeasured(name, True, Spread((own,)), Spread((dense,)))

    # Products twice as long, a gradient of 1 s, and 0.5 s to open and update instead of 0.1 s.
    operations = (one("matmul", 2, 1), one("rmatmul", 2, 1), one("axpy", 0.4, 0.1))
    layer = OperationsMeasured(256, 1, (), operations, one("minibatch", 5.5, 3.1))
    found = measure.overheads(dict.fromkeys(measure.LAYERS, layer))
    # Half of the backward times, 36.233 ms but for conv1's 6.405 ms, are gradients of weights, and all of conv1's.
    assert found["products"] == pytest.approx(1 + (39.207 + (36.233 - 6.405) / 2) / (39.207 + 36.233), rel=1e-3)
    scales = [16 * 3025 / 256, 2 * 16 * 729 / 256, 16 * 169 / 256, *[2 * 16 * 169 / 256] * 2, 1, 1, 1]
    dense = 3 * sum(scales) - scales[0]
    assert found["update"] == pytest.approx(11 * 0.4 / dense)
    assert found["operation_overhead"] == pytest.approx(1 + 0.88419 * (found["products"] + found["update"] - 1))
