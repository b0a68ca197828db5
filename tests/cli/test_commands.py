"""The commands as a user calls them: status, stdout, stderr, and what is written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAPER = ROOT / "scenarios" / "homomorphic_2017"
GZIP = str(PAPER / "alexnet_gzip.yaml")


def simcluster(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simcluster", *arguments]
    environment = {**os.environ, "COLUMNS": "100"}
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=environment, check=False)


def test_run_prints_the_report() -> None:
    done = simcluster("run", GZIP)
    assert done.returncode == 0
    # 3.6 + 8.079 + 45.2015 + 47.45 + 8.079 + 45.2015 + 1.898 s, worked out in the theory's tests
    assert "update time   159.5 s" in done.stdout
    assert "decode at the server   47.45 s  29.7%" in done.stdout
    assert "limited by the network (push and pull): 57% of an update" in done.stdout
    assert "0.45 s is an assumption" in done.stderr


def test_run_shows_every_preset_beside_it() -> None:
    lines = simcluster("run", GZIP, "--with-presets").stdout.splitlines()
    rows = {line.split("  ")[0]: line for line in lines[-4:]}
    assert set(rows) == {"this scenario", "vanilla", "one-time", "homomorphic"}, "the preset gzip is this scenario"
    assert "101.1 s" in rows["vanilla"]
    assert rows["vanilla"].endswith("0.634")


def test_run_writes_tables_and_pictures_only_into_its_folder(tmp_path: Path) -> None:
    done = simcluster("run", GZIP, "--plot", "timeline:update=2", "--plot", "breakdown", "--out", "o", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["o"]
    names = {path.name for path in (tmp_path / "o").iterdir()}
    tables = {"summary.csv", "updates.csv", "spans.csv", "links.csv"}
    pictures = {"timeline.png", "timeline.svg", "breakdown.png", "breakdown.svg"}
    assert names == {"scenario.yaml"} | tables | pictures
    again = simcluster("run", str(tmp_path / "o" / "scenario.yaml"))
    assert "update time   159.5 s" in again.stdout


def test_sweep_prints_a_row_for_each_point() -> None:
    done = simcluster("sweep", GZIP, "--set", "cluster.workers=1..4", "--preset", "vanilla,gzip")
    assert done.returncode == 0
    assert done.stderr.endswith("8 runs\n")
    lines = done.stdout.splitlines()
    assert len(lines) == 9
    assert lines[0].split()[:3] == ["cluster.workers", "preset", "update_time_s"]


def test_sweep_prints_csv(tmp_path: Path) -> None:
    done = simcluster("sweep", GZIP, "--set", "cluster.workers=2,16", "--csv")
    header, *rows = done.stdout.splitlines()
    assert len(rows) == 2
    values = dict(zip(header.split(","), rows[1].split(","), strict=True))
    assert float(values["update_time_s"]) == pytest.approx(float(values["theory_update_time_s"]), rel=1e-12)


def test_sweep_draws_one_picture_for_each_value_that_it_cannot_show(tmp_path: Path) -> None:
    arguments = ["--set", "cluster.workers=1..4", "--preset", "vanilla,gzip", "--plot", "breakdown", "--out", "o"]
    done = simcluster("sweep", GZIP, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in (tmp_path / "o").iterdir())
    pictures = [f"breakdown-{preset}.{form}" for preset in ("gzip", "vanilla") for form in ("png", "svg")]
    assert names == [*pictures, "sweep.csv"]


def test_show_prints_what_can_be_run_again(tmp_path: Path) -> None:
    text = simcluster("show", GZIP, "--set", "network.bandwidth=10Gbit/s").stdout
    assert yaml.safe_load(text)["network"]["bandwidth"] == "10 Gbit/s"
    (tmp_path / "shown.yaml").write_text(text)
    assert simcluster("show", str(tmp_path / "shown.yaml")).stdout == text


def test_list_names_sources() -> None:
    done = simcluster("list")
    assert done.returncode == 0
    assert "sync-ps" in done.stdout
    assert "shared-link" in done.stdout
    assert "source: arXiv 1711.10123, Table 1" in done.stdout
    assert "resnet50" not in simcluster("list", "networks").stdout


def test_schema_is_json() -> None:
    assert json.loads(simcluster("schema").stdout)["$schema"].startswith("https://json-schema.org/draft/2020-12")


def test_validate_reports_all_files_at_once(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: bad\nmodle: street\ncluster: {workers: true}\n")
    done = simcluster("validate", GZIP, str(bad))
    assert done.returncode == 2
    assert f"{GZIP}: valid" in done.stdout
    assert "bad.yaml:2:1" in done.stderr
    assert "model" in done.stderr
    assert "bad.yaml:3:" in done.stderr


BAD_CALLS = [
    (["run", GZIP, "--plot", "timeline"], "--plot needs a folder to write to: add --out DIR"),
    (["run", GZIP, "--record"], "--record needs a folder"),
    (["run", GZIP, "--plot", "timelin", "--out", "o"], "did you mean 'timeline'?"),
    (["run", GZIP, "--plot", "timeline:updat=2", "--out", "o"], "did you mean 'update'?"),
    (["run", GZIP, "--set", "cluster.workers=1..4"], "sweep"),
    (["run", GZIP, "--set", "network.bandwidth=10Gbitt/s"], "Gbit/s"),
    (["run", GZIP, "--preset", "gzi"], "gzip"),
    (["run", "missing.yaml"], "missing.yaml"),
    (["run"], "Missing argument"),
    (["rnu"], "No such command"),
    (["sweep", GZIP, "--plot", "speedup"], "--plot needs a folder"),
    (["sweep", GZIP, "--columns", "update_tim_s"], "did you mean 'update_time_s'?"),
    (["sweep", GZIP, "--set", "cluster.workers=1..1e12"], "cluster.workers"),
    (["list", "modles"], "models"),
]


@pytest.mark.parametrize(("arguments", "hint"), BAD_CALLS, ids=[" ".join(one[0][2:]) for one in BAD_CALLS])
def test_what_can_not_be_done_is_said_and_nothing_is_written(arguments: list[str], hint: str, tmp_path: Path) -> None:
    done = simcluster(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("plot", "hint"), [("timeline:update=99", "99"), ("operation-shares", "states no operation_shares")]
)
def test_a_picture_that_can_not_be_drawn_loses_no_tables(plot: str, hint: str, tmp_path: Path) -> None:
    done = simcluster("run", GZIP, "--plot", plot, "--out", "o", cwd=tmp_path)
    assert done.returncode == 2
    assert hint in done.stderr
    assert {"scenario.yaml", "summary.csv", "updates.csv"} <= {path.name for path in (tmp_path / "o").iterdir()}


def test_a_picture_of_a_sweep_that_can_not_be_drawn_loses_no_runs(tmp_path: Path) -> None:
    arguments = ["--set", "cluster.workers=1..2", "--plot", "lines:y=speedpu", "--out", "o"]
    done = simcluster("sweep", GZIP, *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "speedup" in done.stderr
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["sweep.csv"]


def test_a_folder_that_can_not_be_written_is_noticed_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = simcluster("run", GZIP, "--out", str(tmp_path / "file" / "o"))
    assert done.returncode == 2
    assert "can't write there" in done.stderr
    assert done.stdout == ""


def test_help_names_every_command() -> None:
    text = simcluster("--help").stdout
    assert all(f"  {name} " in text for name in ("run", "sweep", "validate", "show", "list", "codec", "schema"))


def loaded_modules(*arguments: str) -> set[str]:
    code = (
        "import sys\nfrom simcluster.cli import cli\n"
        f"cli({list(arguments)!r}, standalone_mode=False)\nprint('MODULES', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.rpartition("MODULES")[2].split()}


def test_help_and_run_import_nothing_heavy() -> None:
    assert not loaded_modules("--help") & {"numpy", "pandas", "matplotlib", "pydantic", "simpy", "rich", "yaml"}
    assert not loaded_modules("run", GZIP) & {"numpy", "pandas", "matplotlib", "rich", "scipy"}
