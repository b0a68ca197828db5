"""What a model's outputs cost, and how the cost changes with them. Every loss is a mean over samples."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from simcluster.learning.vector import Array

Targets = NDArray[Any]


class Loss(Protocol):
    """A loss of outputs, shape (n, outputs), against targets, shape (n,)."""

    def value(self, outputs: Array, targets: Targets) -> float:
        """Return the mean loss."""

    def slope(self, outputs: Array, targets: Targets) -> Array:
        """Return the derivative of the mean loss by the outputs."""

    def accuracy(self, outputs: Array, targets: Targets) -> float:
        """Return the share of the samples whose class is right; nan where there are no classes."""


class Squared:
    """Half the squared difference, for regression."""

    def value(self, outputs: Array, targets: Targets) -> float:
        """Return the mean loss."""
        return float(np.square(outputs[:, 0] - targets).mean() / 2)

    def slope(self, outputs: Array, targets: Targets) -> Array:
        """Return the derivative of the mean loss by the outputs."""
        return (outputs - targets[:, None]) / len(targets)

    def accuracy(self, outputs: Array, targets: Targets) -> float:
        """Return nan: there are no classes."""
        return float("nan")


class Logistic:
    """The negative log-likelihood of two classes, 0 and 1, told apart by one number: the log-odds of class 1."""

    def value(self, outputs: Array, targets: Targets) -> float:
        """Return the mean loss."""
        return float((np.logaddexp(0, outputs[:, 0]) - targets * outputs[:, 0]).mean())

    def slope(self, outputs: Array, targets: Targets) -> Array:
        """Return the derivative of the mean loss by the outputs."""
        # the logistic function as a hyperbolic tangent can't overflow
        likely = (1 + np.tanh(outputs / 2)) / 2
        return (likely - targets[:, None]) / len(targets)

    def accuracy(self, outputs: Array, targets: Targets) -> float:
        """Return the share of the samples whose class is right."""
        return float(((outputs[:, 0] > 0) == targets).mean())


class CrossEntropy:
    """The negative log-likelihood of a class, with an output for each (softmax)."""

    def value(self, outputs: Array, targets: Targets) -> float:
        """Return the mean loss."""
        shifted = outputs - outputs.max(axis=1, keepdims=True)
        own = shifted[np.arange(len(targets)), targets]
        return float((np.log(np.exp(shifted).sum(axis=1)) - own).mean())

    def slope(self, outputs: Array, targets: Targets) -> Array:
        """Return the derivative of the mean loss by the outputs."""
        slope: Array = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        slope /= slope.sum(axis=1, keepdims=True)
        slope[np.arange(len(targets)), targets] -= 1
        slope /= len(targets)
        return slope

    def accuracy(self, outputs: Array, targets: Targets) -> float:
        """Return the share of the samples whose class is right."""
        return float((outputs.argmax(axis=1) == targets).mean())
