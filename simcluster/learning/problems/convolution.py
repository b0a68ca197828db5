"""A small convolutional network: one convolution of 3 x 3, ReLU, the mean of 2 x 2, and a dense layer.

The convolution is a product of matrices: every window of the picture is a row (im2col). What the mean leaves over at
the edges, when it doesn't divide the picture, is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from simcluster.learning.architecture import KERNEL, POOL, Tensor
from simcluster.learning.problems.losses import Loss, Targets
from simcluster.learning.problems.network import Tensors, scaled_normal
from simcluster.learning.vector import Array


class ConvolutionalNetwork:
    """A convolution and a dense layer.

    Parameters
    ----------
    tensors : sequence of Tensor
        Filters and their bias; weights and bias of the dense layer.
    features : int
        Pixels of a square picture.
    loss : Loss
    """

    def __init__(self, tensors: Sequence[Tensor], features: int, loss: Loss) -> None:
        self._tensors = Tensors(tensors)
        self._side = math.isqrt(features)
        self._filters = tensors[0].shape[0]
        self._pooled = (self._side - KERNEL + 1) // POOL
        self._loss = loss

    def initial(self, rng: np.random.Generator) -> Array:
        """Return parameters to begin with."""
        return scaled_normal(rng, self._tensors, 2.0)

    def outputs(self, parameters: Array, inputs: Array) -> Array:
        """Return the outputs of samples."""
        tensors = self._tensors.of(parameters)
        return self._dense(tensors, self._convolved(tensors, self._windows(inputs)))[1]

    def gradient(self, parameters: Array, inputs: Array, targets: Targets) -> Array:
        """Return the gradient of the mean loss by the parameters, by back-propagation."""
        tensors = self._tensors.of(parameters)
        windows = self._windows(inputs)
        convolved = self._convolved(tensors, windows)
        pooled, outputs = self._dense(tensors, convolved)
        flat = np.empty(self._tensors.size)
        gradients = self._tensors.of(flat)
        slope = self._loss.slope(outputs, targets)
        np.matmul(slope.T, pooled, out=gradients[2])
        slope.sum(axis=0, out=gradients[3])
        spread = (slope @ tensors[2]).reshape(len(inputs), self._pooled, 1, self._pooled, 1, self._filters)
        back = np.where(self._blocks(convolved) > 0, spread / POOL**2, 0.0).reshape(-1, self._filters)
        np.matmul(back.T, windows.reshape(-1, KERNEL * KERNEL), out=gradients[0])
        back.sum(axis=0, out=gradients[1])
        return flat

    def _windows(self, inputs: Array) -> Array:
        """Return the windows that are used, shape (n, pooled, POOL, pooled, POOL, 9): a row of pixels each."""
        pictures = inputs.reshape(-1, self._side, self._side)
        windows = sliding_window_view(pictures, (KERNEL, KERNEL), axis=(1, 2))
        used = self._pooled * POOL
        shape = (len(pictures), self._pooled, POOL, self._pooled, POOL, KERNEL * KERNEL)
        return windows[:, :used, :used].reshape(shape)

    def _convolved(self, tensors: Sequence[Array], windows: Array) -> Array:
        """Return the outputs of the convolution behind the activation, shape (n * windows, filters)."""
        sums = windows.reshape(-1, KERNEL * KERNEL) @ tensors[0].T
        sums += tensors[1]
        return np.maximum(sums, 0, out=sums)

    def _blocks(self, convolved: Array) -> Array:
        return convolved.reshape(-1, self._pooled, POOL, self._pooled, POOL, self._filters)

    def _dense(self, tensors: Sequence[Array], convolved: Array) -> tuple[Array, Array]:
        """Return the means of the blocks, a row a sample, and the outputs."""
        pooled = self._blocks(convolved).mean(axis=(2, 4)).reshape(-1, tensors[2].shape[1])
        return pooled, pooled @ tensors[2].T + tensors[3]
