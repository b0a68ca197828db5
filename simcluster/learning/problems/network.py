"""What a network promises: outputs of samples, and the gradient of a loss by its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from simcluster.learning.architecture import Tensor
from simcluster.learning.problems.losses import Targets
from simcluster.learning.vector import Array


class Network(Protocol):
    """A function of samples with a flat vector of parameters."""

    def initial(self, rng: np.random.Generator) -> Array:
        """Return parameters to begin with, shape (size,)."""

    def outputs(self, parameters: Array, inputs: Array) -> Array:
        """Return the outputs, shape (n, outputs), of samples, shape (n, features)."""

    def gradient(self, parameters: Array, inputs: Array, targets: Targets) -> Array:
        """Return the gradient of the mean loss over the samples by the parameters, shape (size,)."""


class Tensors:
    """Cuts flat vectors into tensors.

    Parameters
    ----------
    tensors : sequence of Tensor
    """

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._places = []
        begin = 0
        for tensor in tensors:
            self._places.append((begin, begin + tensor.size, tensor.shape))
            begin += tensor.size
        self.size = begin

    def of(self, flat: Array) -> list[Array]:
        """Return the tensors of a vector, as views."""
        return [flat[low:high].reshape(shape) for low, high, shape in self._places]


def scaled_normal(rng: np.random.Generator, tensors: Tensors, gain: float) -> Array:
    """Return weights of standard deviation sqrt(gain / inputs) and biases of 0 (He et al. 2015 for a gain of 2)."""
    flat = np.zeros(tensors.size)
    for tensor in tensors.of(flat):
        if tensor.ndim > 1:
            tensor[...] = rng.standard_normal(tensor.shape) * np.sqrt(gain / tensor.shape[1])
    return flat
