"""Data files that a scenario names: relative to its folder, and not out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from simcluster.scenario import ScenarioError, canonical_key
from simcluster.simulation import load, simulate

SCENARIO = """
model: {{parameters: 100 MB}}
compute: {{minibatch_time: 2 s, minibatch: 4}}
cluster: {{workers: 1}}
network: {{bandwidth: 100 MB/s, schedule: [{{trace: {trace}}}]}}
training: {{updates: 1, pull: free}}
"""


def write(folder: Path, trace: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "s.yaml"
    path.write_text(SCENARIO.format(trace=trace))
    return path


def test_a_trace_is_found_beside_the_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "folder", "slow.csv")
    (path.parent / "slow.csv").write_text("time_s,factor\n0,1\n2.5,0.5\n")
    # computed at 2 s; 50 MB until 2.5 s, and 50 MB at half the rate
    assert simulate(load(path).scenario).metrics["update_time_s"] == pytest.approx(3.5, rel=1e-12)
    monkeypatch.chdir(tmp_path)
    assert load("folder/s.yaml").scenario.network.schedule[0].trace == "folder/slow.csv"


@pytest.mark.parametrize(
    ("trace", "message"),
    [
        ("missing.csv", "no such file"),
        ("../outside.csv", "lies outside of the scenario's folder (move the file there, or use --allow-path)"),
        ("/etc/passwd", "lies outside"),
        ("link.csv", "lies outside"),
        (".", "lies outside"),
        ("sub", "not a regular file"),
        ("http://example.org/x.csv", "expected the name of a file"),
        ("true", "expected"),
    ],
)
def test_what_is_no_data_file_of_the_scenario_is_refused_where_it_stands(
    tmp_path: Path, trace: str, message: str
) -> None:
    path = write(tmp_path / "folder", trace)
    (tmp_path / "outside.csv").write_text("time_s,factor\n0,1\n")
    (path.parent / "link.csv").symlink_to(tmp_path / "outside.csv")
    (path.parent / "sub").mkdir()
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert "s.yaml:5:" in str(caught.value)
    assert "network.schedule" in str(caught.value)
    assert message in str(caught.value)


def test_the_key_of_a_scenario_holds_what_is_in_its_files_not_where_they_lie(tmp_path: Path) -> None:
    def key(folder: str, content: str) -> str:
        path = write(tmp_path / folder, "trace.csv")
        (path.parent / "trace.csv").write_text(content)
        return canonical_key(load(path).scenario)

    first = key("a", "time_s,factor\n0,1\n")
    assert key("b", "time_s,factor\n0,1\n") == first
    assert key("a", "time_s,factor\n0,0.5\n") != first


def test_paths_outside_can_be_allowed(tmp_path: Path) -> None:
    path = write(tmp_path / "folder", "../outside.csv")
    (tmp_path / "outside.csv").write_text("time_s,factor\n0,1\n")
    assert load(path, allow_path=True).scenario.network.schedule
