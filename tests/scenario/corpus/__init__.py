"""Hostile and silly files with what is to be said of each: one table."""

from tests.scenario.corpus.counts import COUNTS, OVERRIDES, SWEEPS
from tests.scenario.corpus.places import FILES, NAMES
from tests.scenario.corpus.together import TOGETHER
from tests.scenario.corpus.values import VALUES
from tests.scenario.corpus.words import WORDS
from tests.scenario.corpus.yaml import BYTES, YAML

TABLE = [*WORDS, *VALUES, *TOGETHER, *YAML, *BYTES, *NAMES, *FILES, *COUNTS, *SWEEPS, *OVERRIDES]
