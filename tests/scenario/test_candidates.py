"""Candidates: files laid over a scenario."""

from __future__ import annotations

from pathlib import Path

import pytest

from simcluster.scenario import ScenarioError
from simcluster.scenario.candidates import files_extending, load_candidate
from simcluster.simulation import Registry

BASE = """
name: base
description: the plain one
model: {parameters: 100 MB}
compute: {minibatch_time: 1 s, minibatch: 32}
cluster: {workers: 4}
network: {topology: shared-link, bandwidth: 1 Gbit/s}
training: {scheme: sync-ps}
presets: {fast: {network: {bandwidth: 10 Gbit/s}}}
"""
PROFILE = "compression: {codec: {rho: 0.25, compress_time: 1 s, decompress_time: 1 s}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "part.yaml").write_text(PROFILE)
    (tmp_path / "whole.yaml").write_text(f"extends: base.yaml\nname: whole\n{PROFILE}")
    (tmp_path / "other.yaml").write_text("extends: part.yaml\n")
    (tmp_path / "broken.yaml").write_text("extends: [\n")
    (tmp_path / "list.yaml").write_text("- 1\n")
    return tmp_path


@pytest.mark.parametrize(("file", "name"), [("part", "part"), ("whole", "whole"), ("other", "other")])
def test_a_part_and_a_whole_scenario_say_the_same(folder: Path, file: str, name: str) -> None:
    overrides = ["cluster.workers=8"]
    loaded = load_candidate(folder / f"{file}.yaml", folder / "base.yaml", Registry(), overrides)
    scenario = loaded.scenario
    assert scenario.name == name
    assert (scenario.model.parameters, scenario.cluster.total_workers) == (100e6, 8)
    assert scenario.compression.codec.rho == 0.25


def test_what_is_wrong_says_where(folder: Path) -> None:
    (folder / "wrong.yaml").write_text("compression: {codec: {roh: 0.25}}\n")
    with pytest.raises(ScenarioError, match=r"wrong\.yaml:1:.*roh"):
        load_candidate(folder / "wrong.yaml", folder / "base.yaml", Registry())
    with pytest.raises(ScenarioError, match=r"missing\.yaml"):
        load_candidate(folder / "missing.yaml", folder / "base.yaml", Registry())
    with pytest.raises(ScenarioError, match=r"broken\.yaml"):
        load_candidate(folder / "broken.yaml", folder / "base.yaml", Registry())


def test_a_candidate_is_no_way_out_of_its_folder(folder: Path) -> None:
    below = folder / "below"
    below.mkdir()
    (below / "spy.yaml").write_text("extends: ../part.yaml\n")
    with pytest.raises(ScenarioError, match="outside"):
        load_candidate(below / "spy.yaml", folder / "base.yaml", Registry())
    assert load_candidate(below / "spy.yaml", folder / "base.yaml", Registry(), allow_path=True).scenario


def test_files_beside_that_extend_it_directly(folder: Path) -> None:
    assert [path.name for path in files_extending(folder / "base.yaml")] == ["whole.yaml"]
    assert [path.name for path in files_extending(folder / "part.yaml")] == ["other.yaml"]
