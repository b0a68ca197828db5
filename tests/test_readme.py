"""The README is true: its commands print what it shows, and its Python runs."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
#: ``$ simcluster ...`` and what it prints, up to the end of the block.
SESSIONS = re.findall(r"^```console\n\$ simcluster (.*?)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SCRIPTS = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
LINKS = re.findall(r"\]\(([^)#]+)\)", README)


@pytest.mark.parametrize(("arguments", "output"), SESSIONS, ids=[one[0][:60] for one in SESSIONS])
def test_commands_print_what_the_readme_shows(arguments: str, output: str, tmp_path: Path) -> None:
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    command = [sys.executable, "-m", "simcluster", *shlex.split(arguments)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == output


@pytest.mark.parametrize("script", SCRIPTS, ids=[str(number) for number, _ in enumerate(SCRIPTS)])
def test_python_runs(script: str) -> None:
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("link", sorted({link for link in LINKS if "://" not in link}))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_the_first_two_blocks_are_the_two_commands() -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert "simcluster run" in blocks[0]
    assert "pytest" in blocks[1]
    assert len(SESSIONS) >= 2
    assert len(SCRIPTS) >= 1
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
