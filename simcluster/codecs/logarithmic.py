"""Logarithmic quantisation: powers of two, or of its root, with a sign.

Miyashita et al. 2016, reviewed in seed 003: the logarithm of each magnitude is rounded and clipped to a full scale and
the levels below it. Own choices: the full scale is the tensor's largest magnitude, rounded in the same way; smaller
values than the smallest level become that level, and only zero is zero.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.errors import CodecError
from simcluster.codecs.packing import pack, unpack
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, State

#: Full scale in steps of the logarithm, signed.
_HEADER = struct.Struct("<h")
#: Exponents of the smallest and of the largest float32.
_LOWEST, _HIGHEST = -149, 127


class LogarithmicOptions(CodecOptions):
    """Quantises to powers of the base."""

    codec: Literal["logarithmic"] = "logarithmic"
    bits: Annotated[int, Field(ge=2, le=8)] = Field(default=5, description="Bits of an element, sign included.")
    base: Literal["2", "sqrt2"] = Field(default="sqrt2", description="Ratio of two neighbouring levels.")


@dataclass(frozen=True)
class Logarithmic(Codec):
    """Sends the full scale in 2 bytes and ``bits`` bits an element: its level, 0 for zero, and the sign above it.

    Of L = 2**(bits - 1) - 1 levels the L-th is the full scale. Within them an element errs by a factor of at most the
    root of the base: 41.4 % of its value for base 2, 18.9 % for its root; below them by less than the smallest level.
    """

    options: LogarithmicOptions = field(default_factory=LogarithmicOptions)

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        flat = values.reshape(-1)
        magnitudes = np.abs(flat)
        zero = magnitudes == 0
        magnitudes[zero] = 1
        largest = float(magnitudes.max(where=~zero, initial=0))
        scale = self._full_scale(largest) if largest else 0
        codes = np.log2(magnitudes)
        codes *= self._steps
        np.rint(codes, out=codes)
        codes += self._levels - scale
        np.clip(codes, 1, self._levels, out=codes)
        codes[zero] = 0
        small = codes.astype(np.uint8)
        small |= np.signbit(flat).view(np.uint8) << np.uint8(self.options.bits - 1)
        return _HEADER.pack(scale) + pack(small, self.options.bits)

    def _decode(self, payload: Payload) -> NDArray[Any]:
        if payload.nbytes < _HEADER.size:
            raise CodecError("the payload has no full scale")
        (scale,) = _HEADER.unpack_from(payload.data)
        if not _LOWEST * self._steps <= scale <= _HIGHEST * self._steps:
            raise CodecError("the payload's full scale is that of no float32")
        codes = unpack(payload.data[_HEADER.size :], payload.count, self.options.bits)
        exponents = np.arange(-self._levels, 1) + scale
        positive = np.exp2(exponents / self._steps)
        positive[0] = 0
        return np.concatenate([positive, -positive]).astype(np.float32)[codes]

    @property
    def _levels(self) -> int:
        return (1 << (self.options.bits - 1)) - 1

    @property
    def _steps(self) -> int:
        """Levels in a doubling."""
        return 1 if self.options.base == "2" else 2

    def _full_scale(self, largest: float) -> int:
        return min(round(math.log2(largest) * self._steps), _HIGHEST * self._steps)


OPTIONS = LogarithmicOptions


def build(options: LogarithmicOptions) -> Codec:
    """Return the logarithmic codec."""
    return Logarithmic(options)
