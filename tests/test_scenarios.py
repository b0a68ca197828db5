"""Every scenario file of the project is valid, without settings that do nothing, and runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from simcluster.simulation import load, load_grid, simulate

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "scenarios").rglob("*.yaml"))
NAMES = [str(path.relative_to(ROOT / "scenarios")) for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_file_runs_as_it_is(path: Path) -> None:
    loaded = load(path)
    expected = ("assumption of the catalogue", "simcluster sweep runs them")
    assert [str(note) for note in loaded.notices if not any(words in str(note) for words in expected)] == []
    assert simulate(loaded.scenario, record=True).metrics["update_time_s"] > 0


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_first_and_last_point_of_its_grid_run(path: Path) -> None:
    grid = load_grid(path)
    points = list(grid)
    assert len(points) == len(grid)
    for point in (points[0], points[-1]):
        assert simulate(point.scenario).metrics["update_time_s"] > 0


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_the_commands_in_its_comments_are_real(path: Path, tmp_path: Path) -> None:
    commands = re.findall(r"^# simcluster (.*)$", path.read_text(), re.MULTILINE)
    for command in commands:
        assert path.name in command
        if "bracket" in path.name:
            command = f"{command} --set cluster.workers=2,16"
        arguments = command.replace("scenarios/", f"{ROOT}/scenarios/").split()
        done = subprocess.run(
            [sys.executable, "-m", "simcluster", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_the_paper_is_complete() -> None:
    figures = {"1", "2a", "2b", "3", "4a", "4b", "5a", "5b", "6a", "6b", "6c", "7a", "7b", "7c", "8"}
    names = {path.stem for path in (ROOT / "scenarios" / "homomorphic_2017").iterdir()}
    assert {f"figure_{figure}" for figure in figures} | {"table_1", "equation_5", "equation_5_printed"} <= names
