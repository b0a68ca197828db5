"""``simcluster homomorphic-map`` as a user calls it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from simcluster.cli.homomorphic_map_theory import overhead_of
from simcluster.experiments import homomorphic_map, load_candidates
from tests.cli.test_commands import simcluster
from tests.experiments.test_homomorphic_map import BASE


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.yaml"
    path.write_text(BASE)
    return path


def test_the_report_compares_simulations_with_eq_5(base: Path) -> None:
    done = simcluster("homomorphic-map", str(base))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "base: 4 workers, 1 Gbit/s; the goal is an update as fast as the plain one"
    assert lines[1] == "Eq. 5: h <= 7.4 - 6.4 rho"
    (small,) = [line for line in lines if line.startswith("small  ") and "yes" in line]
    assert small.split()[4:] == ["0.2500", "3", "3", "5.8", "4.6", "s", "0.87", "yes", "yes"]
    assert "small up to 2.4 Gbit/s (2.4) from 3 (3 to 256)" in [" ".join(line.split()) for line in lines]
    assert any(line.split()[:1] == ["recoded"] and "decoded at every update" in line for line in lines)
    assert lines[-1] == "inside, the fastest first: squeezed, recoded, small"


def test_every_edge_that_eq_5_knows_is_the_simulated_one(base: Path) -> None:
    for goal in ([], ["--speedup", "1"]):
        done = simcluster("homomorphic-map", str(base), "--csv", *goal)
        for row in csv.DictReader(io.StringIO(done.stdout)):
            assert row["inside"] == row["theory_inside"]
            ends = [float(row[f"inside_{end}_bytes_per_s"] or "nan") for end in ("from", "to")]
            edges = [end for end in ends if 0 < end < float("inf")]
            edge = float(row["theory_edge_bytes_per_s"] or "nan")
            assert edges == pytest.approx([edge] * len(edges), rel=1e-3)
            for end in ("from", "to"):
                found, known = (row[f"{which}_{end}_workers"] or "nan" for which in ("inside", "theory"))
                assert float(found) in (float(known), float("inf"), float("-inf")) or found == known == "nan"


@pytest.mark.parametrize("cores", [1, 3])
@pytest.mark.parametrize("workers", [2, 7])
def test_what_decoding_costs_is_what_the_simulation_charges(base: Path, workers: int, cores: int) -> None:
    field = load_candidates(base, [f"cluster.workers={workers}", f"cluster.server.cores={cores}"], ["recoded", "small"])
    table = homomorphic_map(field, bandwidths=None, workers=None)
    for one, charged in zip(field.candidates, table["charged_overhead"], strict=True):
        assert overhead_of(one, field.plain)(workers) == pytest.approx(charged)


def test_with_out_the_table_and_the_map_are_written(base: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = simcluster("homomorphic-map", str(base), "--no-edges", "--candidate", "small", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "where each is inside" not in done.stdout
    assert {path.name for path in out.iterdir()} == {f"homomorphic_map.{end}" for end in ("csv", "png", "svg")}


def test_where_eq_5_does_not_hold_there_is_no_line(base: Path, tmp_path: Path) -> None:
    jitter = ["--set", "compute.jitter={distribution: gamma, cv: 0.2}"]
    done = simcluster("homomorphic-map", str(base), "--no-edges", *jitter, "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "Eq. 5:" not in done.stdout
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["homomorphic_map.csv"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--candidate", "smal"], "neither a preset"),
        (["--workers", "9"], "expected PATH=LOW..HIGH"),
        (["--bandwidths", "1..10"], "unit"),
        (["--speedup", "0"], "speedup"),
    ],
)
def test_silly_questions_are_refused(base: Path, arguments: list[str], words: str) -> None:
    done = simcluster("homomorphic-map", str(base), *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""
