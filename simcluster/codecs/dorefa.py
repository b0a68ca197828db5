"""DoReFa-Net's k-bit gradients: a uniform grid between minus and plus the largest magnitude, with noise.

Zhou et al. 2016 (arXiv 1606.06160), as in tensorpack's dorefa.py: with m the largest magnitude,
``f = 2 m (quantise(clip(g / (2 m) + 1/2 + u, 0, 1)) - 1/2)``, where ``quantise`` rounds to multiples of
``1 / (2**k - 1)`` and u is uniform within half of one. There m is taken for each sample of the back-propagated
gradient, and nothing is sent; as a wire format it is one of several scales. Zero is no level of the grid.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.errors import CodecError
from simcluster.codecs.packing import pack, packed_size, unpack
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, State, expect_size


class DorefaOptions(CodecOptions):
    """Quantises to a uniform grid of ``2**bits`` levels."""

    codec: Literal["dorefa"] = "dorefa"
    bits: Annotated[int, Field(ge=1, le=16)] = Field(default=6, description="Bits of an element.")
    per: Literal["tensor", "sample"] = Field(default="tensor", description="One scale a tensor, or a first index.")


@dataclass(frozen=True)
class Dorefa(Codec):
    """Sends a float32 for each scale, then ``bits`` bits an element; the error is below 2 m / (2**bits - 1)."""

    options: DorefaOptions = field(default_factory=DorefaOptions)

    @property
    def unbiased(self) -> bool:
        """Whether the expectation is kept: yes, the noise is as wide as a step."""
        return True

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        samples = values.reshape(self._scales(values.shape), -1)
        scales = np.abs(samples).max(axis=1, keepdims=True)
        steps = np.float32(2**self.options.bits - 1)
        codes = samples / np.where(scales > 0, scales, np.float32(1))
        codes += np.float32(1)
        codes *= steps / 2
        codes += rng.random(codes.shape, dtype=np.float32)  # The noise, and the half that makes floor a rounding.
        np.clip(codes, 0, steps, out=codes)
        packed = pack(codes.astype(np.min_scalar_type(int(steps))).reshape(-1), self.options.bits)
        header: bytes = scales.astype("<f4").tobytes()
        return header + packed

    def _decode(self, payload: Payload) -> NDArray[Any]:
        number = self._scales(payload.shape)
        expect_size(payload, 4 * number + packed_size(payload.count, self.options.bits))
        scales = np.frombuffer(payload.data, "<f4", number).reshape(number, 1)
        if (scales < 0).any():
            raise CodecError("the payload holds a negative scale")
        codes = unpack(payload.data[4 * number :], payload.count, self.options.bits)
        values = codes.reshape(number, -1).astype(np.float32)
        values *= np.float32(2 / (2**self.options.bits - 1))
        values -= np.float32(1)
        values *= scales
        return values

    def _scales(self, shape: tuple[int, ...]) -> int:
        return shape[0] if self.options.per == "sample" and shape else 1


OPTIONS = DorefaOptions


def build(options: DorefaOptions) -> Codec:
    """Return the DoReFa codec."""
    return Dorefa(options)
