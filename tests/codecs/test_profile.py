"""Cost profiles: sizes and times."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from simcluster.codecs import CodecProfile

GZIP = CodecProfile(ratio=1.079, compress_time=8.079, decompress_time=1.898, measured_size=243860896.0)


def test_a_measured_time_is_a_rate() -> None:
    assert GZIP.encode_time(243860896, 243860896) == pytest.approx(8.079)
    assert GZIP.encode_time(7872024, 7872024) == pytest.approx(8.079 * 7872024 / 243860896)
    assert GZIP.compressed_size(1079) == pytest.approx(1000)
    assert GZIP.compressed_fraction == 1 / 1.079


def test_a_time_without_measured_size_is_for_the_whole_model() -> None:
    profile = CodecProfile(rho=0.2, compress_time=8.0, decompress_rate=50.0)
    assert profile.encode_time(25, 100) == 2
    assert profile.decode_time(25, 100) == 0.5
    assert profile.compressed_size(100) == 20


def test_no_time_costs_nothing() -> None:
    assert CodecProfile(rho=0.2).encode_time(5, 10) == 0


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"rho": 0.5, "ratio": 2.0},
        {"rho": 0.0},
        {"rho": 1.5},
        {"ratio": 0.5},
        {"rho": 0.5, "compress_time": 1.0, "compress_rate": 1.0},
        {"rho": 0.5, "decompress_time": 1.0, "decompress_rate": 1.0},
        {"rho": True},
        {"rho": "0.5"},
        {"rho": float("nan")},
        {"rho": 0.5, "compress_time": -1.0},
        {"rho": 0.5, "speed": 1},
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CodecProfile.model_validate(values)


def test_expansion_must_be_meant() -> None:
    assert CodecProfile(rho=1.5, expands=True).compressed_size(10) == 15
