"""Sparse Binary Compression: the larger side of the few largest changes, as one mean and Golomb-coded positions.

Sattler et al. 2018. What is encoded is a weight update after some local steps, plus what was lost before. Of the
largest ``density * count`` elements and of the smallest, the side whose mean is larger in magnitude is kept, and each
element of it becomes that mean. The choice of the side follows the paper's idea; the factor masking of the optimiser's
momentum is not part of it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs import golomb
from simcluster.codecs.errors import CodecError
from simcluster.codecs.feedback import compensated, new_residual
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, State
from simcluster.codecs.sparse import largest, scatter, share_of
from simcluster.codecs.top_k import Density

_HEADER = struct.Struct("<f")


class SbcOptions(CodecOptions):
    """Sends positions and one mean."""

    codec: Literal["sbc"] = "sbc"
    density: Density = Field(default=0.01, description="Share of the elements that is sent, rounded up.")
    local_steps: Annotated[int, Field(ge=1)] = Field(default=1, description="Steps that one payload stands for.")


@dataclass(frozen=True)
class Sbc(Codec):
    """Sends the mean as a float32, then the positions of ceil(density * count) elements; the others are zero.

    Quotients and remainders of the positions' Golomb code are filled up to a byte each.
    """

    options: SbcOptions = field(default_factory=SbcOptions)

    @property
    def expected_ratio(self) -> float:
        """Bytes of float32 that all local steps would have sent / bytes sent, for a large tensor."""
        density = self.options.density
        return 32 * self.options.local_steps / (density * golomb.mean_bits(density))

    def new_state(self, shape: tuple[int, ...]) -> State:
        """Return a state in which nothing was lost yet."""
        return new_residual(shape)

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        wanted = compensated(values, state)
        flat = wanted.reshape(-1)
        number = share_of(flat.size, self.options.density)
        high, low = largest(flat, number), largest(-flat, number)
        above, below = flat[high].mean(dtype=np.float64), flat[low].mean(dtype=np.float64)
        positions, mean = (high, above) if above >= -below else (low, below)
        mean = np.float32(mean)
        flat[positions] -= mean
        state["residual"][...] = wanted
        width = golomb.remainder_bits(self.options.density)
        return _HEADER.pack(mean) + golomb.pack_positions(positions, width)

    def _decode(self, payload: Payload) -> NDArray[Any]:
        number = share_of(payload.count, self.options.density)
        width = golomb.remainder_bits(self.options.density)
        if payload.nbytes < _HEADER.size + golomb.least_size(number, width):
            raise CodecError(f"the payload is too short for {number} positions")
        (mean,) = _HEADER.unpack_from(payload.data)
        positions = golomb.unpack_positions(payload.data[_HEADER.size :], number, width, payload.count)
        return scatter(payload.count, positions, np.full(number, mean, np.float32))


OPTIONS = SbcOptions


def build(options: SbcOptions) -> Codec:
    """Return the codec of Sparse Binary Compression."""
    return Sbc(options)
