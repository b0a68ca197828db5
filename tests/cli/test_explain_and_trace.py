"""``simcluster run --explain`` and ``--trace``, and the pictures of links and of maps."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.cli.test_commands import GZIP, simcluster


def test_run_explains_what_limits_it() -> None:
    done = simcluster("run", GZIP, "--explain")
    assert done.returncode == 0, done.stderr
    assert "\nwhat determined the 159.5 s of an update on average\n" in done.stdout
    assert "decode x 24" in done.stdout
    # 3.6 s of computing and three messages' work for the codec are left without a network.
    assert done.stdout.rstrip().endswith("If bandwidth were free, an update would take about 69.11 s.")


def test_run_writes_a_trace_with_a_slice_for_every_span(tmp_path: Path) -> None:
    done = simcluster("run", GZIP, "--trace", "--out", "o", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "wrote o/trace.json" in done.stderr
    events = json.loads((tmp_path / "o" / "trace.json").read_text())["traceEvents"]
    with (tmp_path / "o" / "spans.csv").open() as file:
        spans = list(csv.DictReader(file))
    assert len([event for event in events if event["ph"] == "X"]) == len(spans)


def test_a_trace_needs_a_folder(tmp_path: Path) -> None:
    done = simcluster("run", GZIP, "--trace", cwd=tmp_path)
    assert done.returncode == 2
    assert "--trace needs a folder to write to: add --out DIR" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_run_draws_its_links(tmp_path: Path) -> None:
    done = simcluster("run", GZIP, "--plot", "links:most=3", "--out", "o", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {"links.png", "links.svg", "links.csv"} <= {path.name for path in (tmp_path / "o").iterdir()}


def test_sweep_draws_maps_over_the_first_two_settings(tmp_path: Path) -> None:
    grid = ["--set", "network.bandwidth=1Gbit/s,5Gbit/s,20Gbit/s", "--set", "cluster.workers=4,8,16"]
    plots = ["--plot", "heat-map:value=speedup", "--plot", "break-even:log=x", "--plot", "comparison:by=preset"]
    preset = ["--preset", "vanilla,homomorphic"]
    done = simcluster("sweep", GZIP, *grid, *preset, *plots, "--out", "o", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "o").iterdir() if path.suffix == ".svg"}
    assert {"heat-map-vanilla.svg", "break-even-homomorphic.svg", "comparison-125000000.0-4.svg"} <= names
    assert len(names) == 2 + 2 + 9
