"""The text of a run's report: what is said of how a scenario compresses."""

from __future__ import annotations

from typing import Any

import pytest

from simcluster.cli.report_text import run_report
from simcluster.simulation import simulate
from tests.building import scenario

FIRST = {"rho": 0.25, "compress_time": "1 s", "decompress_time": "1 s"}

SAID: list[tuple[dict[str, Any], str]] = [
    ({}, "sync-ps, no compression"),
    ({"codec": FIRST}, "sync-ps, a codec of its own (rho = 0.25), every update"),
    ({"codec": FIRST, "usage": "homomorphic", "operation_overhead": 1.5},
        "sync-ps, a codec of its own (rho = 0.25), homomorphic, h = 1.5"),
    ({"push": FIRST, "pull": "bf16-epyc"},
        "sync-ps, a codec of its own (rho = 0.25) pushed, bf16-epyc (rho = 0.5) pulled, every update"),
    ({"pull": "bf16-epyc"}, "sync-ps, plain pushed, bf16-epyc (rho = 0.5) pulled, every update"),
]  # fmt: skip


def headline(changes: dict[str, Any]) -> str:
    question = scenario({"model": {"name": "mine"}, **changes})
    return run_report(question, simulate(question)).splitlines()[0]


@pytest.mark.parametrize(("compression", "words"), SAID)
def test_the_headline_says_what_travels_in_each_direction(compression: dict[str, Any], words: str) -> None:
    assert headline({"compression": compression}) == f"test: mine on 4 workers, {words}"


def test_workers_among_themselves_only_push() -> None:
    changes = {"training": {"scheme": "all-gather"}, "compression": {"push": FIRST}}
    assert headline(changes).endswith(" all-gather, a codec of its own (rho = 0.25), every update")
