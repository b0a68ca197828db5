"""Options given as texts: what they mean, and what is said about wrong ones."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field

from simcluster.options import Duration, Options, PositiveNumber
from simcluster.scenario import ScenarioError
from simcluster.scenario.option_texts import read_options
from simcluster.simulation import Registry


class Sample(Options):
    """Options of every kind."""

    kind: str = "sample"
    level: Annotated[int, Field(ge=0, le=9)] = 6
    base: Literal["2", "sqrt2"] = "sqrt2"
    share: PositiveNumber | None = 0.5
    fast: bool = False
    pause: Duration = 0.0
    stages: Annotated[tuple[PositiveNumber, ...], Field(strict=False)] = ()


def read(*texts: str) -> Sample:
    return read_options(texts, Sample, Registry(), fixed=("kind",), flag="--option")


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("level=3", "level", 3),
        (" level = 3 ", "level", 3),
        ("base=2", "base", "2"),
        ("share=1e-3", "share", 1e-3),
        ("share=null", "share", None),
        ("fast=true", "fast", True),
        ("pause=3 ms", "pause", 3e-3),
        ("stages=0.5,0.25", "stages", (0.5, 0.25)),
    ],
)
def test_a_text_means_what_it_means_in_a_scenario(text: str, field: str, value: object) -> None:
    assert read(text) == Sample().update(**{field: value})


def test_nothing_given_leaves_the_defaults() -> None:
    assert read() == Sample()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("level=10", "--option level=10: level: 10: must be at most 9"),
        ("level=3.0", "--option level=3.0: level: 3.0: expected a whole number (write 3)"),
        ("base=3", "--option base=3: base: 3: expected '2' or 'sqrt2'"),
        ("base=sqrt", "did you mean 'sqrt2'?"),
        ("pause=3", "the unit is missing"),
        ("fast=yes", "(write true)"),
        ("levle=3", "--option levle=3: levle: no such option (did you mean 'level'?)"),
        ("kind=other", "kind: no such option"),
        ("level", "expected key=value, where key is one of level, base, share"),
        ("level=\x1b", "expected key=value"),
        ("level=" + "1" * 2000, "expected key=value"),
        ("", "expected key=value"),
        ("=", "no such option"),
        ("level=", "an empty value: expected a whole number"),
    ],
)
def test_what_is_wrong_is_said_with_the_text(text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        read(text)
    assert message in str(refused.value)
    assert str(refused.value).isprintable()


def test_all_that_is_wrong_is_said() -> None:
    with pytest.raises(ScenarioError) as refused:
        read("level=10", "base=3", "fast=1", "fast=true", "other=1")
    assert len(refused.value.problems) == 5
