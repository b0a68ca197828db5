"""Tells how long distributed training will take, where the time goes, and whether compression helps.

The public names are imported when they are first used, so that ``simcluster --help`` answers at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simcluster.experiments import compare, load_store, replicate, solve, sweep
    from simcluster.results import Result
    from simcluster.scenario import Scenario
    from simcluster.simulation import load_scenario, simulate

_HOMES = {
    "Result": "simcluster.results",
    "Scenario": "simcluster.scenario",
    "compare": "simcluster.experiments",
    "load_scenario": "simcluster.simulation",
    "load_store": "simcluster.experiments",
    "replicate": "simcluster.experiments",
    "simulate": "simcluster.simulation",
    "solve": "simcluster.experiments",
    "sweep": "simcluster.experiments",
}

__all__ = ["Result", "Scenario", "compare", "load_scenario", "load_store", "replicate", "simulate", "solve", "sweep"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'simcluster' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
