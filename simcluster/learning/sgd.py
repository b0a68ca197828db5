"""Stochastic gradient descent with momentum, weight decay and a schedule of the rate.

Momentum is that of Sutskever et al. 2013 as deep-learning libraries have it: ``v = m v + g`` and ``x = x - rate v``, or
``x = x - rate (g + m v)`` if it looks ahead (Nesterov). Parts are stepped on their own: each stretch of the parameters
counts its own steps.
"""

from __future__ import annotations

import math

import numpy as np

from simcluster.learning.options import OptimiserOptions
from simcluster.learning.vector import Array


class Sgd:
    """The optimiser of one vector of parameters, with its momentum.

    Parameters
    ----------
    options : OptimiserOptions
    size : int
        Number of parameters.
    """

    def __init__(self, options: OptimiserOptions, size: int) -> None:
        self.options = options
        self._velocity = np.zeros(size) if options.momentum else None
        self._steps: dict[tuple[int, int], int] = {}

    def step(self, parameters: Array, low: int, gradient: Array) -> None:
        """Change a stretch of the parameters in place.

        Parameters
        ----------
        parameters : ndarray, shape (size,)
        low : int
            The first element of the stretch.
        gradient : ndarray, shape (n,)
            Of the stretch; not changed.
        """
        options, high = self.options, low + len(gradient)
        count = self._steps.get((low, high), 0)
        self._steps[low, high] = count + 1
        stretch = parameters[low:high]
        if options.weight_decay:
            gradient = gradient + options.weight_decay * stretch
        if self._velocity is not None:
            velocity = self._velocity[low:high]
            velocity *= options.momentum
            velocity += gradient
            gradient = gradient + options.momentum * velocity if options.nesterov else velocity
        stretch -= rate_at(options, count) * gradient

    def take_over(self, other: Sgd) -> None:
        """Go on as another one would: with its momentum, and as many steps behind it."""
        self._steps = dict(other._steps)
        self._velocity = None if other._velocity is None else other._velocity.copy()


def rate_at(options: OptimiserOptions, step: int) -> float:
    """Return the learning rate of a step, counted from 0.

    ``step`` falls by the factor after each period; ``cosine`` goes to 0 over one period and stays there; ``inverse`` is
    ``1 / (1 + step / period)`` of the rate. A warm-up multiplies it by ``(step + 1) / (warm_up + 1)`` until it is over.
    """
    rate = options.rate
    if step < options.warm_up:
        rate *= (step + 1) / (options.warm_up + 1)
    if options.schedule == "step":
        rate *= options.factor ** (step // options.period)
    elif options.schedule == "cosine":
        rate *= (1 + math.cos(math.pi * min(step / options.period, 1))) / 2
    elif options.schedule == "inverse":
        rate /= 1 + step / options.period
    return rate
