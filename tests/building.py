"""Scenarios for tests, built from plain mappings."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from simcluster.results import Result
from simcluster.scenario import Scenario, from_mapping
from simcluster.simulation import Registry, simulate

#: W = 100 MB, C = 8 s, 1 Gbit/s = 125 MB/s: times that can be worked out by hand.
BASE: dict[str, Any] = {
    "name": "test",
    "model": {"parameters": "100 MB"},
    "compute": {"minibatch_time": "8 s", "minibatch": 64},
    "cluster": {"workers": 4},
    "network": {"topology": "shared-link", "bandwidth": "100 MB/s", "latency": "0 s"},
    "training": {"scheme": "sync-ps", "local_iterations": 1, "updates": 2},
    "compression": {"codec": "none"},
    "seed": 7,
}


def changed(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the base scenario with some keys of each section changed; a section that isn't a mapping is replaced."""
    data = deepcopy(BASE)
    for section, values in (changes or {}).items():
        if isinstance(values, dict) and isinstance(data.get(section), dict):
            data[section].update(values)
        else:
            data[section] = values
    if "groups" in data["cluster"]:
        del data["cluster"]["workers"]
    return data


def scenario(changes: dict[str, Any] | None = None) -> Scenario:
    """Return the base scenario with changes."""
    return from_mapping(changed(changes), Registry())


def run(changes: dict[str, Any] | None = None, *, record: bool = True) -> Result:
    """Simulate the base scenario with changes."""
    return simulate(scenario(changes), record=record)
