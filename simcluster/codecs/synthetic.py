"""Tensors that stand for gradients or weights, by the distribution of their elements.

Real gradients are closer to Laplace or Student than to Gauss, and those behind a rectifier hold many zeros; real
weights are nearly Gaussian, which is what decides a lossless codec's ratio. Two stand for the weights of networks that
were compressed, with few distinct values: synthetic, with independent elements.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.sparse import largest, scatter, share_of
from simcluster.codecs.weight_sharing import shared_weights
from simcluster.errors import UserInputError
from simcluster.rng import stream

Distribution = Literal["gaussian", "laplace", "uniform", "student", "sparse", "low-entropy", "quantised"]
DISTRIBUTIONS: tuple[Distribution, ...] = get_args(Distribution)

#: Typical size of a gradient's or weight's elements: their standard deviation, or what comes nearest.
SCALE = 0.01
#: Share of the elements of ``sparse`` that are not zero.
DENSITY = 0.1
#: Share of the elements that ``low-entropy`` keeps, as Deep Compression keeps 11 % of AlexNet, and its shared values.
KEPT, SHARED = 0.11, 31
#: Levels of ``quantised``: 7 bits, symmetric.
LEVELS = 127


def synthetic(
    distribution: Distribution, shape: tuple[int, ...], seed: int = 0, limit: float = 2**31
) -> NDArray[np.float32]:
    """Return a tensor of independent elements.

    Parameters
    ----------
    distribution : str
        ``gaussian`` (standard deviation 0.01), ``laplace`` (scale 0.01), ``uniform`` (within +-0.01), ``student`` (0.01
        times Student's t with 3 degrees of freedom: heavy tails), ``sparse`` (gaussian, but nine of ten are zero),
        ``low-entropy`` (gaussian, of which the 11 % of largest magnitude are kept, and share 31 values), ``quantised``
        (gaussian, rounded to 127 evenly spaced levels).
    shape : tuple of int
        Its shape.
    seed : int
        Seed; each distribution has a stream of its own.
    limit : float [B]
        Largest tensor that is made.

    Raises
    ------
    UserInputError
        If there is no such distribution, or the tensor would be too large.
    """
    if distribution not in _DRAW:
        raise UserInputError(f"no distribution '{distribution}'; known: {', '.join(DISTRIBUTIONS)}")
    if min(shape, default=1) < 0 or 4 * math.prod(shape) > limit:
        raise UserInputError(f"a tensor of shape {shape} is not one of at most {limit:,.0f} bytes")
    values = _DRAW[distribution](stream(seed, "synthetic", distribution), shape)
    return (SCALE * values).astype(np.float32)


def _sparse(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.floating]:
    return np.where(rng.random(shape) < DENSITY, rng.standard_normal(shape), 0)


def _low_entropy(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.floating]:
    values = rng.standard_normal(math.prod(shape), np.float32)
    kept = largest(np.abs(values), share_of(values.size, KEPT))
    shared, places = shared_weights(values[kept], SHARED, iterations=20)
    return scatter(values.size, kept, shared[places]).reshape(shape)


def _quantised(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.floating]:
    values = rng.standard_normal(shape, np.float32)
    step = np.abs(values).max(initial=np.float32(1e-30)) / np.float32(LEVELS // 2)
    return np.asarray(np.rint(values / step) * step)


_DRAW: dict[str, Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.floating]]] = {
    "gaussian": lambda rng, shape: rng.standard_normal(shape, np.float32),
    "laplace": lambda rng, shape: rng.laplace(size=shape),
    "uniform": lambda rng, shape: rng.uniform(-1, 1, shape),
    "student": lambda rng, shape: rng.standard_t(3, shape),
    "sparse": _sparse,
    "low-entropy": _low_entropy,
    "quantised": _quantised,
}
