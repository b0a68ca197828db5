"""Dynamic fixed point: every tensor has its own power of two, taken from its values at each encoding.

Courbariaux et al. 2014 (arXiv 1412.7024, reviewed in seed 003) give each group of values its own scaling factor, and
adapt it when too many of them overflow. Departure: the factor is not adapted from step to step but chosen at once, as
the smallest at which no larger share than ``overflow`` saturates.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.errors import CodecError
from simcluster.codecs.fixed_point import Rounding, Width, largest_integer, scaled_integers, sum_levels, to_integers
from simcluster.codecs.packing import pack_levels, unpack_levels
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, Round, State
from simcluster.options import Number

#: The exponent, signed.
_HEADER = struct.Struct("<h")
#: Exponents of the smallest and of the largest float32.
_LOWEST, _HIGHEST = -149, 128


class DynamicFixedPointOptions(CodecOptions):
    """Rounds to multiples of a power of two that fits the tensor."""

    codec: Literal["dynamic-fixed-point"] = "dynamic-fixed-point"
    width: Width = Field(default=12, description="Bits of an element, sign included.")
    overflow: Annotated[Number, Field(ge=0, lt=1)] = Field(default=0.0, description="Share that may saturate.")
    rounding: Rounding = Field(default="stochastic", description="At random, which keeps the mean, or to nearest.")
    share_exponent: bool = Field(default=False, description="Whether all workers agree on the largest exponent first.")


@dataclass(frozen=True)
class DynamicFixedPoint(Codec):
    """Sends an exponent of 2 bytes, unless it was agreed on, and ``width`` bits an element.

    The error is below one step of 2**exponent (half a step if rounded to nearest) for all but the share that saturates.
    Payloads of one exponent add up as integers.
    """

    options: DynamicFixedPointOptions = field(default_factory=DynamicFixedPointOptions)

    @property
    def unbiased(self) -> bool:
        """Whether the expectation is kept: with stochastic rounding, if nothing may saturate."""
        return self.options.rounding == "stochastic" and not self.options.overflow

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: adding the integers, if they share their exponent."""
        return frozenset({"add"}) if self.options.share_exponent else frozenset()

    def _rounds(self, shape: tuple[int, ...]) -> tuple[Round, ...]:
        """Return the agreement on the exponent, if it is shared."""
        return (Round(_HEADER.size, "max"),) if self.options.share_exponent else ()

    def _propose(self, values: Floats, state: State, rng: np.random.Generator) -> NDArray[Any]:
        return np.array(self._exponent(values), "<i2")

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        exponent = _HEADER.unpack(agreed)[0] if agreed else self._exponent(values)
        levels = to_integers(values, exponent, self.options.width, self.options.rounding, rng)
        packed = pack_levels(levels, largest_integer(self.options.width))
        return packed if agreed else _HEADER.pack(exponent) + packed

    def _decode(self, payload: Payload) -> NDArray[Any]:
        shared = bool(payload.agreed)
        header = payload.agreed if shared else payload.data[: _HEADER.size]
        if len(header) != _HEADER.size or not _LOWEST <= (exponent := _HEADER.unpack(header)[0]) <= _HIGHEST:
            raise CodecError("the payload has no exponent of a float32")
        packed = payload.data if shared else payload.data[_HEADER.size :]
        limit = largest_integer(self.options.width) * payload.terms
        levels = unpack_levels(packed, payload.count, limit)
        return scaled_integers(levels, exponent)

    def _sum(self, payloads: Sequence[Payload]) -> bytes:
        return sum_levels(payloads, [payload.data for payload in payloads], largest_integer(self.options.width))

    def _exponent(self, values: Floats) -> int:
        """Return the smallest exponent at which no more than the allowed share saturates."""
        magnitudes = np.abs(values)
        limit = largest_integer(self.options.width)
        mantissa, exponent = np.frexp(float(magnitudes.max()) / limit)
        exponent = int(exponent) - int(mantissa == 0.5)
        allowed = int(self.options.overflow * values.size)
        while allowed and np.count_nonzero(magnitudes > np.ldexp(limit, exponent - 1)) <= allowed:
            exponent -= 1
            if exponent <= _LOWEST:
                break
        return max(exponent, _LOWEST)


OPTIONS = DynamicFixedPointOptions


def build(options: DynamicFixedPointOptions) -> Codec:
    """Return the dynamic fixed-point codec."""
    return DynamicFixedPoint(options)
