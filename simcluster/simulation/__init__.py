"""One scenario -> live objects -> one result."""

from simcluster.simulation.loading import load, load_grid, load_scenario
from simcluster.simulation.registry import Registry
from simcluster.simulation.running import simulate

__all__ = ["Registry", "load", "load_grid", "load_scenario", "simulate"]
