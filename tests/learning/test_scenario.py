"""The section in scenario files: its own model, what is refused and where, what has no effect, how it is written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simcluster.scenario import ScenarioError, resolved, to_yaml
from simcluster.simulation import load, simulate
from tests.building import scenario
from tests.learning.scenarios import LEARNING

TEXT = """
name: learns
compute: {minibatch_time: 0.3 s, minibatch: 64}
cluster: {workers: 4}
network: {bandwidth: 1 Gbit/s}
training: {exchange: gradients, updates: 3}
learning:
  coupling: own
  problem: {kind: mlp, hidden: [5]}
  data: {source: synthetic, samples: 300, features: 7, classes: 3}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "learns.yaml"
    path.write_text(TEXT)
    return path


def test_its_own_model_needs_no_section(file: Path) -> None:
    loaded = load(file)
    assert [str(note) for note in loaded.notices] == []
    model = loaded.scenario.model
    assert model.name == "learned mlp"
    assert [layer.parameters for layer in model.layers] == [4 * (7 * 5 + 5), 4 * (5 * 3 + 3)]
    # shares of 35 and 15 of 50 multiplications, a third of each forwards
    assert model.layers_time == pytest.approx(0.3)
    assert model.layers[0].forward_time == pytest.approx(0.3 * 0.7 / 3)
    assert model.layers[1].backward_time == pytest.approx(0.3 * 0.3 * 2 / 3)


def test_what_is_written_reads_back(file: Path, tmp_path: Path) -> None:
    first = load(file, ["learning.stop_when=[accuracy >= 0.9]"]).scenario
    again = tmp_path / "again.yaml"
    again.write_text(to_yaml(first))
    assert load(again).scenario == first
    assert resolved(first)["learning"]["stop_when"] == ["accuracy >= 0.9"]


def test_another_model_has_no_effect_and_that_is_said(file: Path) -> None:
    loaded = load(file, ["model=alexnet-caffe", "learning.problem.filters=3"])
    said = [str(note) for note in loaded.notices]
    assert any("model: no effect" in note for note in said)
    assert any("learning.problem.filters: no effect" in note for note in said)
    assert loaded.scenario.model.name == "learned mlp"


def test_a_stand_in_needs_the_model(file: Path) -> None:
    with pytest.raises(ScenarioError, match="missing key 'model'"):
        load(file, ["learning.coupling=stand-in"])
    stand_in = load(file, ["learning.coupling=stand-in", "model=alexnet-caffe"]).scenario
    assert stand_in.model.name == "alexnet-caffe"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("learning.problem.hiden=3", r"learning\.problem\.hiden: unknown key"),
        ("learning.problem.kind=cnn", "square pictures"),
        ("learning.target=accuracy > 0.9", r"learning\.target.*expected a bound"),
        ("learning.problem.hidden=[9000, 9000]", "can be learned here"),
        ("cluster.workers=1000000", "workers with"),
        ("compute.minibatch=100000000", "learning.batch"),
        ("learning.data.samples=1", r"learning\.data\.samples"),
        ("learning.coupling=sideways", r"learning\.coupling"),
    ],
)
def test_nonsense_is_refused_at_its_place(file: Path, override: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        load(file, [override])


def test_a_users_file_counts_by_its_content(file: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    np.savez(tmp_path / "mine.npz", inputs=rng.standard_normal((90, 4)), targets=np.arange(90) % 3)
    source = ["learning.data={source: file, file: mine.npz}"]
    loaded = load(file, source).scenario
    assert loaded.model.layers[0].parameters == 4 * (4 * 5 + 5)
    assert simulate(loaded).metrics["final_loss"] is not None
    with pytest.raises(ScenarioError, match=r"learning\.data\.file.*no such file"):
        load(file, ["learning.data={source: file, file: other.npz}"])
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(ScenarioError, match=r"broken\.npz"):
        load(file, ["learning.data={source: file, file: broken.npz}"])


def test_sections_of_a_run_without_learning_are_unchanged() -> None:
    plain = scenario()
    assert plain.learning is None
    assert "learning" not in resolved(plain)


def test_python_code_can_add_learning() -> None:
    from simcluster.learning.options import LearningOptions

    plain: Any = scenario()
    learned = plain.update(learning=LearningOptions.model_validate(LEARNING))
    assert learned.model.name == "learned mlp"


def test_a_run_without_learning_imports_no_numpy(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text(TEXT[: TEXT.index("learning:\n")] + "model: {parameters: 1 MB}\n")
    code = f"import sys, simcluster; simcluster.simulate(simcluster.load_scenario({str(path)!r}))\n"
    code += "assert 'numpy' not in sys.modules, 'numpy'\n"
    code += "assert not any(name.startswith('simcluster.learning.training') for name in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("override", ["learning.coupling=sideways", "learning.coupling=null"])
def test_a_wrong_coupling_is_one_mistake(file: Path, override: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        load(file, [override])
    assert [problem.field for problem in refused.value.problems] == ["learning.coupling"]
