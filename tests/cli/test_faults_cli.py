"""What the commands say and write about faults."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.cli.test_commands import ROOT, simcluster

FILE = str(ROOT / "scenarios" / "faults" / "checkpointing.yaml")
SHORT = ("--set", "training.updates=100")
CRASH = "faults=[{kind: crash, on: worker-1, at: 700 s, lasts: 1 min}]"


def test_a_run_says_what_went_wrong(tmp_path: Path) -> None:
    done = simcluster("run", FILE, *SHORT, "--set", CRASH, "--record", "--out", "o", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = done.stdout[done.stdout.index("what went wrong") :]
    # Saved until 520 s; until 700 s there are nine updates of 19.6 s, 18 s of them computing, and 3.6 s of another one.
    # 4 * (9 * 18 + 3.6) = 662.4 s. Saved after updates 25, 50 and 75.
    assert "crashes      1; machines were up" in told
    assert "lost work    11.04 min of computing that never took effect" in told
    assert "checkpoints  3, 90 s in all" in told
    incidents = pd.read_csv(tmp_path / "o" / "incidents.csv")
    assert incidents.query("kind == 'crash'")[["entity", "start_s", "end_s"]].to_numpy().tolist() == [
        ["worker-1", 700.0, 760.0]
    ]
    assert set(incidents["kind"]) == {"crash", "recovery", "checkpoint"}
    spans = pd.read_csv(tmp_path / "o" / "spans.csv")
    assert {"crashed", "recovery", "checkpoint"} <= set(spans.query("lane == 'compute'")["cause"].dropna())

    done = simcluster("report", "o", "-o", "r.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "What went wrong" in page
    assert "worker-1" in page


def test_a_run_without_faults_says_nothing_of_them(tmp_path: Path) -> None:
    calm = ("--set", "faults=[]", "--set", "recovery.checkpoint_interval=1 h")
    done = simcluster("run", FILE, "--set", "training.updates=3", *calm, "--out", "o", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "what went wrong" not in done.stdout
    assert not (tmp_path / "o" / "incidents.csv").exists()


def test_a_report_of_an_incomplete_run_says_so(tmp_path: Path) -> None:
    lost = "faults=[{kind: crash, on: server-0, at: 700 s}]"
    done = simcluster("run", FILE, *SHORT, "--set", lost, "--out", "o", cwd=tmp_path)
    assert done.returncode == 3
    assert "lost for good: server-0 is down since 700 s, for good" in done.stderr
    done = simcluster("report", "o", "-o", "r.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Incomplete: nothing can happen any more at 700 s" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_fault_on_no_link_or_machine_is_refused() -> None:
    for kind, says in (
        ("link, factor: 0", "faults: no link matches 'nobody'"),
        ("crash", "there is no such worker or server; they are called worker-0 to worker-3, server-0 to server-0"),
    ):
        done = simcluster("run", FILE, "--set", f"faults=[{{on: nobody, at: 1 s, kind: {kind}}}]")
        assert done.returncode == 2
        assert says in done.stderr
