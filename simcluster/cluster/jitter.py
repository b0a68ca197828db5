"""Jitter of compute times: a random factor of mean 1, for each minibatch or one for all minibatches of an update.

Every worker draws from a stream of its own. Left out: correlation between workers and over time.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np

Distribution = Literal["lognormal", "gamma", "exponential", "uniform"]
#: Factors that a worker draws at a time: a call of numpy costs more than all of them, and those that wait need memory.
_BLOCK = 16


#: Draws so many factors from a stream.
_Source = Callable[["np.random.Generator", int], "np.ndarray"]


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

    __slots__ = ("_each", "_factors")

    def __init__(
        self, distribution: Distribution, cv: float, per: Literal["update", "minibatch"], rng: np.random.Generator
    ) -> None:
        self._each = per == "minibatch"
        self._factors = _one_by_one(_source(distribution, cv), rng)

    def stretch(self, minibatches: int) -> float:
        """Return the sum of the factors of so many minibatches."""
        if self._each:
            return math.fsum(islice(self._factors, minibatches))
        return minibatches * next(self._factors)


@cache
def _source(distribution: Distribution, cv: float) -> _Source:
    """Return what draws factors from a stream; however many it draws at a time, they are the same."""
    match distribution:
        case "lognormal":
            variance = math.log1p(cv * cv)
            mean, deviation = -variance / 2, math.sqrt(variance)
            return lambda rng, count: rng.lognormal(mean, deviation, count)
        case "gamma":
            return lambda rng, count: rng.gamma(1 / cv**2, cv**2, count)
        case "exponential":
            return lambda rng, count: rng.exponential(1.0, count)
        case "uniform":
            half = math.sqrt(3) * cv
            return lambda rng, count: rng.uniform(1 - half, 1 + half, count)


def _one_by_one(draw: _Source, rng: np.random.Generator) -> Iterator[float]:
    """Yield factors that are drawn in blocks; what is left over at the end is never missed: nobody else draws there."""
    while True:
        yield from array("d", draw(rng, _BLOCK).tobytes())
