"""Sweeps with a store, comparisons, searches, sensitivity and export, as a user calls them."""

from __future__ import annotations

import csv
import io
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from simcluster.cli import main
from simcluster.experiments import load_store
from tests.cli.test_commands import GZIP, PAPER, simcluster

VANILLA = str(PAPER / "alexnet.yaml")
BANDWIDTHS = ["--set", "network.bandwidth=1Gbit/s,10Gbit/s"]
JITTER = ["--set", "compute.jitter={cv: 0.2}"]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_dry_run_says_how_many_runs_there_are_and_writes_nothing(tmp_path: Path) -> None:
    store = ["--store", str(tmp_path / "s.sqlite")]
    grid = [VANILLA, "--set", "cluster.workers=1..25", "--replications", "3", *store]
    done = simcluster("sweep", *grid, "--dry-run", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout == "75 runs: 25 points, 3 replications of each\n"
    assert list(tmp_path.iterdir()) == []
    simcluster("sweep", VANILLA, "--set", "cluster.workers=1..5", "--replications", "2", *store)
    done = simcluster("sweep", *grid, "--dry-run")
    assert done.stdout.endswith("replications of each; 10 are in the store, 65 are to do\n")


def test_a_store_is_resumed_exported_and_read(tmp_path: Path) -> None:
    store = tmp_path / "s.sqlite"
    call = ["sweep", VANILLA, *BANDWIDTHS, "--store", str(store), "--csv", "--jobs", "2"]
    first = simcluster(*call)
    assert first.returncode == 0, first.stderr
    again = simcluster(*call)
    assert again.stdout == first.stdout
    assert "2 are in the store, 0 are to do" in again.stderr
    assert [row["network.bandwidth_bytes_per_s"] for row in rows_of(first.stdout)] == ["125000000.0", "1250000000.0"]
    exported = simcluster("export", str(store))
    assert exported.returncode == 0
    assert exported.stdout == load_store(store).to_csv(index=False)
    done = simcluster("export", str(store), "--table", "runs", "--csv", "r.csv", "--parquet", "r.parquet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert {path.name for path in tmp_path.iterdir()} == {"s.sqlite", "r.csv", "r.parquet"}
    assert [row["status"] for row in rows_of((tmp_path / "r.csv").read_text())] == ["done", "done"]


def test_replications_are_printed_with_their_interval() -> None:
    columns = ["--columns", "update_time_s,workers"]
    done = simcluster("sweep", VANILLA, *BANDWIDTHS, *JITTER, "--replications", "3", *columns)
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["network.bandwidth", "update_time_s", "workers"]
    assert len(lines) == 3
    assert " s ± " in lines[1]
    assert lines[1].endswith(" 25")


def test_a_plot_takes_a_setting_by_its_own_name(tmp_path: Path) -> None:
    plots = ["--plot", "lines:x=network.bandwidth,y=speedup"]
    done = simcluster("sweep", VANILLA, *BANDWIDTHS, *JITTER, "--replications", "2", *plots, "--out", "o", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "o").iterdir()} == {"lines.png", "lines.svg", "sweep.csv"}
    assert len(rows_of((tmp_path / "o" / "sweep.csv").read_text())) == 4


def test_compare_says_what_made_the_difference() -> None:
    done = simcluster("compare", GZIP, "--preset-b", "vanilla")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    # 159.5088 s against 101.1502 s; the server decodes 47.45 s
    assert lines[1].split() == ["update", "time", "159.5", "s", "101.1", "s", "-58.36", "s", "-36.6%"]
    assert lines[-1].startswith("B is faster than A by 58.")
    assert "decode at the server made the largest part of it (-47.45 s)" in lines[-1]
    assert "10 replications, 95% confidence" in lines[-1]


def test_compare_with_the_same_says_so() -> None:
    done = simcluster("compare", VANILLA, VANILLA, *JITTER, "--replications", "2")
    assert done.stdout.endswith("A and B take the same time\n")
    table = rows_of(simcluster("compare", VANILLA, "--set-b", "cluster.workers=5", "--csv").stdout)
    assert {row["metric"] for row in table} >= {"update_time_s", "speedup", "bytes_on_wire"}


@pytest.mark.parametrize("command", [["compare", VANILLA, "--set-b", "cluster.workers=5"], ["replicate", VANILLA]])
def test_a_confidence_is_that_of_the_interval(command: list[str]) -> None:
    call = [*command, *JITTER, "--replications", "3"]
    usual, narrow = simcluster(*call), simcluster(*call, "--confidence", "0.5")
    assert narrow.returncode == 0, narrow.stderr
    assert "95% confidence" in usual.stdout
    assert "50% confidence" in narrow.stdout
    refused = simcluster(*call, "--confidence", "1")
    assert refused.returncode == 2
    assert "--confidence" in refused.stderr


def test_solve_prints_the_evidence_and_the_answer() -> None:
    call = ["solve", VANILLA, "--preset", "homomorphic", "--vary", "compression.codec.rho=0.01..1"]
    done = simcluster(*call, "--until", "speedup >= 4")
    assert done.returncode == 0, done.stderr
    header, *rows, blank, answer = done.stdout.splitlines()
    assert header.split() == ["compression.codec.rho", "speedup", "reference", "holds"]
    assert len(rows) > 9
    assert not blank
    # (90 s / 4 - 1.3 * 90 s / 25 - 2 * 100 us) / (2 * 25 * 232.56 MiB / 1 Gbit/s), by hand
    assert answer.startswith("speedup >= 4 holds up to compression.codec.rho = 0.18")
    done = simcluster(*call, "--until", "speedup >= 4", "--csv")
    assert rows_of(done.stdout)[0]["holds"] == "True"
    assert "holds up to" in done.stderr


def test_solve_against_another_makes_a_map() -> None:
    done = simcluster(
        "solve", VANILLA, "--preset", "homomorphic", "--against", VANILLA, "--set", "cluster.workers=4,16",
        "--vary", "compression.operation_overhead=1..20",
    )
    assert done.returncode == 0, done.stderr
    header, *rows = [line.split() for line in done.stdout.splitlines()]
    assert header == ["cluster.workers", "compression.operation_overhead", "holds"]
    assert [row[0] for row in rows] == ["4", "16"]
    assert {row[2] for row in rows} == {"below"}


def test_solve_for_the_best() -> None:
    done = simcluster("solve", VANILLA, "--vary", "cluster.workers=1..64", "--minimise", "update_time_s")
    assert done.returncode == 0
    # sqrt(90 s * 1 Gbit/s / (2 * W)) = 4.8 workers
    assert "update_time_s is smallest at cluster.workers = 5" in done.stdout
    done = simcluster("solve", VANILLA, "--vary", "cluster.workers=1..4", "--maximise", "speedup")
    assert "at an end of the range" in done.stderr


def test_no_break_even_is_a_search_that_could_not_finish() -> None:
    done = simcluster("solve", VANILLA, "--vary", "cluster.workers=1..8", "--until", "speedup >= 100")
    assert done.returncode == 3
    assert "holds nowhere from 1 to 8" in done.stderr
    assert "100" in done.stdout


def test_sensitivity_ranks_the_settings() -> None:
    done = simcluster("sensitivity", GZIP)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[1].startswith("model.parameters")
    assert lines[-1].startswith("without effect: ")
    done = simcluster("sensitivity", GZIP, "--vary", "cluster.workers=4..8", "--metric", "speedup", "--csv")
    (row,) = rows_of(done.stdout)
    assert (row["setting"], row["low"], row["high"]) == ("cluster.workers", "4.0", "8.0")


BAD_CALLS = [
    (["sweep", VANILLA, "--spans"], "add --store PATH"),
    (["sweep", VANILLA, "--replications", "0"], "--replications"),
    (["sweep", VANILLA, "--jobs", "0"], "--jobs"),
    (["sweep", VANILLA, "--executor", "localhost:8786"], "expected dask://HOST:PORT"),
    (["sweep", VANILLA, "--store", "missing/s.sqlite"], "store missing/s.sqlite: can't be used"),
    (["sweep", VANILLA, "--set", "cluster.workers=2,2", "--replications", "2"], "are the same"),
    (["sweep", VANILLA, "--columns", "spedup", "--store", "s"], "no metric 'spedup' (did you mean 'speedup'?)"),
    (["sweep", VANILLA, "--jobs", "2", "--executor", "dask://localhost:1"], "give one"),
    (["replicate", VANILLA, "--metric", "sped", "--store", "s"], "no metric 'sped'"),
    (["replicate", VANILLA, "--most", "5"], "--most limits --until"),
    (["compare", VANILLA, "--set-b", "cluster.wokers=2"], "--set-b cluster.wokers=2: cluster.wokers: unknown key"),
    (["compare", VANILLA, "--preset-b", "vanila"], "--preset-b vanila"),
    (["solve", VANILLA, "--vary", "cluster.workers=1..4", "--until", "speedup > 1", "--alone"], "--alone belongs"),
    (
        ["solve", VANILLA, "--vary", "cluster.workers=1..4", "--until", "speedup > 1", "--against-preset", "gzip"],
        "--against-preset belongs",
    ),
    (
        ["solve", VANILLA, "--vary", "cluster.workers=1..4", "--until", "speedup > 1", "--metric", "speedup"],
        "--metric belongs",
    ),
    (
        ["solve", VANILLA, "--vary", "cluster.workers=1..4", "--until", "speedup > 1", "--set", "cluster.workers=2"],
        "--set cluster.workers: --vary varies it",
    ),
    (["solve", VANILLA, "--vary", "network.bandwidth=1..4", "--until", "speedup > 1"], "the unit is missing"),
    (["compare", VANILLA], "what differs: --set-b or --preset-b"),
    (["compare", VANILLA, "missing.yaml"], "missing.yaml"),
    (["compare", VANILLA, VANILLA, "--replications", "1"], "--replications"),
    (["solve", VANILLA, "--vary", "cluster.workers=1..4"], "ask for one thing"),
    (["solve", VANILLA, "--vary", "cluster.workers=1..4", "--until", "speedup"], "such as 'speedup >= 8'"),
    (["solve", VANILLA, "--vary", "cluster.workers=1..4", "--until", "sped > 1"], "there is no metric 'sped'"),
    (["solve", VANILLA, "--vary", "cluster.workers=4", "--until", "speedup > 1"], "expected PATH=LOW..HIGH"),
    (["solve", VANILLA, "--vary", "cluster.wokers=1..4", "--until", "speedup > 1"], "wokers"),
    (["solve", VANILLA, "--vary", "cluster.workers=0..4", "--until", "speedup > 1"], "cluster.workers"),
    (["sensitivity", VANILLA, "--metric", "limited_by"], "isn't a number"),
    (["sensitivity", VANILLA, "--spread", "2"], "--spread"),
    (["export", "missing.sqlite"], "no such file"),
    (["export", VANILLA], "not a database"),
]


@pytest.mark.parametrize(
    ("arguments", "hint"), BAD_CALLS, ids=lambda one: " ".join([one[0], *one[2:]]) if isinstance(one, list) else ""
)
def test_what_can_not_be_done_is_said_and_nothing_is_written(
    arguments: list[str], hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["simcluster", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capsys.readouterr()
    assert end.value.code == 2
    assert hint in err
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def test_runs_that_fail_are_reported_with_their_errors(tmp_path: Path) -> None:
    code = (
        "import simcluster.experiments.performing as performing\n"
        "real = performing.simulate\n"
        "def simulate(scenario, record):\n"
        "    if scenario.cluster.workers == 2: raise ZeroDivisionError('planted')\n"
        "    return real(scenario, record=record)\n"
        "performing.simulate = simulate\n"
        "from simcluster.cli import main\nmain()"
    )
    arguments = ["sweep", VANILLA, "--set", "cluster.workers=1..3", "--store", "s.sqlite"]
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["cluster.workers", "1", "3"]
    assert "failed: cluster.workers=2: ZeroDivisionError: planted (<string>:4)" in done.stderr
    assert done.stderr.endswith("simcluster: 1 of 3 runs failed; --retry-failed tries it again\n")
    healed = simcluster(*arguments, "--retry-failed", cwd=tmp_path)
    assert healed.returncode == 0
    assert len(healed.stdout.splitlines()) == 4




def test_replicate_goes_on_until_the_interval_is_small() -> None:
    done = simcluster("replicate", VANILLA, *JITTER, "--until", "0.0005", "--replications", "4")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["metric", "mean", "half-width", "low", "high"]
    assert lines[-1].startswith("update_time_s: ")
    assert int(lines[-1].split(", ")[1].split()[0]) > 4
    few = ["--replications", "4", "--most", "5", "--csv"]
    short = simcluster("replicate", VANILLA, *JITTER, "--until", "0.00001", *few)
    assert short.returncode == 3
    assert len(rows_of(short.stdout)) == 5
    assert "--most allows more" in short.stderr


def test_the_columns_of_csv_can_be_chosen() -> None:
    done = simcluster("sweep", VANILLA, *BANDWIDTHS, "--columns", "speedup,ideal_speedup", "--csv")
    header = done.stdout.splitlines()[0]
    assert header == "network.bandwidth_bytes_per_s,replication,seed,speedup,ideal_speedup"


def test_failed_runs_are_told_before_pictures_and_one_picture_does_not_stop_the_others(tmp_path: Path) -> None:
    code = (
        "import simcluster.experiments.performing as performing\n"
        "real = performing.simulate\n"
        "def simulate(scenario, record):\n"
        "    if scenario.cluster.workers == 2: raise ZeroDivisionError('planted')\n"
        "    return real(scenario, record=record)\n"
        "performing.simulate = simulate\n"
        "from simcluster.cli import main\nmain()"
    )
    plots = ["--plot", "lines:y=nonsense", "--plot", "lines:y=speedup", "--out", "o"]
    grid = ["sweep", VANILLA, "--set", "cluster.workers=2..4"]
    done = subprocess.run(
        [sys.executable, "-c", code, *grid, *plots], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stderr.index("failed: cluster.workers=2") < done.stderr.index("nonsense")
    assert {path.name for path in (tmp_path / "o").iterdir()} == {"lines.png", "lines.svg", "sweep.csv"}
    healthy = simcluster(*grid, *plots, cwd=tmp_path)
    assert healthy.returncode == 2
    assert healthy.stderr.splitlines()[-1].startswith("--plot lines: ")
    assert "nonsense" in healthy.stderr


def test_counts_in_words(tmp_path: Path) -> None:
    store = ["--store", str(tmp_path / "s.sqlite")]
    assert simcluster("sweep", VANILLA, "--dry-run").stdout == "1 run\n"
    simcluster("sweep", VANILLA, *store)
    assert simcluster("sweep", VANILLA, *store, "--dry-run").stdout == "1 run; 1 is in the store, 0 are to do\n"
    assert simcluster("sweep", VANILLA, *store, "--spans", "--dry-run").stdout == "1 run\n"
    with sqlite3.connect(tmp_path / "s.sqlite") as base:
        base.execute("UPDATE runs SET status = 'failed'")
        base.execute("DELETE FROM summary")
    known = "1 run; 0 are in the store, 1 failed before (--retry-failed tries again), 0 are to do\n"
    assert simcluster("sweep", VANILLA, *store, "--dry-run").stdout == known
    assert simcluster("sweep", VANILLA, *store, "--retry-failed", "--dry-run").stdout == "1 run\n"


def test_a_search_says_how_sure_it_is() -> None:
    call = ["solve", VANILLA, *JITTER, "--vary", "network.bandwidth=1..40Gbit/s", "--until", "speedup >= 4"]
    once = simcluster(*call)
    assert "note: the answer is that of one seed" in once.stderr
    several = simcluster(*call, "--replications", "3")
    assert "one seed" not in several.stderr
    assert "in doubt from 4." in several.stdout.splitlines()[-1]
    assert several.stdout.endswith("; 3 replications, 95% confidence)\n")


def test_a_sweep_over_schemes_says_that_their_updates_differ() -> None:
    scheme = ("--set", "training.scheme=sync-ps,async-ps", "--set", "training.updates=8", "--set", "cluster.workers=2")
    assert "not all points mean the same by an update" in simcluster("sweep", VANILLA, *scheme).stderr
    alike = ("--set", "training.scheme=async-ps", "--set", "training.updates=8", "--set", "cluster.workers=2,4")
    assert "not all points" not in simcluster("sweep", VANILLA, *alike).stderr
