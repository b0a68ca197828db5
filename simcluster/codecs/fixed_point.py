"""Fixed point: integers times a power of two that everybody knows, rounded to nearest or at random.

Stochastic rounding is that of Gupta et al. 2015 (arXiv 1502.02551), which train with 16 bits; seed 003 reviews it with
Courbariaux et al. 2014 (arXiv 1412.7024). Values beyond the range saturate. The range is symmetric here, one integer
less than two's complement, so that negation is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.packing import Levels, level_type, pack_levels, unpack_levels
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, State
from simcluster.codecs.rounding import stochastic_round

Width = Annotated[int, Field(ge=2, le=32)]
Rounding = Literal["stochastic", "nearest"]


class FixedPointOptions(CodecOptions):
    """Rounds to multiples of ``2**-fraction``."""

    codec: Literal["fixed-point"] = "fixed-point"
    width: Width = Field(default=16, description="Bits of an element, sign included.")
    fraction: Annotated[int, Field(ge=-64, le=64)] = Field(default=12, description="Bits behind the binary point.")
    rounding: Rounding = Field(default="stochastic", description="At random, which keeps the mean, or to nearest.")


@dataclass(frozen=True)
class FixedPoint(Codec):
    """Sends ``width`` bits an element: the packed integers alone.

    Within the range of +-(2**(width - 1) - 1) steps the error is below one step of 2**-fraction (half a step if rounded
    to nearest), and the mean is kept by stochastic rounding. Integers add up exactly, with one more bit for every
    doubling of the terms.
    """

    options: FixedPointOptions = field(default_factory=FixedPointOptions)

    @property
    def unbiased(self) -> bool:
        """Whether the expectation is kept: with stochastic rounding, within the range."""
        return self.options.rounding == "stochastic"

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: adding the integers."""
        return frozenset({"add"})

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        limit = largest_integer(self.options.width)
        levels = to_integers(values, -self.options.fraction, self.options.width, self.options.rounding, rng)
        return pack_levels(levels, limit)

    def _decode(self, payload: Payload) -> NDArray[Any]:
        limit = largest_integer(self.options.width) * payload.terms
        return scaled_integers(unpack_levels(payload.data, payload.count, limit), -self.options.fraction)

    def _sum(self, payloads: Sequence[Payload]) -> bytes:
        return sum_levels(payloads, [payload.data for payload in payloads], largest_integer(self.options.width))


def largest_integer(width: int) -> int:
    """Return the largest integer of so many bits, sign included."""
    return (1 << (width - 1)) - 1


def to_integers(values: Floats, exponent: int, width: int, rounding: Rounding, rng: np.random.Generator) -> Levels:
    """Return values in steps of ``2**exponent`` as integers that saturate, rounded to nearest or at random."""
    limit = largest_integer(width)
    scaled = np.ldexp(values.reshape(-1), -exponent, dtype=np.float32 if width <= 16 else np.float64)
    np.clip(scaled, -limit, limit, out=scaled)
    rounded = np.rint(scaled) if rounding == "nearest" else stochastic_round(scaled, rng)
    return rounded.astype(level_type(limit))


def scaled_integers(levels: Levels, exponent: int) -> NDArray[Any]:
    """Return integers times ``2**exponent``, in float32 if these hold every such integer, else in float64."""
    exact = levels.dtype.itemsize <= 2 and -126 <= exponent <= 100
    values: NDArray[Any] = levels.astype(np.float32 if exact else np.float64)
    if exact:
        values *= np.float32(2.0**exponent)
        return values
    return np.asarray(np.ldexp(values, exponent))


def sum_levels(payloads: Sequence[Payload], packed: Sequence[bytes], limit: int) -> bytes:
    """Return the sum of packed integers, packed again for the sum of their limits.

    Parameters
    ----------
    payloads : sequence of Payload
        Where the integers are from: each has its number of terms.
    packed : sequence of bytes
        The integers of each payload.
    limit : int
        Largest integer of one term.
    """
    terms = sum(payload.terms for payload in payloads)
    total = np.zeros(payloads[0].count, level_type(limit * terms))
    for payload, data in zip(payloads, packed, strict=True):
        total += unpack_levels(data, payload.count, limit * payload.terms).astype(total.dtype, copy=False)
    return pack_levels(total, limit * terms)


OPTIONS = FixedPointOptions


def build(options: FixedPointOptions) -> Codec:
    """Return the fixed-point codec."""
    return FixedPoint(options)
