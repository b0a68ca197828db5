"""Jitter of compute times: a random factor of mean 1, for each minibatch or one for all minibatches of an update.

Every worker draws from a stream of its own. Left out: correlation between workers and over time.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np

Distribution = Literal["lognormal", "gamma", "exponential", "uniform"]


class Jitter(Protocol):
    """Says how long several minibatches take, counted in minibatches of mean length."""

    def stretch(self, minibatches: int) -> float:
        """Return the time of so many minibatches in units of the mean time of one."""


class NoJitter:
    """Every minibatch takes its mean time."""

    def stretch(self, minibatches: int) -> float:
        """Return the number of minibatches."""
        return minibatches


class RandomJitter:
    """A factor of mean 1 and coefficient of variation ``cv``.

    Parameters
    ----------
    distribution : str
        ``lognormal``, ``gamma``, ``exponential`` (whose cv is 1) or ``uniform`` (whose cv is at most 1/sqrt(3)).
    cv : float
        Standard deviation / mean, positive.
    per : str
        ``minibatch``: independent factors; ``update``: one factor for all minibatches of an update.
    rng : numpy.random.Generator
        The worker's stream.
    """

    def __init__(
        self, distribution: Distribution, cv: float, per: Literal["update", "minibatch"], rng: np.random.Generator
    ) -> None:
        self._distribution = distribution
        self._cv = cv
        self._each = per == "minibatch"
        self._rng = rng

    def stretch(self, minibatches: int) -> float:
        """Return the sum of the factors of so many minibatches."""
        if self._each:
            return math.fsum(self._factors(minibatches).tolist())
        return minibatches * float(self._factors(1)[0])

    def _factors(self, count: int) -> np.ndarray:
        rng, cv = self._rng, self._cv
        match self._distribution:
            case "lognormal":
                variance = math.log1p(cv * cv)
                return rng.lognormal(-variance / 2, math.sqrt(variance), count)
            case "gamma":
                return rng.gamma(1 / cv**2, cv**2, count)
            case "exponential":
                return rng.exponential(1.0, count)
            case "uniform":
                half = math.sqrt(3) * cv
                return rng.uniform(1 - half, 1 + half, count)
