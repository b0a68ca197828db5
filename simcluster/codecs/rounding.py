"""Rounding at random, so that the mean is kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stochastic_round(values: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.floating]:
    """Round up with the probability of the fraction, else down; ``values`` is overwritten.

    The fraction is taken off before it is compared, since adding a random number to a large value would round.
    """
    floors: NDArray[np.floating] = np.floor(values)
    values -= floors
    floors += rng.random(values.shape, dtype=np.float32) < values
    return floors
