"""What comes out though the terminal, the disk, or the name of a file is hostile."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenario.template import BASE


def simcluster(
    folder: Path, *arguments: str | bytes, stdout: int = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "simcluster", *arguments]
    return subprocess.run(
        command, cwd=folder, stdout=stdout, stderr=subprocess.PIPE, env={**os.environ, **environment}, check=False
    )


@pytest.mark.parametrize("name", [b"\x1b[31mred.yaml", b"\xff.yaml", "a\u202eb.yaml".encode()])
def test_names_of_files_are_escaped(tmp_path: Path, name: bytes) -> None:
    (tmp_path / os.fsdecode(name)).write_text(BASE)
    done = simcluster(tmp_path, "validate", name)
    assert done.returncode == 0
    assert b": valid" in done.stdout
    assert done.stdout.decode().rstrip("\n").isprintable()
    done = simcluster(tmp_path, "run", b"missing" + name)
    assert done.returncode == 2
    assert done.stderr.decode().rstrip("\n").isprintable()


def test_names_of_folders_are_escaped(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(BASE)
    done = simcluster(tmp_path, "run", "x.yaml", "--out", "\x1b[2J")
    assert done.returncode == 0
    assert rb"wrote \x1b[2J/summary.csv" in done.stderr
    assert b"\x1b" not in done.stderr + done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_output_without_block_elements_gets_escapes(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "x.yaml").write_text(BASE)
    done = simcluster(tmp_path, "run", "x.yaml", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert b"update time" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_ends_with_3(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(BASE)
    with open("/dev/full", "wb") as full:
        done = simcluster(tmp_path, "show", "x.yaml", stdout=full.fileno())
    assert done.returncode == 3
    assert done.stderr == b"simcluster: No space left on device\n"


def test_a_folder_in_the_way_of_a_file_ends_with_3(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(BASE)
    (tmp_path / "out" / "scenario.yaml").mkdir(parents=True)
    done = simcluster(tmp_path, "run", "x.yaml", "--out", "out")
    assert done.returncode == 3
    assert done.stderr.endswith(b"out/scenario.yaml: Is a directory\n")
