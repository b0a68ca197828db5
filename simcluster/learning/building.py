"""The ``learning`` section -> a live learner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from simcluster.codecs.protocol import Codec
from simcluster.errors import UserInputError
from simcluster.learning.architecture import Tensor, tensors_of
from simcluster.learning.data.samples import Samples, load_samples, split
from simcluster.learning.data.shards import shards_of
from simcluster.learning.layout import Layout
from simcluster.learning.options import DataOptions, Kind, LearningOptions
from simcluster.learning.problems.convolution import ConvolutionalNetwork
from simcluster.learning.problems.dense import DenseNetwork
from simcluster.learning.problems.losses import CrossEntropy, Logistic, Loss, Squared
from simcluster.learning.problems.network import Network
from simcluster.learning.sizing import layers_for
from simcluster.learning.tasks import DataTask, QuadraticTask, Task
from simcluster.learning.training import Clock, TrainingLearner
from simcluster.options import CONTENT
from simcluster.rng import stream


@dataclass(frozen=True)
class Surroundings:
    """What the rest of a scenario means for the learner.

    Parameters
    ----------
    workers : int
    batch : int
        Samples of a worker's minibatch, unless the section says it.
    model_size : float [B]
        Bytes of the clock's model.
    local_steps : bool
        Whether workers exchange parameters, after local steps, or gradients.
    shared : bool
        Whether all workers are meant to have the same parameters, as those who gossip are not.
    codecs : mapping of str to Codec
        The codec of each direction in which there is one.
    clock : Clock
    seed : int
    """

    workers: int
    batch: int
    model_size: float
    local_steps: bool
    shared: bool
    codecs: Mapping[str, Codec]
    clock: Clock
    seed: int


def build_learner(options: LearningOptions, around: Surroundings) -> TrainingLearner:
    """Return the learner of a scenario.

    Raises
    ------
    UserInputError
        If the data can't be read, or there are too few for the workers.
    """
    tensors = tensors_of(layers_for(options))
    return TrainingLearner(
        options,
        _task(options, around, tensors),
        Layout(tensors, around.model_size),
        around.codecs,
        local_steps=around.local_steps,
        shared=around.shared,
        clock=around.clock,
        seed=around.seed,
    )


def _task(options: LearningOptions, around: Surroundings, tensors: Sequence[Tensor]) -> Task:
    batch = options.batch or around.batch
    if options.problem.kind == "quadratic":
        return QuadraticTask(options.problem, around.workers, batch, around.seed)
    train, test = _samples(options.data, options.problem.kind)
    loss = _loss(options, train)
    shards = shards_of(options.shards, train.targets, around.workers, stream(around.seed, "learning", "shards"))
    network = _network(options, loss, train, tensors)
    return DataTask(network, loss, train, test, shards, batch, options.sampling, around.seed)


def _samples(options: DataOptions, kind: Kind) -> tuple[Samples, Samples]:
    """Return the samples to learn from and to evaluate; the points of a sweep share them."""
    return _remembered(options, kind, options.model_dump_json(context=CONTENT))


@lru_cache(maxsize=4)
def _remembered(options: DataOptions, kind: Kind, content: str) -> tuple[Samples, Samples]:
    """Return the samples; ``content`` tells what a file holds now from what it held before."""
    return split(load_samples(options, kind), options)


def _loss(options: LearningOptions, train: Samples) -> Loss:
    if options.problem.kind == "linear":
        return Squared()
    if options.problem.kind != "logistic":
        return CrossEntropy()
    if train.targets.max() > 1:
        raise UserInputError("learning.problem.kind: logistic regression tells two classes apart; take softmax")
    return Logistic()


def _network(options: LearningOptions, loss: Loss, train: Samples, tensors: Sequence[Tensor]) -> Network:
    if options.problem.kind == "cnn":
        return ConvolutionalNetwork(tensors, train.inputs.shape[1], loss)
    return DenseNetwork(tensors, loss, options.problem.activation)
