"""Measuring a codec, and writing what was measured."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from simcluster.codecs import CodecProfile
from simcluster.codecs.measuring import measure, this_machine
from simcluster.codecs.profile_text import inline_text, profile_text
from simcluster.codecs.representation import Representation
from simcluster.codecs.spread import Spread
from simcluster.codecs.synthetic import DISTRIBUTIONS, synthetic
from simcluster.errors import UserInputError
from simcluster.options import WRITTEN
from tests.codecs.cases import CASES, MODULES, Case, gaussian

TENSORS = {"weights": gaussian((40, 50)), "biases": gaussian((50,), seed=2)}
SIZE = 4 * 2050


def ticks(step: float = 0.5) -> Callable[[], float]:
    """Return a clock that goes on by as much at each look."""
    return itertools.count(0, step).__next__  # type: ignore[return-value]


def test_rates_are_uncompressed_bytes_a_second() -> None:
    found = measure(Case("none", {}).build(), TENSORS, "two tensors", repeats=3, clock=ticks())
    assert found.size_bytes == SIZE
    assert found.encode_rate.values == found.decode_rate.values == (2 * SIZE,) * 3
    assert found.aggregate_rate == Spread((4 * SIZE / 0.5,) * 3)
    assert found.ratio.median == 1
    assert found.max_error.high == found.relative_error.high == found.bias.high == 0
    assert set(found.machine.versions) == {"python", "numpy", "zlib"}


def test_errors_are_those_of_all_tensors() -> None:
    codec = Case("fixed-point", {"width": 2, "fraction": 1, "rounding": "nearest"}).build()
    tensors = {"a": np.array([0.5, -0.5, 0.1], np.float32), "b": np.array([[0.8]], np.float32)}
    found = measure(codec, tensors, "four numbers", repeats=1)
    assert found.max_error.median == pytest.approx(0.3)
    power = 0.25 + 0.25 + 0.01 + 0.64
    assert found.relative_error.median == pytest.approx(np.sqrt((0.01 + 0.09) / power))
    assert found.bias.median == pytest.approx(-0.4 / 4 / np.sqrt(power / 4))


def test_an_agreement_counts_as_sent() -> None:
    found = measure(Case("powersgd", {"rank": 2}).build(), {"w": gaussian((40, 50))}, "a matrix", repeats=1)
    assert found.agreed_bytes == 4 * 2 * 40
    assert found.ratio.median == 8000 / (4 * 2 * 90)


def test_a_machine_without_cpuinfo_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", missing)
    assert this_machine("none").cpu


def test_no_algebra_no_aggregation() -> None:
    assert measure(Case("gzip", {}).build(), TENSORS, "tensors", repeats=1).aggregate_rate is None


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_codec_gives_a_profile_that_reads_back(case: Case) -> None:
    found = measure(case.build(), TENSORS, "two tensors", repeats=2, seed=7)
    text = profile_text(found, "2026-11-22")
    assert max(len(line) for line in text.splitlines()) <= 130
    entry = yaml.safe_load(text)
    assert "2026-11-22" in entry["source"]
    assert "seed 7" in entry["source"]
    assert found.machine.cpu in entry["source"]
    assert case.name in entry["description"]
    settings = {key: value for key, value in entry.items() if key not in ("description", "source")}
    encoder = settings.pop("encoder", None)
    compression = yaml.safe_load(inline_text(found))
    assert compression.pop("codec") | compression == settings
    computes = isinstance(case.build(), Representation)
    assert (found.operations is not None) == (compression.keys() == {"operation_overhead"}) == computes
    assert (encoder is None) == computes
    if encoder is not None:
        options = {key: tuple(value) if isinstance(value, list) else value for key, value in encoder.items()}
        assert MODULES[case.name].OPTIONS.model_validate(options) == case.build().options
    settings.pop("operation_overhead", None)
    profile = CodecProfile.model_validate(settings, context=WRITTEN)
    assert 1 / profile.compressed_fraction == pytest.approx(found.ratio.median, rel=1e-5)
    assert profile.encode_time(SIZE, SIZE) == pytest.approx(SIZE / found.encode_rate.median, rel=0.01)
    asked = {"add", "axpy"} if computes else {"add"}
    assert profile.averages_compressed == (asked <= case.build().algebra)


def test_a_codec_that_expands_says_so() -> None:
    found = measure(Case("gzip", {}).build(), {"x": gaussian((3,))}, "three numbers", repeats=1)
    assert "expands: true" in profile_text(found, "today")


def test_the_same_seed_gives_the_same_errors() -> None:
    codec = Case("terngrad", {}).build()
    first, second, third = (measure(codec, TENSORS, "tensors", repeats=2, seed=seed) for seed in (1, 1, 2))
    assert first.relative_error == second.relative_error != third.relative_error


@pytest.mark.parametrize(
    ("tensors", "repeats"), [({}, 1), ({"x": np.zeros(0, np.float32)}, 1), (TENSORS, 0)], ids=["none", "empty", "never"]
)
def test_nothing_to_measure_is_refused(tensors: dict[str, np.ndarray], repeats: int) -> None:  # type: ignore[type-arg]
    with pytest.raises(UserInputError, match="at least one"):
        measure(Case("none", {}).build(), tensors, "nothing", repeats=repeats)


def test_a_tensor_that_the_codec_refuses_is_the_users_error() -> None:
    with pytest.raises(UserInputError, match=r"weights\.npy: fp16: .* nan or inf"):
        measure(Case("fp16", {}).build(), {"x": np.array([np.nan])}, "weights.npy")


def test_weights_that_were_compressed_have_few_values() -> None:
    few, levels = synthetic("low-entropy", (300, 400)), synthetic("quantised", (300, 400))
    assert np.unique(few).size == pytest.approx(32, abs=3)
    assert np.unique(levels).size <= 127
    assert np.abs(levels).max() == pytest.approx(63 * np.diff(np.unique(levels)).min(), rel=1e-3)
    gaussian_levels = synthetic("gaussian", (300, 400))
    assert 100 * np.mean(few != 0) == pytest.approx(11, abs=0.01)
    assert np.abs(few[few != 0]).min() > np.quantile(np.abs(gaussian_levels), 0.88)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_distributions_are_seeded_and_centred(name: str) -> None:
    values = synthetic(name, (200, 300), seed=3)  # type: ignore[arg-type]
    assert values.dtype == np.float32
    assert (values == synthetic(name, (200, 300), seed=3)).all()  # type: ignore[arg-type]
    assert abs(float(values.mean())) < 5e-4
    shares = {"sparse": 0.1, "low-entropy": 0.11, "quantised": 0.97}
    assert shares.get(name, 1.0) == pytest.approx(np.count_nonzero(values) / values.size, abs=0.03)


def test_distributions_have_their_spread() -> None:
    spread = {name: float(synthetic(name, (200_000,)).std()) / 0.01 for name in DISTRIBUTIONS}
    assert spread["gaussian"] == pytest.approx(1, rel=0.01)
    assert spread["laplace"] == pytest.approx(2**0.5, rel=0.01)
    assert spread["uniform"] == pytest.approx(3**-0.5, rel=0.01)
    assert spread["student"] == pytest.approx(3**0.5, rel=0.1)
    assert spread["sparse"] == pytest.approx(0.1**0.5, rel=0.02)


def test_unknown_distributions_and_huge_tensors_are_refused() -> None:
    with pytest.raises(UserInputError, match="known: gaussian"):
        synthetic("normal", (3,))  # type: ignore[arg-type]
    for shape in ((10**6, 10**6), (-1, 3)):
        with pytest.raises(UserInputError, match="at most"):
            synthetic("gaussian", shape)
