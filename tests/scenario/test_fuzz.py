"""Random changes to good files: each is accepted or refused with a report, quickly, and never ends in a traceback."""

from __future__ import annotations

import os
import random
import time

import pytest

from simcluster.scenario import ScenarioError, load, load_grid
from tests.scenario.template import BASE, FILES

#: Files of one seed; the closing run of an issue takes more.
FILES_PER_SEED = int(os.environ.get("SIMCLUSTER_FUZZ", "60"))

SEEDS = [BASE, *(path.read_text(encoding="utf-8") for path in sorted((FILES / "good").glob("*.yaml")))]
PUNCTUATION = ": , - [ ] { } & * ! | > ' \" # % @ ` ? << ~ &a *a !!int !!python/none --- ... {} [] ''"
NUMBERS = "null true nan .inf 1e999 -1 0 1 1..5 1,2 1..1e12 1Gbit/s 5 MB 3 s"
KEYS = "x y gzip none street extends presets sweep preset zip exclude profile codec workers groups"
UNSEEN = ["", " ", "\t", "\n", "\x00", "\x1b", "\u2028", "\ud7ff", "\ufeff"]
TOKENS = [*PUNCTUATION.split(), *NUMBERS.split(), *KEYS.split(), *UNSEEN]
LETTERS = [9, 10, 32, 58, 123, 0x1F600]


def refused(function, *arguments) -> str:
    """Return the report with which a function refuses, or nothing if it doesn't."""
    try:
        function(*arguments)
    except ScenarioError as error:
        return str(error) or "an empty report: \a"
    return ""


def mutated(text: str, rng: random.Random) -> str:
    for _ in range(rng.randint(1, 4)):
        lines = text.split("\n")
        index = rng.randrange(len(lines))
        position = rng.randrange(len(text) + 1)
        other = rng.choice(SEEDS).split("\n")
        match rng.randrange(8):
            case 0:
                text = text[:position] + rng.choice(TOKENS) + text[position:]
            case 1:
                text = text[:position] + text[position + rng.randint(1, 10) :]
            case 2:
                text = text[:position] + chr(rng.choice([*LETTERS, rng.randrange(0xD800)])) + text[position:]
            case 3:
                text = "\n".join([*lines[:index], *lines[index + 1 :]])
            case 4:
                text = "\n".join([*lines[:index], rng.choice(other), *lines[index:]])
            case 5:
                text = "\n".join([*lines[:index], " " * rng.randint(0, 4) + lines[index].lstrip(), *lines[index + 1 :]])
            case 6:
                key, colon, _ = lines[index].partition(":")
                text = "\n".join([*lines[:index], f"{key}{colon} {rng.choice(TOKENS)}", *lines[index + 1 :]])
            case 7:
                words = text.split(" ")
                words[rng.randrange(len(words))] = rng.choice(words)
                text = " ".join(words)
    return text


@pytest.mark.parametrize("seed", range(len(SEEDS)))
def test_mutations(seed, write, registry):
    rng = random.Random(seed)
    write(BASE, "alexnet-gige.yaml")
    for _ in range(FILES_PER_SEED):
        text = mutated(SEEDS[seed], rng)
        path = write(text.encode("utf-8", "surrogatepass"))
        start = time.process_time()
        for function in (load, load_grid):
            report = refused(function, path, registry)
            assert all(line.isprintable() for line in report.split("\n")), ascii(report)
        assert time.process_time() - start < 2, text


@pytest.mark.parametrize("seed", range(3))
def test_mutated_overrides(seed, write, registry):
    rng = random.Random(seed)
    path = write(BASE)
    paths = "cluster.workers network network.bandwidth compression.codec compression.codec.rho model compute.jitter "
    paths += "compute.jitter.cv seed cluster.groups cluster.groups.0.count name"
    for _ in range(FILES_PER_SEED):
        overrides = [
            f"{rng.choice(paths.split())}={mutated(rng.choice(TOKENS), rng)}" for _ in range(rng.randint(1, 2))
        ]
        for function in (load, load_grid):
            report = refused(function, path, registry, overrides)
            assert all(line.isprintable() for line in report.split("\n")), ascii(report)
