"""The parameters of one worker, and what it learns on them.

A gradient is computed on the parameters that the worker had when its device began, whatever arrives meanwhile. Local
steps begin there, too; if other values arrived meanwhile, what the steps changed is added to these.

A gradient that is not finite, or absurdly large, is no gradient: the training has diverged. Such a worker contributes
zeros, or the parameters it began with, and the training ends at the next update.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simcluster.cluster.messages import Part
from simcluster.learning.layout import Layout
from simcluster.learning.sgd import Sgd
from simcluster.learning.tasks import Source
from simcluster.learning.vector import Array, Given, Vector

#: Squared norm from which on a gradient, or a change of parameters, is taken for divergence.
_DIVERGED = 1e30


class WorkerReplica:
    """Parameters of a worker.

    Parameters
    ----------
    layout : Layout
    initial : ndarray, shape (size,)
    source : Source
        Its minibatches.
    optimiser : Sgd
    local_steps : bool
        Whether computing makes local steps (parameters are exchanged), or gradients for others to use.
    diverged : callable
        Is told when the training has diverged.
    """

    def __init__(
        self, layout: Layout, initial: Array, source: Source, optimiser: Sgd, local_steps: bool,
        diverged: Callable[[], None],
    ) -> None:
        self._layout = layout
        self.values = initial.copy()
        self._began = self.values.copy()
        self._gradient = np.zeros(len(initial))
        self._source = source
        self.optimiser = optimiser
        self._local_steps = local_steps
        self._diverged = diverged
        self._touched = False
        #: How often its device has begun to compute.
        self.begins = 0

    def begin(self) -> None:
        """Say that the device starts to compute now: on the parameters as they are."""
        self._began = self.values.copy()
        self._touched = False
        self.begins += 1

    def compute(self, minibatches: int) -> None:
        """Compute so many minibatches on the parameters of :meth:`begin`."""
        with np.errstate(all="ignore"):
            if self._local_steps:
                self._step_locally(minibatches)
            else:
                self._gradient = self._checked(self._mean_gradient(minibatches))

    def _mean_gradient(self, minibatches: int) -> Array:
        gradient = self._source.gradient(self._began)
        for _ in range(minibatches - 1):
            gradient += self._source.gradient(self._began)
        if minibatches > 1:
            gradient /= minibatches
        return gradient

    def _step_locally(self, minibatches: int) -> None:
        local = self._began.copy()
        for _ in range(minibatches):
            self.optimiser.step(local, 0, self._checked(self._source.gradient(local)))
        if self._touched:
            self.values += local - self._began
        else:
            self.values = local

    def _checked(self, gradient: Array) -> Array:
        if float(gradient @ gradient) < _DIVERGED:
            return gradient
        self._diverged()
        return np.zeros(len(gradient))

    def outgoing(self, part: Part) -> Vector:
        """Return what the worker contributes: its gradient or its parameters, as the exchange says."""
        low, high = self._layout.range_of(part)
        if self._local_steps:
            known = self._began[low:high]
            return Vector(self._layout, low, self.values[low:high].copy(), "contribution", known)
        return Vector(self._layout, low, self._gradient[low:high], "gradient")

    def incoming(self, part: Part, average: Given) -> None:
        """Take over the average of what all contributed: a step along the gradient, or the parameters."""
        if self._local_steps:
            self.install(part, average)
        else:
            self._touched = True
            self.optimiser.step(self.values, average.low, average.array)

    def parameters(self, part: Part) -> Vector:
        """Return the parameters as they are now."""
        low, high = self._layout.range_of(part)
        return Vector(self._layout, low, self.values[low:high].copy(), "parameters")

    def install(self, part: Part, parameters: Given) -> None:
        """Replace the parameters."""
        self._touched = True
        self.values[parameters.low : parameters.high] = parameters.array

    def step(self, part: Part) -> None:
        """Apply the worker's own gradient to its parameters."""
        low, high = self._layout.range_of(part)
        self._touched = True
        self.optimiser.step(self.values, low, self._gradient[low:high])

    def blend(self, part: Part, other: Given, weight: float) -> None:
        """Move the parameters towards others: x <- (1 - weight) x + weight other."""
        self._touched = True
        blend(self.values[other.low : other.high], other.array, weight)


def blend(parameters: Array, other: Array, weight: float) -> None:
    """Move parameters towards others, in place: x <- (1 - weight) x + weight other."""
    parameters *= 1 - weight
    parameters += weight * other
