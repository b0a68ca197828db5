"""Gradients are those of the losses: against finite differences, on random parameters and samples."""

from __future__ import annotations

import numpy as np
import pytest

from simcluster.learning.architecture import layers_of, tensors_of
from simcluster.learning.options import OptimiserOptions, ProblemOptions
from simcluster.learning.problems.convolution import ConvolutionalNetwork
from simcluster.learning.problems.dense import DenseNetwork
from simcluster.learning.problems.losses import CrossEntropy, Logistic, Loss, Squared
from simcluster.learning.problems.network import Network
from simcluster.learning.sgd import Sgd, rate_at
from simcluster.learning.tasks import QuadraticTask
from tests.learning.playing import numeric_gradient

CASES = {
    "linear": (ProblemOptions(kind="linear"), 5, 1, Squared()),
    "logistic": (ProblemOptions(kind="logistic"), 5, 1, Logistic()),
    "softmax": (ProblemOptions(kind="softmax"), 5, 4, CrossEntropy()),
    "relu": (ProblemOptions(kind="mlp", hidden=(7, 6)), 5, 4, CrossEntropy()),
    "tanh": (ProblemOptions(kind="mlp", hidden=(7,), activation="tanh"), 5, 3, CrossEntropy()),
    "cnn": (ProblemOptions(kind="cnn", filters=3), 36, 4, CrossEntropy()),
    "cnn with a rest": (ProblemOptions(kind="cnn", filters=2), 49, 3, CrossEntropy()),
}


def network_of(problem: ProblemOptions, features: int, outputs: int, loss: Loss) -> tuple[Network, int]:
    tensors = tensors_of(layers_of(problem, features, outputs))
    size = sum(tensor.size for tensor in tensors)
    if problem.kind == "cnn":
        return ConvolutionalNetwork(tensors, features, loss), size
    return DenseNetwork(tensors, loss, problem.activation), size


@pytest.mark.parametrize("name", CASES)
def test_gradient_is_that_of_the_loss(name: str) -> None:
    problem, features, outputs, loss = CASES[name]
    network, size = network_of(problem, features, outputs, loss)
    rng = np.random.default_rng(5)
    inputs = rng.standard_normal((9, features))
    targets = rng.standard_normal(9) if problem.kind == "linear" else rng.integers(max(outputs, 2), size=9)
    parameters = 0.5 * rng.standard_normal(size)
    exact = network.gradient(parameters, inputs, targets)
    numeric = numeric_gradient(lambda at: loss.value(network.outputs(at, inputs), targets), parameters)
    assert np.abs(exact - numeric).max() < 1e-7 * max(1, np.abs(exact).max())
    assert np.abs(exact).max() > 0.01


