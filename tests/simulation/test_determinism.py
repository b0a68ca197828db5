"""A sample of the determinism suite; ``python -m tests.simulation.determinism`` does it all, and more often."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simcluster.experiments.executors import open_pool
from simcluster.results import Result
from simcluster.scenario import Scenario
from simcluster.simulation import building, simulate
from tests.simulation import determinism
from tests.simulation.determinism import CASES, elsewhere, export, fingerprint, fingerprints, repeated, submitted
from tests.simulation.determinism_cases import SCENARIOS


def _sample() -> list[str]:
    """Return a case of each scheme, of every kind in turn, all networks and codecs, and some that learn."""
    kinds: dict[str, list[str]] = {}
    for case in CASES:
        kinds.setdefault(case.split(",")[0] if case.startswith("scheme") else case.split(" ")[0], []).append(case)
    schemes = [kind for kind in kinds if kind.startswith("scheme")]
    found = [kinds[scheme][place % len(kinds[scheme])] for place, scheme in enumerate(schemes)]
    learning = kinds.pop("learning")[::3]
    return [*found, *learning, *(case for kind, cases in kinds.items() if kind not in schemes for case in cases)]


SAMPLE = _sample()


@pytest.fixture(scope="module")
def known() -> dict[str, str]:
    return fingerprints(SAMPLE)


def test_the_sample_has_something_of_everything() -> None:
    text = repr([SCENARIOS[case] for case in SAMPLE if case in SCENARIOS])
    for word in ("jitter", "'crash'", "'slow'", "background", "learning", "checkpoint_interval", "overlap", "shards"):
        assert word in text


def test_the_same_bytes_again_in_another_order(known: dict[str, str]) -> None:
    assert repeated(SAMPLE, known, 1) == []


@pytest.mark.parametrize("case", [case for case in SAMPLE if case in SCENARIOS])
def test_recording_changes_no_table(case: str, known: dict[str, str]) -> None:
    plain, recorded = export(case, record=False), export(case)
    assert fingerprint(recorded) == known[case]
    assert set(recorded) > set(plain) >= {"scenario.json", "summary.csv", "updates.csv"}
    for name, data in plain.items():
        assert recorded[name] == data


def test_the_same_bytes_under_another_hash_seed(known: dict[str, str]) -> None:
    assert elsewhere(SAMPLE, known, hash_seed="3") == []


def test_the_same_bytes_in_several_processes(known: dict[str, str]) -> None:
    with open_pool(2) as pool:
        assert submitted(SAMPLE, known, pool.executor, seed=1) == []


def test_a_sweep_is_the_same_in_several_processes() -> None:
    assert determinism.unlike([1, 2]) == []


def test_what_is_drawn_without_a_seed_is_seen(known: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    jittered = next(case for case in SAMPLE if case.startswith("topology star"))
    monkeypatch.setattr(building, "stream", lambda seed, entity, purpose: np.random.default_rng())
    assert repeated([jittered], known, 2) == [jittered, jittered]


def test_a_recorder_that_interferes_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def meddled(scenario: Scenario, **options: Any) -> Result:
        return simulate(scenario if options["record"] else scenario.update(seed=scenario.seed + 1), **options)

    monkeypatch.setattr(determinism, "simulate", meddled)
    assert determinism.unrecorded(["topology star"]) == ["topology star"]
