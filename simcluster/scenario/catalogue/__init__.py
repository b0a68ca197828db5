"""The catalogue: models, devices, codecs and networks with cited numbers, as plain data in the syntax of scenarios."""

from simcluster.scenario.catalogue.reading import ABOUT, KINDS, entry, names

__all__ = ["ABOUT", "KINDS", "entry", "names"]
