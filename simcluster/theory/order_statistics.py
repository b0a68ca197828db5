"""Waiting for the slowest of M random workers, or for the k fastest.

A barrier waits for the maximum of M independent compute times. Here these are factors of mean 1, the simulator's
jitter: multiply by the mean time. With one factor an update, the coefficient of variation (cv) is the jitter's own.
With one factor a minibatch, an update's factor is the mean of i of them, whose cv is cv/sqrt(i): for ``gamma`` (and
``exponential``, which is gamma with cv 1) that mean is gamma again, exactly; for the others ``normal`` is the limit for
many iterations.

The expected maximum is the integral of x M F(x)^(M-1) f(x) dx (David and Nagaraja, Order Statistics, 2003, chapter 3):
in closed form for ``exponential`` and ``uniform``, else by the trapezoidal rule in a variable over the whole line in
which the integrand is smooth and dies away at both ends, so that the rule converges geometrically. The relative error
is below 1e-12 for ``normal`` and ``lognormal``, and below 1e-10 for ``gamma`` down to a cv of 0.01.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from simcluster.theory.incomplete_gamma import log_lower

Distribution = Literal["lognormal", "gamma", "exponential", "uniform", "normal"]
Function = Callable[[float], float]

_NEGLIGIBLE = 1e-20
_LOG_2 = math.log(2)


def harmonic(count: int) -> float:
    """Return H_n = 1 + 1/2 + ... + 1/n; H_0 = 0."""
    return math.fsum(1 / n for n in range(1, count + 1))


def expected_wait(fastest: int, workers: int, mean: float = 1.0) -> float:
    """Return the expected time [s] until the k fastest of M exponential workers are done: tau * (H_M - H_(M-k)).

    Parameters
    ----------
    fastest : int
        k, at least 0 and at most M; M for a barrier.
    workers : int
        M. Late workers abandon their work at the barrier, else the times of the next update depend on this one.
    mean : float [s]
        tau, a worker's mean time.
    """
    return mean * math.fsum(1 / n for n in range(workers - fastest + 1, workers + 1))


def expected_maximum(distribution: Distribution, cv: float, count: int) -> float:
    """Return the expected maximum of independent factors of mean 1.

    Parameters
    ----------
    distribution : str
        ``normal`` isn't cut off at 0.
    cv : float
        Coefficient of variation, positive; 1 for ``exponential``, at most 1/sqrt(3) for ``uniform``.
    count : int
        Number of factors M, at least 1.

    Raises
    ------
    ValueError
        If the distribution has no such cv.
    """
    match distribution:
        case "exponential":
            if cv != 1:
                raise ValueError(f"an exponential distribution has cv 1, not {cv}")
            return harmonic(count)
        case "uniform":
            if cv > 1 / math.sqrt(3):
                raise ValueError(f"a uniform distribution of positive numbers has cv at most 1/sqrt(3), not {cv}")
            return 1 + math.sqrt(3) * cv * (count - 1) / (count + 1)
        case "normal":
            return 1 + cv * _integral(lambda z: z, _log_normal_cdf, _log_normal_density, count, 1 / 16)
        case "lognormal":
            return _lognormal_maximum(cv, count)
        case "gamma":
            return _gamma_maximum(1 / cv**2, count)


def _lognormal_maximum(cv: float, count: int) -> float:
    """Integrate over the logarithm of the factor, standardised."""
    variance = math.log1p(cv * cv)

    def factor(z: float) -> float:
        return math.exp(math.sqrt(variance) * z - variance / 2)

    return _integral(factor, _log_normal_cdf, _log_normal_density, count, 1 / 16)


def _gamma_maximum(shape: float, count: int) -> float:
    """Integrate over the logarithm of the factor, which is in units of the scale 1/shape."""

    def log_cdf(y: float) -> float:
        return log_lower(shape, y)

    def log_density(y: float) -> float:
        return shape * y - math.exp(y) - math.lgamma(shape)

    width = min(1.0, 1 / math.sqrt(shape)) / (1 + math.log(count))  # at most that of the maximum's density
    return _integral(math.exp, log_cdf, log_density, count, width / 8) / shape


def _log_normal_cdf(z: float) -> float:
    """Return the logarithm of the standard normal cdf."""
    if z > 0:
        return math.log1p(-math.erfc(z / math.sqrt(2)) / 2)
    return math.log(math.erfc(-z / math.sqrt(2)) / 2)


def _log_normal_density(z: float) -> float:
    return -z * z / 2 - math.log(2 * math.pi) / 2


def _integral(value: Function, log_cdf: Function, log_density: Function, count: int, step: float) -> float:
    """Return the expected value at the maximum of ``count`` variables, by the trapezoidal rule.

    It sums outwards from the maximum's median, to where the terms are negligible.
    """

    def weight(t: float) -> float:
        return count * math.exp((count - 1) * log_cdf(t) + log_density(t))

    middle = _median(log_cdf, count)
    terms = [value(middle) * weight(middle)]
    for stride in (step, -step):
        t = middle + stride
        while (density := weight(t)) * max(1.0, abs(value(t))) > _NEGLIGIBLE:
            terms.append(value(t) * density)
            t += stride
    return step * math.fsum(terms)


def _median(log_cdf: Function, count: int) -> float:
    """Return where count * log F = -log 2, by bisection."""

    def below(t: float) -> bool:
        return count * log_cdf(t) < -_LOG_2

    low, high = -1.0, 1.0
    while not below(low):
        low *= 2
    while below(high):
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return middle
