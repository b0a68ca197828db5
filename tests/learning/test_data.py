"""Samples: the digits, synthetic ones and those of a file; the split and the shards."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcluster.errors import UserInputError
from simcluster.learning.data.digits import digits
from simcluster.learning.data.samples import load_samples, split
from simcluster.learning.data.shards import shards_of
from simcluster.learning.options import DataOptions, ShardOptions
from simcluster.learning.problems.losses import Targets
from simcluster.learning.sizing import DIGITS, layers_for
from tests.learning.playing import Play, options_of, table


def test_the_digits_are_those_of_scikit_learn() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    bunch = datasets.load_digits()
    samples = digits()
    assert (samples.inputs * 16 == bunch.data).all()
    assert (samples.targets == bunch.target).all()
    assert (samples.inputs.shape[1], samples.targets.max() + 1) == DIGITS


def test_without_scikit_learn_the_digits_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simcluster.learning.data.digits.find_spec", lambda name: None)
    with pytest.raises(UserInputError, match=r"simcluster\[learning\]"):
        digits()


def test_reading_the_digits_imports_nothing_of_scikit_learn() -> None:
    known = {name for name in sys.modules if name.startswith("sklearn")}
    digits()
    assert {name for name in sys.modules if name.startswith("sklearn")} == known


def test_synthetic_classes_have_their_distance() -> None:
    samples = load_samples(DataOptions(source="synthetic", samples=40_000, features=6, classes=4), "softmax")
    assert np.bincount(samples.targets).tolist() == [10_000] * 4
    means = np.array([samples.inputs[samples.targets == one].mean(axis=0) for one in range(4)])
    assert np.linalg.norm(means, axis=1) == pytest.approx([3.0] * 4, abs=0.06)
    assert (samples.inputs - means[samples.targets]).std() == pytest.approx(1, abs=0.01)


def test_synthetic_line_has_its_noise() -> None:
    samples = load_samples(DataOptions(source="synthetic", samples=20_000, features=5, noise=0.3), "linear")
    weights, *_ = np.linalg.lstsq(samples.inputs, samples.targets, rcond=None)
    assert (samples.targets - samples.inputs @ weights).std() == pytest.approx(0.3, rel=0.03)


def test_the_split_loses_nothing_and_is_the_data_seeds() -> None:
    options = DataOptions(source="synthetic", samples=50, features=3, test_share=0.3)
    samples = load_samples(options, "softmax")
    train, test = split(samples, options)
    assert (len(train), len(test)) == (35, 15)
    together = np.sort(np.concatenate([train.inputs, test.inputs]), axis=0)
    assert (together == np.sort(samples.inputs, axis=0)).all()
    again, _ = split(samples, options.update(seed=1))
    assert (again.inputs != train.inputs).any()


@given(
    kind=st.sampled_from(["iid", "dirichlet", "classes"]),
    workers=st.integers(1, 12),
    seed=st.integers(0, 1000),
)
def test_every_sample_belongs_to_one_worker(kind: str, workers: int, seed: int) -> None:
    targets: Targets = np.arange(400) % 10
    options = ShardOptions.model_validate({"kind": kind, "alpha": 2.0})
    shards = shards_of(options, targets, workers, np.random.default_rng(seed))
    assert len(shards) == workers
    assert np.sort(np.concatenate(shards)).tolist() == list(range(400))


def test_few_classes_for_each_worker() -> None:
    targets: Targets = np.arange(1000) % 10
    shards = shards_of(ShardOptions(kind="classes", classes=2), targets, 5, np.random.default_rng(0))
    assert all(len(np.unique(targets[shard])) <= 2 for shard in shards)
    assert {len(shard) for shard in shards} == {200}


def test_each_worker_draws_from_its_own_shard() -> None:
    task = Play(options_of(shards={"kind": "classes", "classes": 1}), 3).learner._task
    own = [task.source(worker)._samples for worker in range(3)]
    # together they have every sample once; each has its own third of the classes
    together = np.concatenate([samples.inputs for samples in own])
    assert sorted(map(tuple, together)) == sorted(map(tuple, task._train.inputs))
    assert len({int(np.bincount(samples.targets).argmax()) for samples in own}) == 3


def test_dirichlet_shares_get_equal_with_alpha() -> None:
    targets: Targets = np.arange(10_000) % 10

    def skew(alpha: float) -> float:
        shards = shards_of(ShardOptions(kind="dirichlet", alpha=alpha), targets, 4, np.random.default_rng(2))
        counts = np.array([np.bincount(targets[shard], minlength=10) for shard in shards])
        return float((counts / counts.sum(axis=0)).std())

    # shares of a symmetric Dirichlet distribution: variance (M - 1) / M^2 / (M alpha + 1)
    assert skew(0.5) == pytest.approx(np.sqrt(3 / 16 / 3), rel=0.35)
    assert skew(100.0) == pytest.approx(np.sqrt(3 / 16 / 401), rel=0.35)


def test_a_worker_without_samples_is_refused() -> None:
    with pytest.raises(UserInputError, match="worker-4 of 6 would get none"):
        shards_of(ShardOptions(), np.arange(4), 6, np.random.default_rng(0))
    with pytest.raises(UserInputError, match="takes classes"):
        shards_of(ShardOptions(kind="dirichlet"), np.linspace(0, 1, 9), 2, np.random.default_rng(0))


def file_of(folder: Path, **arrays: np.ndarray) -> DataOptions:
    path = folder / "mine.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return DataOptions(source="file", file=str(path))


def test_own_arrays(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    targets = np.arange(60) % 3
    pictures = rng.standard_normal((60, 5, 5)) + targets[:, None, None]
    data = file_of(tmp_path, inputs=pictures.astype(np.float32), targets=targets)
    samples = load_samples(data, "softmax")
    assert samples.inputs.shape == (60, 25)
    assert samples.targets.dtype == np.int64
    options = options_of(data=data.model_dump(), problem={"kind": "cnn", "filters": 4})
    assert layers_for(options)[1].tensors[0].shape == (3, 4)
    play = Play(options, 2)
    play.sync(30)
    assert table(play)[-1, 3] < table(play)[0, 3]


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    held = []
    for seed in (0, 1):
        rng = np.random.default_rng(seed)
        data = file_of(tmp_path, inputs=rng.standard_normal((20, 3)), targets=np.arange(20) % 2)
        task = Play(options_of(data=data.model_dump(), problem={"kind": "softmax"}), 2).learner._task
        held.append(task._train.inputs)
    assert (held[0] != held[1]).all()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"inputs": np.zeros((4, 2))}, "holds no array 'targets'"),
        ({"inputs": np.zeros(4), "targets": np.zeros(4)}, "expected inputs of shape"),
        ({"inputs": np.zeros((4, 2)), "targets": np.zeros(3)}, "a target for each"),
        ({"inputs": np.full((4, 2), np.nan), "targets": np.zeros(4)}, "holds nan"),
        ({"inputs": np.zeros((4, 2)), "targets": np.array([0.0, 1.0, 1.5, 2.0])}, "whole numbers"),
        ({"inputs": np.zeros((4, 2)), "targets": np.array([0, 1, 3, 3])}, "whole numbers"),
        ({"inputs": np.zeros((4, 2)), "targets": np.array([-1, 0, 1, 1])}, "whole numbers"),
    ],
)
def test_bad_arrays_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(UserInputError, match=message):
        load_samples(file_of(tmp_path, **arrays), "softmax")


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evil.npz"
    np.savez(path, inputs=np.array([object()], dtype=object), targets=np.zeros(1))
    with pytest.raises(UserInputError, match="inputs"):
        load_samples(DataOptions(source="file", file=str(path)), "softmax")


def test_a_cnn_wants_square_pictures() -> None:
    with pytest.raises(UserInputError, match="square pictures"):
        layers_for(options_of(problem={"kind": "cnn"}))
