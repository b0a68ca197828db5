"""What the user writes: scenario files, their sections, overrides, presets and grids.

Files are read within budgets and with the place of every value; what is wrong is reported all at once.
"""

from simcluster.scenario.exporting import json_schema
from simcluster.scenario.grids import Grid, GridPoint, load_grid
from simcluster.scenario.loading import Loaded, from_mapping, load, with_settings
from simcluster.scenario.places import Place
from simcluster.scenario.problems import Notice, Problem, ScenarioError
from simcluster.scenario.schema import Scenario
from simcluster.scenario.vocabulary import Registry
from simcluster.scenario.writing import canonical_key, resolved, to_yaml

__all__ = [
    "Grid",
    "GridPoint",
    "Loaded",
    "Notice",
    "Place",
    "Problem",
    "Registry",
    "Scenario",
    "ScenarioError",
    "canonical_key",
    "from_mapping",
    "json_schema",
    "load",
    "load_grid",
    "resolved",
    "to_yaml",
    "with_settings",
]
