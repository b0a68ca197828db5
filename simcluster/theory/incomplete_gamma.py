"""The regularised incomplete gamma function, which the standard library lacks.

Series below the turning point, continued fraction (its even part, by the modified
Lentz method) above it: Abramowitz and Stegun, Handbook of
Mathematical Functions, 6.5.29 and 6.5.31. The relative error is about 1e-11 at a shape
of 1e4, and grows with it.
"""

from __future__ import annotations

import math

_ENOUGH = 1e-17
_CONVERGED = 1e-15
_TINY = 1e-300


def log_lower(shape: float, log_x: float) -> float:
    """Return log P(shape, x), the logarithm of the gamma distribution's cdf.

    Parameters
    ----------
    shape : float
        Positive.
    log_x : float
        Logarithm of x, which is in units of the scale; x itself may be too small for a float.
    """
    x = math.exp(log_x)
    scale = shape * log_x - x
    if x < shape + 1:
        return scale - math.lgamma(shape + 1) + math.log(_series(shape, x))
    return math.log1p(-math.exp(scale - math.lgamma(shape)) * _fraction(shape, x))


def _series(shape: float, x: float) -> float:
    """Return 1 + x/(shape + 1) + x^2/((shape + 1)(shape + 2)) + ..."""
    total = term = 1.0
    below = shape
    while term > _ENOUGH * total:
        below += 1
        term *= x / below
        total += term
    return total


def _fraction(shape: float, x: float) -> float:
    """Return the continued fraction of Gamma(shape, x) / (x^shape exp(-x))."""
    b = x + 1 - shape
    c = 1 / _TINY
    d = 1 / b
    value = d
    n = 0
    change = 0.0
    while abs(change - 1) > _CONVERGED:
        n += 1
        a = -n * (n - shape)
        b += 2
        d = 1 / _nonzero(a * d + b)
        c = _nonzero(b + a / c)
        change = c * d
        value *= change
    return value


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
