"""Options: frozen, strict, without unknown keys; quantities as text in files and as numbers in Python code."""

from __future__ import annotations

import math

import jsonschema
import pytest
from pydantic import ValidationError

from simcluster.options import (
    WRITTEN,
    Duration,
    FieldError,
    NonNegativeNumber,
    Options,
    PositiveDuration,
    PositiveNumber,
    PositiveSize,
    Power,
    Rate,
    Size,
)


class Sample(Options):
    rate: Rate
    size: Size = 0.0
    part: PositiveSize | None = None
    delay: Duration = 0.0
    period: PositiveDuration = 1.0
    power: Power | None = None
    factor: PositiveNumber = 1.0
    offset: NonNegativeNumber = 0.0
    flag: bool = False


def test_texts_become_base_units():
    sample = Sample(rate="1 Gbit/s", size="1 KiB", part="2 kB", delay="3 ms", power="1 kW", factor=2)
    assert dict(sample) == {
        "rate": 125e6, "size": 1024.0, "part": 2000.0, "delay": 0.003, "period": 1.0, "power": 1000.0, "factor": 2.0,
        "offset": 0.0, "flag": False,
    }  # fmt: skip
    assert type(sample.factor) is float


def test_they_are_written_with_units_again():
    sample = Sample(rate="1 Gbit/s", part=2000.0)
    written = sample.model_dump(mode="json")
    assert (written["rate"], written["part"], written["power"], written["period"]) == ("1 Gbit/s", "2 kB", None, "1 s")
    assert Sample.model_validate(written, context=WRITTEN) == sample
    assert sample.model_dump()["rate"] == 125e6


def test_python_code_may_give_numbers_but_files_may_not():
    assert Sample(rate=5.0).rate == 5.0
    assert Sample(rate=5).rate == 5.0
    with pytest.raises(ValidationError, match="the unit is missing; expected a rate, such as '1 Gbit/s'"):
        Sample.model_validate({"rate": 5.0}, context=WRITTEN)


BAD = [
    {"rate": "0 B/s"},
    {"rate": "-1 B/s"},
    {"rate": math.nan},
    {"rate": math.inf},
    {"rate": True},
    {"rate": None},
    {"rate": "1"},
    {"part": 0.0},
    {"size": "-1 B"},
    {"delay": -1.0},
    {"period": "0 s"},
    {"power": "-1 W"},
    {"factor": 0},
    {"factor": "2"},
    {"factor": True},
    {"factor": math.nan},
    {"factor": 10**400},
    {"offset": -1},
    {"flag": 1},
    {"flag": "true"},
    {"unknown": 1},
]


@pytest.mark.parametrize("change", BAD, ids=str)
def test_what_does_not_fit_is_refused(change):
    with pytest.raises(ValidationError) as caught:
        Sample.model_validate({"rate": "1 B/s", **change})
    assert caught.value.error_count() == 1


def test_options_are_frozen_and_update_checks():
    sample = Sample(rate=1.0)
    with pytest.raises(ValidationError, match="frozen"):
        sample.rate = 2.0  # type: ignore[misc]
    changed = sample.update(rate="2 B/s")
    assert (changed.rate, sample.rate) == (2.0, 1.0)
    with pytest.raises(ValidationError):
        sample.update(rate=-1.0)
    with pytest.raises(ValidationError):
        sample.update(unknown=1)


def test_numbers_in_quotes_get_a_hint():
    with pytest.raises(ValidationError, match="remove the quotes"):
        Sample(rate=1.0, factor="2")
    with pytest.raises(ValidationError, match="nan and inf are no numbers here"):
        Sample(rate=1.0, factor="nan")


def test_the_json_schema_takes_what_files_may_say():
    validator = jsonschema.Draft202012Validator(Sample.model_json_schema())
    assert validator.is_valid({"rate": "1 Gbit/s", "part": None, "factor": 2})
    for bad in ({"rate": 5.0}, {"rate": "1 Gbit"}, {"rate": "-1 B/s"}, {"rate": "1 B/s", "unknown": 1}):
        assert not validator.is_valid(bad)


def test_a_field_error_says_what_where_and_how():
    error = FieldError("expected less", "cores", "take 1")
    assert (str(error), error.path, error.hint) == ("expected less (take 1)", ("cores",), "take 1")
    assert FieldError("x", ("a", "b")).path == ("a", "b")
    assert FieldError("x").path == ()
    assert str(type(error)(*error.args)) == str(error)
