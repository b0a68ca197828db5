"""Fully connected networks: linear, logistic and softmax regression, and the multilayer perceptron.

Without hidden layers the loss is convex, and training begins at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from simcluster.learning.architecture import Tensor
from simcluster.learning.problems.losses import Loss, Targets
from simcluster.learning.problems.network import Tensors, scaled_normal
from simcluster.learning.vector import Array


class DenseNetwork:
    """Layers of weighted sums, each but the last behind an activation.

    Parameters
    ----------
    tensors : sequence of Tensor
        Weights, outputs x inputs, and bias of each layer.
    loss : Loss
    activation : str
    """

    def __init__(self, tensors: Sequence[Tensor], loss: Loss, activation: Literal["relu", "tanh"]) -> None:
        self._tensors = Tensors(tensors)
        self._depth = len(tensors) // 2
        self._loss = loss
        self._relu = activation == "relu"

    def initial(self, rng: np.random.Generator) -> Array:
        """Return parameters to begin with."""
        if self._depth == 1:
            return np.zeros(self._tensors.size)
        return scaled_normal(rng, self._tensors, 2.0 if self._relu else 1.0)

    def outputs(self, parameters: Array, inputs: Array) -> Array:
        """Return the outputs of samples."""
        return self._forward(self._tensors.of(parameters), inputs)[-1]

    def gradient(self, parameters: Array, inputs: Array, targets: Targets) -> Array:
        """Return the gradient of the mean loss by the parameters, by back-propagation."""
        tensors = self._tensors.of(parameters)
        values = self._forward(tensors, inputs)
        flat = np.empty(self._tensors.size)
        gradients = self._tensors.of(flat)
        slope = self._loss.slope(values[-1], targets)
        for layer in reversed(range(self._depth)):
            np.matmul(slope.T, values[layer], out=gradients[2 * layer])
            slope.sum(axis=0, out=gradients[2 * layer + 1])
            if layer:
                slope = slope @ tensors[2 * layer]
                slope *= values[layer] > 0 if self._relu else 1 - np.square(values[layer])
        return flat

    def _forward(self, tensors: Sequence[Array], inputs: Array) -> list[Array]:
        """Return the inputs of each layer, and the outputs of the last."""
        values = [inputs]
        for layer in range(self._depth):
            sums = values[-1] @ tensors[2 * layer].T
            sums += tensors[2 * layer + 1]
            if layer < self._depth - 1:
                sums = np.maximum(sums, 0, out=sums) if self._relu else np.tanh(sums, out=sums)
            values.append(sums)
        return values
