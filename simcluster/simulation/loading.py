"""Scenario files, read with the registry of schemes and topologies."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from simcluster import scenario as scenarios
from simcluster.simulation.registry import Registry

if TYPE_CHECKING:
    from simcluster.scenario import Grid, Loaded, Scenario


def load(
    path: str | PathLike[str], overrides: Sequence[str] = (), presets: Sequence[str] = (), *, allow_path: bool = False
) -> Loaded:
    """Read a scenario file, and say what else is worth knowing about it.

    Parameters
    ----------
    path : path-like
    overrides : sequence of str
        Settings such as ``network.bandwidth=10Gbit/s``, which win over the file.
    presets : sequence of str
        Names of patches of the file.
    allow_path : bool
        Whether ``extends`` may leave the folder of the file.

    Returns
    -------
    Loaded
        The scenario, and notices about settings without effect.

    Raises
    ------
    ScenarioError
        With everything that is wrong, each with file, line and field.
    """
    return scenarios.load(Path(path), Registry(), overrides=overrides, presets=presets, allow_path=allow_path)


def load_scenario(
    path: str | PathLike[str], overrides: Sequence[str] = (), presets: Sequence[str] = (), *, allow_path: bool = False
) -> Scenario:
    """Read a scenario file; see :func:`load` for the parameters and errors."""
    return load(path, overrides, presets, allow_path=allow_path).scenario


def load_grid(
    path: str | PathLike[str], overrides: Sequence[str] = (), presets: Sequence[str] = (), *, allow_path: bool = False
) -> Grid:
    """Read a scenario file as a grid: its ``sweep:`` block, and overrides and presets that are lists or ranges.

    Parameters and errors are those of :func:`load`.
    """
    return scenarios.load_grid(Path(path), Registry(), overrides=overrides, presets=presets, allow_path=allow_path)
