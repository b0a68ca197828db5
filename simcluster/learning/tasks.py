"""What a learner is to do: gradients of minibatches for each worker, and an evaluation of any parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from simcluster.learning.data.samples import Samples
from simcluster.learning.data.shards import Places
from simcluster.learning.options import ProblemOptions
from simcluster.learning.problems.losses import Loss
from simcluster.learning.problems.network import Network
from simcluster.learning.vector import Array
from simcluster.rng import stream

#: Samples that are evaluated at once, so that the layers' values stay small.
_CHUNK = 4096


@dataclass(frozen=True)
class Evaluation:
    """How good parameters are.

    Parameters
    ----------
    loss : float
        Mean loss over all samples to learn from; of the quadratic, its value above the optimum.
    accuracy : float
        Share of the samples kept for evaluation whose class is right; nan where there are no classes.
    gradient_norm : float
        Euclidean norm of the gradient of that loss.
    """

    loss: float
    accuracy: float
    gradient_norm: float


class Source(Protocol):
    """The minibatches of one worker."""

    def gradient(self, parameters: Array) -> Array:
        """Return the mean gradient over the next minibatch."""


class Task(Protocol):
    """Something to learn."""

    def initial(self) -> Array:
        """Return the parameters that everybody begins with."""

    def source(self, worker: int) -> Source:
        """Return the minibatches of a worker."""

    def evaluate(self, parameters: Array) -> Evaluation:
        """Return how good parameters are."""


class Minibatches:
    """Draws minibatches from a worker's shard.

    Parameters
    ----------
    network : Network
    samples : Samples
        The worker's own.
    batch : int
    sampling : str
        ``shuffle``: every sample once before any comes again; ``replacement``: each drawn at random.
    rng : numpy.random.Generator
    """

    def __init__(
        self, network: Network, samples: Samples, batch: int, sampling: Literal["shuffle", "replacement"],
        rng: np.random.Generator,
    ) -> None:
        self._network = network
        self._samples = samples
        self._batch = batch
        self._shuffle = sampling == "shuffle"
        self._rng = rng
        self._waiting: Places = np.empty(0, np.intp)

    def gradient(self, parameters: Array) -> Array:
        """Return the mean gradient over the next minibatch."""
        chosen = self._samples.chosen(self._next())
        return self._network.gradient(parameters, chosen.inputs, chosen.targets)

    def _next(self) -> Places:
        if not self._shuffle:
            return self._rng.integers(len(self._samples), size=self._batch)
        while len(self._waiting) < self._batch:
            self._waiting = np.concatenate([self._waiting, self._rng.permutation(len(self._samples))])
        chosen, self._waiting = self._waiting[: self._batch], self._waiting[self._batch :]
        return chosen


class DataTask:
    """A network to be fitted to samples.

    Parameters
    ----------
    network : Network
    loss : Loss
    train, test : Samples
        To learn from, and to evaluate.
    shards : sequence of Places
        Who has which of the former.
    batch : int
        Samples of a minibatch.
    sampling : str
        See :class:`Minibatches`.
    seed : int
        The scenario's.
    """

    def __init__(
        self, network: Network, loss: Loss, train: Samples, test: Samples, shards: list[Places], batch: int,
        sampling: Literal["shuffle", "replacement"], seed: int,
    ) -> None:
        self._network = network
        self._loss = loss
        self._train = train
        self._test = test
        self._shards = shards
        self._batch = batch
        self._sampling = sampling
        self._seed = seed

    def initial(self) -> Array:
        """Return the parameters that everybody begins with."""
        return self._network.initial(stream(self._seed, "learning", "initial"))

    def source(self, worker: int) -> Minibatches:
        """Return the minibatches of a worker."""
        rng = stream(self._seed, f"worker-{worker}", "minibatches")
        own = self._train.chosen(self._shards[worker])
        return Minibatches(self._network, own, self._batch, self._sampling, rng)

    def evaluate(self, parameters: Array) -> Evaluation:
        """Return how good parameters are."""
        count, loss = len(self._train), 0.0
        gradient = np.zeros(len(parameters))
        for begin in range(0, count, _CHUNK):
            inputs = self._train.inputs[begin : begin + _CHUNK]
            targets = self._train.targets[begin : begin + _CHUNK]
            share = len(targets) / count
            loss += share * self._loss.value(self._network.outputs(parameters, inputs), targets)
            gradient += share * self._network.gradient(parameters, inputs, targets)
        accuracy = self._loss.accuracy(self._network.outputs(parameters, self._test.inputs), self._test.targets)
        return Evaluation(loss, accuracy, float(np.linalg.norm(gradient)))


class NoisyGradients:
    """Gradients of a worker's quadratic, with noise.

    Parameters
    ----------
    curvature, optimum : ndarray, shape (dimension,)
    deviation : float
        Standard deviation of each element's noise.
    rng : numpy.random.Generator
    """

    def __init__(self, curvature: Array, optimum: Array, deviation: float, rng: np.random.Generator) -> None:
        self._curvature = curvature
        self._optimum = optimum
        self._deviation = deviation
        self._rng = rng

    def gradient(self, parameters: Array) -> Array:
        """Return the gradient with the noise of the next minibatch."""
        gradient = self._curvature * (parameters - self._optimum)
        return gradient + self._deviation * self._rng.standard_normal(len(parameters))


class QuadraticTask:
    """Half of (x - x*) A (x - x*), the theorist's problem: known optimum, curvature and noise.

    A is diagonal, with curvatures from 1 / condition to 1 at equal ratios. Training begins at 0, and x* is all ones.
    Noise of one sample's gradient is Gaussian and the same everywhere, so that SGD with rate r keeps the variance
    ``r s^2 / (batch a (2 - r a))`` along curvature a. Every worker's own optimum may lie apart from x*; their mean is
    x*.

    Parameters
    ----------
    options : ProblemOptions
    workers : int
    batch : int
        Samples of a minibatch.
    seed : int
        The scenario's.
    """

    def __init__(self, options: ProblemOptions, workers: int, batch: int, seed: int) -> None:
        self.curvature = np.geomspace(1 / options.condition, 1, options.dimension)
        self.optimum = np.ones(options.dimension)
        self._deviation = options.noise / np.sqrt(batch)
        self._seed = seed
        apart = np.array(
            [stream(seed, f"worker-{w}", "optimum").standard_normal(options.dimension) for w in range(workers)]
        )
        self._apart = options.spread * (apart - apart.mean(axis=0))

    def initial(self) -> Array:
        """Return the parameters that everybody begins with."""
        return np.zeros(len(self.optimum))

    def source(self, worker: int) -> NoisyGradients:
        """Return the gradients of a worker."""
        rng = stream(self._seed, f"worker-{worker}", "minibatches")
        return NoisyGradients(self.curvature, self.optimum + self._apart[worker], self._deviation, rng)

    def evaluate(self, parameters: Array) -> Evaluation:
        """Return how good parameters are."""
        gradient = self.curvature * (parameters - self.optimum)
        loss = float(gradient @ (parameters - self.optimum)) / 2
        return Evaluation(loss, float("nan"), float(np.linalg.norm(gradient)))
