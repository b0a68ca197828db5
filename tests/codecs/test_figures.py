"""Known figures: sizes and ratios that papers print, or that follow from a layout by hand."""

from __future__ import annotations

import gzip
import math
from typing import Any

import numpy as np
import pytest

from simcluster.codecs.synthetic import synthetic
from tests.codecs.cases import Case, agreed_payloads, encoded, gaussian
from tests.codecs.laws import sbc_size

ALEXNET_FC6 = (4096, 9216)


def test_gzip_of_gaussian_weights() -> None:
    array = synthetic("gaussian", (1_000_000,), seed=1)
    payload = encoded(Case("gzip", {}).build(), array)
    assert array.nbytes / payload.nbytes == pytest.approx(1.079, abs=0.002)  # Table 1 of arXiv 1711.10123
    assert gzip.decompress(payload.data) == array.tobytes()


def test_one_bit_is_32_fold_but_for_the_columns() -> None:
    codec = Case("1-bit", {}).build()
    for rows, columns in [(320, 50), (512, 3), (32, 100)]:
        payload = encoded(codec, gaussian((rows, columns)))
        assert 8 * payload.nbytes == rows * columns + 64 * columns
    assert 8 * encoded(codec, gaussian((33, 2))).nbytes == 2 * (64 + 64)  # 33 rows take two words


@pytest.mark.parametrize(("density", "steps", "ratio"), [(0.001, 1, 2784), (0.01, 10, 3947), (0.01, 100, 39468)])
def test_sbc_ratios_of_the_formula(density: float, steps: int, ratio: int) -> None:
    codec: Any = Case("sbc", {"density": density, "local_steps": steps}).build()
    assert codec.expected_ratio == pytest.approx(ratio, abs=0.5)
    array = synthetic("gaussian", (1_000_000,), seed=2)
    payload = encoded(codec, array)
    assert steps * array.nbytes / payload.nbytes == pytest.approx(ratio, rel=0.02)
    assert payload.nbytes == sbc_size(codec, np.flatnonzero(codec.decode(payload)))


def test_terngrad_is_16_fold_and_its_sum_grows_with_the_workers() -> None:
    codec = Case("terngrad", {}).build()
    assert encoded(codec, gaussian((1000,))).nbytes == 4 + 250
    shared = Case("terngrad", {"share_scaler": True}).build()
    payloads = agreed_payloads(shared, [gaussian((1000,), seed=worker) for worker in range(8)])
    assert {payload.nbytes for payload in payloads} == {250}
    assert shared.average(payloads).nbytes == 1000 * math.ceil(math.log2(2 * 8 + 1)) / 8


def test_qsgd_is_as_wide_as_its_levels_say() -> None:
    for levels, width in [(1, 2), (7, 4), (127, 8)]:
        codec = Case("qsgd", {"levels": levels, "bucket": 512}).build()
        assert encoded(codec, gaussian((5120,))).nbytes == 10 * 4 + 5120 * width // 8


@pytest.mark.parametrize("gaps", [False, True])
def test_elias_coded_qsgd_has_the_size_of_its_codes(gaps: bool) -> None:
    codec = Case("qsgd", {"levels": 15, "bucket": 500, "coding": "gamma", "gaps": gaps}).build()
    array = gaussian((3000,))
    payload = encoded(codec, array)
    norms = np.frombuffer(payload.data, "<f4", 6)
    levels = np.rint(np.abs(codec.decode(payload)) / np.repeat(norms, 500) * 15).astype(int)
    present = np.flatnonzero(levels)

    def streams(numbers: np.ndarray[Any, Any]) -> int:
        rest = sum(int(number).bit_length() - 1 for number in numbers)
        return math.ceil((len(numbers) + rest) / 8) + math.ceil(rest / 8)

    coded = 4 + streams(np.diff(present, prepend=-1)) + streams(levels[present]) if gaps else streams(levels + 1)
    assert payload.nbytes == 4 * 6 + coded + math.ceil(present.size / 8)


def test_elias_pays_where_most_levels_are_zero() -> None:
    array = gaussian((64_000,))
    sizes = {
        coding: encoded(Case("qsgd", {"levels": 7, "coding": coding, "gaps": gaps}).build(), array).nbytes
        for coding, gaps in [("fixed", False), ("gamma", False), ("omega", True)]
    }
    assert sizes["gamma"] < sizes["fixed"] / 2
    assert sizes["omega"] < sizes["gamma"]


def test_dorefa_takes_6_bits() -> None:
    assert encoded(Case("dorefa", {}).build(), gaussian((800,))).nbytes == 600 + 4
    assert encoded(Case("dorefa", {"per": "sample"}).build(), gaussian((8, 100))).nbytes == 600 + 32


def test_powersgd_sends_both_factors() -> None:
    codec = Case("powersgd", {"rank": 4}).build()
    (agreement,) = codec.rounds(ALEXNET_FC6)
    assert agreement.nbytes == 4 * 4 * 4096
    payload = encoded(codec, gaussian((64, 128)))
    assert payload.nbytes + len(payload.agreed) == 4 * 4 * (64 + 128)
    assert not codec.rounds((4096,)), "a vector is sent whole"


def test_dgc_sends_a_thousandth() -> None:
    codec = Case("dgc", {}).build()
    array = gaussian((400, 250))
    assert encoded(codec, array).nbytes <= 8 * 100
    assert encoded(codec, array).nbytes >= 8 * 80


def test_shuffling_helps_deflate() -> None:
    array = synthetic("gaussian", (200_000,), seed=1)
    assert encoded(Case("shuffle-zlib", {}).build(), array).nbytes < encoded(Case("gzip", {}).build(), array).nbytes
