"""Every bad file is refused by the command line: quickly, with all its problems at their lines, in words that help."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simcluster.cli import main
from simcluster.escaping import printable
from simcluster.scenario import ScenarioError, load
from tests.scenario.corpus import TABLE
from tests.scenario.corpus.case import Bad, Content
from tests.scenario.template import BASE

#: Files of the table that are tried in a process of their own, too.
SAMPLE = ["misspelt key", "alias bomb", "raw escape", "a FIFO", "a terabyte", "data of a FIFO", "too many points"]


def put(path: Path, content: Content) -> None:
    """Make a file, or something that is none."""
    if isinstance(content, str | bytes):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    elif content.kind == "fifo":
        os.mkfifo(path)
    elif content.kind == "folder":
        path.mkdir()
    elif content.kind == "link":
        path.symlink_to(content.target)
    else:
        path.touch()
        os.truncate(path, content.size)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    inner = tmp_path / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)
    (tmp_path / "t.csv").write_text("time_s,factor\n0,1\n")
    (tmp_path / "x.yaml").write_text(BASE)
    return inner


def lay_out(case: Bad, folder: Path) -> list[str]:
    """Make the files of a row, and return the arguments of its command."""
    for name, content in {"x.yaml": case.content, **case.beside}.items():
        put(folder / name, content)
    return [case.command, "x.yaml", *case.arguments]


def reported(text: str, case: Bad) -> list[tuple[int, str]]:
    """Return line and message of every problem of a report; 0 is the line of an override, or of the whole file."""
    arguments = "|".join(re.escape(printable(text)) for text in [*case.arguments, "-"])
    found = []
    for line in text.splitlines():
        match = re.match(rf"(?:[\w./]*:(\d+)(?::\d+)?|[\w./]+|--(?:set|preset) (?:{arguments})): ", line)
        if match and not line.startswith("    "):
            found.append((int(match[1] or 0), line[match.end() :]))
    return found


def test_the_table_is_large_and_names_every_row_once() -> None:
    titles = [case.title for case in TABLE]
    assert len(titles) >= 200
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.title)
def test_a_bad_file_is_refused_where_it_is_bad(
    case: Bad, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["simcluster", *lay_out(case, folder)])
    before = sorted(path.name for path in folder.iterdir())
    start = time.process_time()
    with pytest.raises(SystemExit) as caught:
        main()
    assert time.process_time() - start < 1
    assert caught.value.code == case.status
    output, report = capsys.readouterr()
    assert output == ""
    assert sorted(path.name for path in folder.iterdir()) == before
    assert all(line.isprintable() for line in report.split("\n")), ascii(report)
    assert not re.search(r"https?:/(?!/127)|[Ii]nput should|pydantic|validation error|Traceback", report)
    found = reported(report, case)
    assert [line for line, _ in found] == [line for line, _, _ in case.expected], report
    for (_, message), (_, field, words) in zip(found, case.expected, strict=True):
        assert message.startswith(f"{field}: " if field else ""), message
        assert words in message


@pytest.mark.parametrize("title", SAMPLE)
def test_a_process_of_its_own_says_the_same(title: str, folder: Path) -> None:
    (case,) = (case for case in TABLE if case.title == title)
    command = [sys.executable, "-m", "simcluster", *lay_out(case, folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stdout) == (case.status, "")
    assert [line for line, _ in reported(done.stderr, case)] == [line for line, _, _ in case.expected]


def test_values_are_shortened_and_escaped_in_the_report(write, registry):
    path = write(BASE.replace("1 Gbit/s", '"' + "x\\t" * 100 + '"'))
    with pytest.raises(ScenarioError) as caught:
        load(path, registry)
    report = str(caught.value)
    assert "\t" not in report
    assert "x\\tx\\t" in report
    assert len(report) < 250


def test_a_report_has_an_end(write, registry):
    with pytest.raises(ScenarioError) as caught:
        load(write("".join(f"key{number}: 1\n" for number in range(1000))), registry)
    lines = str(caught.value).splitlines()
    assert len(lines) == 51
    assert lines[-1] == "... and 954 more"
