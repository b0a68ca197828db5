"""Byte shuffle and Deflate: first the lowest byte of every element, then the next ... and the exponents together.

Sign and exponent, which repeat, no longer hide between noisy mantissas (as in Blosc and HDF5). Lossless.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.deflate import deflate, inflate
from simcluster.codecs.protocol import Codec, CodecOptions, Payload, State


class ShuffleOptions(CodecOptions):
    """Regroups the array's bytes by their place within the element, and compresses them with Deflate."""

    codec: Literal["shuffle-zlib"] = "shuffle-zlib"
    level: Annotated[int, Field(ge=0, le=9)] = Field(default=6, description="0 stores, 1 is fastest, 9 smallest.")


@dataclass(frozen=True)
class ShuffleZlib(Codec):
    """Sends a zlib stream of the shuffled bytes of the little-endian elements."""

    options: ShuffleOptions = field(default_factory=ShuffleOptions)
    keeps_dtype = True

    @property
    def lossless(self) -> bool:
        """Whether decoding gives back every bit: yes."""
        return True

    def _encode(self, values: NDArray[Any], state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        little = values.astype(values.dtype.newbyteorder("<"), copy=False)
        planes = little.reshape(-1, 1).view(np.uint8).T
        return deflate(np.ascontiguousarray(planes), self.options.level)

    def _decode(self, payload: Payload) -> NDArray[Any]:
        itemsize = payload.dtype.itemsize
        planes = np.frombuffer(inflate(payload.data, payload.count * itemsize), np.uint8).reshape(itemsize, -1)
        return np.ascontiguousarray(planes.T).view(payload.dtype.newbyteorder("<"))


OPTIONS = ShuffleOptions


def build(options: ShuffleOptions) -> Codec:
    """Return the codec of shuffled bytes."""
    return ShuffleZlib(options)
