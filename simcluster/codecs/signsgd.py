"""signSGD: the sign of each element and one scale a tensor, with error feedback.

The scale is the mean magnitude, which makes the payload the best multiple of the signs (least squares); with error
feedback this is EF-signSGD. An element that is zero counts as positive.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.feedback import compensated, keep_loss, new_residual
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, State, expect_size

_HEADER = struct.Struct("<f")


class SignSgdOptions(CodecOptions):
    """Sends signs and one scale."""

    codec: Literal["signsgd"] = "signsgd"
    error_feedback: bool = Field(default=True, description="Whether what is lost is added to the next array.")


@dataclass(frozen=True)
class SignSgd(Codec):
    """Sends the scale as a float32 and a bit an element, the first in the lowest bit: ``4 + ceil(count / 8)`` bytes."""

    options: SignSgdOptions = field(default_factory=SignSgdOptions)

    def new_state(self, shape: tuple[int, ...]) -> State:
        """Return a state in which nothing was lost yet, if errors are fed back."""
        return new_residual(shape) if self.options.error_feedback else {}

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        wanted = compensated(values, state) if self.options.error_feedback else values
        scale = np.float32(np.abs(wanted).mean(dtype=np.float64))
        positive = wanted.reshape(-1) >= 0
        if self.options.error_feedback:
            keep_loss(state, wanted, np.where(positive, scale, -scale))
        return _HEADER.pack(scale) + np.packbits(positive, bitorder="little").tobytes()

    def _decode(self, payload: Payload) -> NDArray[Any]:
        expect_size(payload, _HEADER.size + -(-payload.count // 8))
        scale = np.float32(_HEADER.unpack_from(payload.data)[0])
        packed = np.frombuffer(payload.data, np.uint8, offset=_HEADER.size)
        positive = np.unpackbits(packed, count=payload.count, bitorder="little").view(np.bool_)
        return np.where(positive, scale, -scale)


OPTIONS = SignSgdOptions


def build(options: SignSgdOptions) -> Codec:
    """Return the signSGD codec."""
    return SignSgd(options)
