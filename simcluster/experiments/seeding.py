"""Replications: the same scenario under other seeds, and what identifies a run.

Replication 0 is the scenario under its own seed, so that it is what ``simcluster run`` shows. The seed of replication k
depends on the scenario's seed and on k, and on nothing else: the k-th replications of two scenarios of the same seed
draw the same random numbers (every stream is keyed by seed, entity and purpose, see :mod:`simcluster.rng`), so that
their difference is that of the scenarios and not of luck. All points of a sweep, both sides of a comparison and all
trials of a search are paired in this way.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata

from simcluster.scenario import Scenario, canonical_key


def replication_seed(seed: int, replication: int) -> int:
    """Return the seed of one replication.

    Parameters
    ----------
    seed : int
        The scenario's seed.
    replication : int
        Counted from 0; 0 gives the scenario's own seed.

    Returns
    -------
    int
        Less than 2^63: the first 63 bits of the SHA-256 of seed and replication.
    """
    if replication == 0:
        return seed
    name = f"{seed}\x00replication\x00{replication}".encode()
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "big") >> 1


def replicated(scenario: Scenario, replication: int) -> Scenario:
    """Return a scenario under the seed of one of its replications."""
    return scenario if replication == 0 else scenario.update(seed=replication_seed(scenario.seed, replication))


def run_key(scenario: Scenario) -> str:
    """Return the key of a run: the SHA-256 of what the scenario says, its seed, and the version of simcluster.

    Parameters
    ----------
    scenario : Scenario
        Under the seed that it runs with. Its name and description don't count.
    """
    text = f"{canonical_key(scenario)}\x00{scenario.seed}\x00{this_version()}"
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def this_version() -> str:
    """Return the version of simcluster that runs here."""
    return metadata.version("simcluster")
