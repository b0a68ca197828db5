"""Random changes to good files and overrides: accepted or refused with a report, quickly, never with a traceback."""

from __future__ import annotations

import os
import random

import pytest

from simcluster.scenario import ScenarioError, load, load_grid
from tests.scenario.fuzzing import campaign
from tests.scenario.mutating import TOKENS, change_tokens
from tests.scenario.template import BASE

#: Mutations of files; the closing run of an issue takes 10,000: ``python -m tests.scenario.fuzzing --mutations 10000``.
MUTATIONS = int(os.environ.get("SIMCLUSTER_FUZZ", "120"))
SEED = 20

PATHS = [
    "cluster.workers",
    "network",
    "network.bandwidth",
    "compression.codec",
    "compression.codec.rho",
    "model",
    "compute.jitter",
    "compute.jitter.cv",
    "seed",
    "cluster.groups",
    "cluster.groups.0.count",
    "name",
]


def test_mutated_files_end_with_0_2_or_3_and_in_bounds():
    outcomes = list(campaign(SEED, MUTATIONS))
    assert not [(one.trial.number, one.wrong, one.output[-300:]) for one in outcomes if one.wrong]
    found = {(one.trial.arguments[0], one.ran, one.status) for one in outcomes}
    assert {("validate", False, 2), ("validate", True, 0), ("codec", False, 2)} <= found, "the mutations reach nothing"


def test_a_mutation_is_the_same_whoever_makes_it():
    first = [one.trial for one in campaign(SEED, 3)]
    again = [one.trial for one in campaign(SEED, 3)]
    assert first == again


@pytest.mark.parametrize("seed", range(3))
def test_mutated_overrides(seed, write, registry):
    rng = random.Random(seed)
    path = write(BASE)
    for _ in range(100):
        values = [change_tokens(rng.choice(TOKENS).encode("utf-8", "surrogatepass"), rng, []) for _ in range(2)]
        overrides = [f"{rng.choice(PATHS)}={value.decode('utf-8', 'surrogateescape')}" for value in values]
        for function in (load, load_grid):
            try:
                function(path, registry, overrides[: rng.randint(1, 2)])
            except ScenarioError as error:
                report = str(error)
                assert report
                assert all(line.isprintable() for line in report.split("\n")), ascii(report)
