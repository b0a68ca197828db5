"""``simcluster report``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_commands import GZIP, simcluster

SWEEP = ("sweep", GZIP, "--set", "cluster.workers=2,4", "--set", "network.bandwidth=1Gbit/s,10Gbit/s")


def test_report_takes_what_run_and_sweep_wrote_and_scenario_files(tmp_path: Path) -> None:
    made = [
        simcluster("run", GZIP, "--record", "--out", "run", cwd=tmp_path),
        simcluster(*SWEEP, "--replications", "2", "--out", "sweep", "--store", "store", cwd=tmp_path),
    ]
    assert [done.returncode for done in made] == [0, 0], [done.stderr for done in made]
    pages = {}
    for source in ("run", "sweep", "store", GZIP):
        page = tmp_path / f"{Path(source).stem}.html"
        done = simcluster("report", source, "-o", str(page), cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout == ""
        assert done.stderr.endswith(f"wrote {page}\n")
        pages[source] = page.read_text()
    # A scenario file is run as 'run' would.
    assert pages["run"] == pages[GZIP]
    assert "159.5 s" in pages["run"]
    assert "What limits it" in pages["run"]
    assert "A sweep of 4 points." in pages["sweep"]
    # The folder also has the columns of theory, and so the map of break-evens.
    assert "without compression" in pages["sweep"]
    assert "without compression" not in pages["store"]
    numbers = [pages[name].partition("<h2>All points")[2] for name in ("sweep", "store")]
    assert numbers[0] == numbers[1] != ""


def test_a_run_without_spans_can_be_reported(tmp_path: Path) -> None:
    made = simcluster("run", GZIP, "--out", "run", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert simcluster("report", "run", "-o", "page.html", cwd=tmp_path).returncode == 0
    assert "simcluster run --record" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("missing", "-o", "o.html"), "missing: there is no such file or folder"),
        (("empty", "-o", "o.html"), "is it what --out wrote?"),
        (("broken", "-o", "o.html"), "not as simcluster writes it"),
        (("text", "-o", "o.html"), "text"),
        (("bad.yaml", "-o", "o.html"), "bad.yaml"),
        ((GZIP, "-o", "nowhere/o.html"), "there is no folder nowhere"),
        ((GZIP,), "Missing option"),
    ],
)
def test_what_can_not_be_reported_is_said(arguments: tuple[str, ...], hint: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sweep.csv").write_text("a,b\n1,2\n")
    (tmp_path / "text").write_text("hello")
    (tmp_path / "bad.yaml").write_text("name: [")
    done = simcluster("report", *arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "o.html").exists()