def test_a_slow_convolution_gives_the_same_outputs() -> None:
    problem, features, outputs, loss = CASES["cnn with a rest"]
    network, size = network_of(problem, features, outputs, loss)
    rng = np.random.default_rng(6)
    parameters, picture = rng.standard_normal(size), rng.standard_normal((7, 7))
    filters, bias = parameters[:18].reshape(2, 3, 3), parameters[18:20]
    pooled = np.zeros((2, 2, 2))
    for f in range(2):
        for row in range(4):
            for column in range(4):
                value = bias[f] + sum(
                    filters[f, i, j] * picture[row + i, column + j] for i in range(3) for j in range(3)
                )
                pooled[row // 2, column // 2, f] += max(value, 0) / 4
    weights, last = parameters[20:44].reshape(3, 8), parameters[44:]
    expected = weights @ pooled.reshape(-1) + last
    assert network.outputs(parameters, picture.reshape(1, -1))[0] == pytest.approx(expected, rel=1e-12)


def test_losses_by_hand() -> None:
    assert Squared().value(np.array([[3.0], [1.0]]), np.array([1.0, 1.0])) == 1.0
    assert Logistic().value(np.array([[0.0]]), np.array([1])) == pytest.approx(np.log(2))
    assert Logistic().value(np.array([[800.0]]), np.array([0])) == 800
    assert CrossEntropy().value(np.array([[1000.0, 1000.0]]), np.array([1])) == pytest.approx(np.log(2))
    assert CrossEntropy().accuracy(np.array([[1.0, 2.0], [2.0, 1.0]]), np.array([1, 1])) == 0.5
    assert Logistic().accuracy(np.array([[-1.0], [2.0]]), np.array([0, 1])) == 1.0


def test_softmax_with_two_classes_is_logistic_regression() -> None:
    rng = np.random.default_rng(7)
    outputs, targets = rng.standard_normal((20, 1)), rng.integers(2, size=20)
    two = np.hstack([np.zeros((20, 1)), outputs])
    assert Logistic().value(outputs, targets) == pytest.approx(CrossEntropy().value(two, targets), rel=1e-13)


def test_quadratic_by_hand() -> None:
    task = QuadraticTask(ProblemOptions(kind="quadratic", dimension=3, condition=4.0, noise=0.0), 1, 1, 0)
    assert task.curvature == pytest.approx([0.25, 0.5, 1.0])
    assert task.evaluate(np.zeros(3)).loss == pytest.approx((0.25 + 0.5 + 1) / 2)
    assert task.source(0).gradient(np.zeros(3)) == pytest.approx([-0.25, -0.5, -1.0])
    assert task.evaluate(np.ones(3)).loss == 0


def test_own_optima_of_workers_have_the_common_one_as_their_mean() -> None:
    task = QuadraticTask(ProblemOptions(kind="quadratic", dimension=5, noise=0.0, spread=2.0), 6, 1, 1)
    gradients = np.array([task.source(worker).gradient(np.ones(5)) for worker in range(6)])
    assert np.abs(gradients.mean(axis=0)).max() < 1e-14
    assert np.abs(gradients).max() > 0.1


def stepped(options: OptimiserOptions, gradients: list[float]) -> float:
    optimiser, x = Sgd(options, 1), np.array([1.0])
    for gradient in gradients:
        optimiser.step(x, 0, np.array([gradient]))
    return float(x[0])


def test_sgd_by_hand() -> None:
    assert stepped(OptimiserOptions(rate=0.5), [1.0, 2.0]) == 1 - 0.5 - 1
    # velocities 1 and 0.5 + 2
    assert stepped(OptimiserOptions(rate=0.5, momentum=0.5), [1.0, 2.0]) == 1 - 0.5 - 1.25
    # looked ahead: 1 + 0.5 and 2 + 0.5 * 2.5
    assert stepped(OptimiserOptions(rate=0.5, momentum=0.5, nesterov=True), [1.0, 2.0]) == 1 - 0.75 - 1.625
    assert stepped(OptimiserOptions(rate=0.5, weight_decay=0.1), [1.0]) == pytest.approx(1 - 0.5 * 1.1)


def test_schedules_by_hand() -> None:
    step = OptimiserOptions(rate=1.0, schedule="step", factor=0.5, period=10)
    assert [rate_at(step, t) for t in (0, 9, 10, 29)] == [1, 1, 0.5, 0.25]
    cosine = OptimiserOptions(rate=1.0, schedule="cosine", period=10)
    assert [rate_at(cosine, t) for t in (0, 5, 10, 99)] == pytest.approx([1, 0.5, 0, 0])
    inverse = OptimiserOptions(rate=1.0, schedule="inverse", period=10)
    assert [rate_at(inverse, t) for t in (0, 10, 30)] == [1, 0.5, 0.25]
    warm = OptimiserOptions(rate=1.0, warm_up=4)
    assert [rate_at(warm, t) for t in (0, 3, 4)] == pytest.approx([0.2, 0.8, 1])


def test_parts_count_their_own_steps() -> None:
    options = OptimiserOptions(rate=1.0, schedule="step", factor=0.5, period=1)
    optimiser, x = Sgd(options, 2), np.zeros(2)
    for low in (0, 1, 0):
        optimiser.step(x, low, np.ones(1))
    assert list(x) == [-1.5, -1.0]
