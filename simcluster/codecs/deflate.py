"""Lossless compression with Deflate: gzip, which the paper's Table 1 measures.

The mantissas of trained weights are close to noise, so that float32 shrinks by 7 or 8 % only.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.errors import CodecError
from simcluster.codecs.protocol import Codec, CodecOptions, Payload, State

#: What zlib calls its containers.
_WINDOW_BITS = {"gzip": 31, "zlib": 15, "raw": -15}


class GzipOptions(CodecOptions):
    """Compresses the array's bytes with Deflate."""

    codec: Literal["gzip"] = "gzip"
    level: Annotated[int, Field(ge=0, le=9)] = Field(default=6, description="0 stores, 1 is fastest, 9 smallest.")
    container: Literal["gzip", "zlib", "raw"] = Field(
        default="gzip", description="Header and checksum: 18 bytes of gzip, 6 of zlib, or none."
    )


@dataclass(frozen=True)
class Gzip(Codec):
    """Sends a Deflate stream of the elements' own bytes, little-endian."""

    options: GzipOptions = field(default_factory=GzipOptions)
    keeps_dtype = True

    @property
    def lossless(self) -> bool:
        """Whether decoding gives back every bit: yes."""
        return True

    def _encode(self, values: NDArray[Any], state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        little = values.astype(values.dtype.newbyteorder("<"), copy=False)
        return deflate(little, self.options.level, _WINDOW_BITS[self.options.container])

    def _decode(self, payload: Payload) -> NDArray[Any]:
        size = payload.count * payload.dtype.itemsize
        data = inflate(payload.data, size, _WINDOW_BITS[self.options.container])
        return np.frombuffer(bytearray(data), payload.dtype.newbyteorder("<"))


def deflate(array: NDArray[Any], level: int, window_bits: int = 15) -> bytes:
    """Return the Deflate stream of a contiguous array's bytes."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, window_bits)
    return compressor.compress(array.reshape(-1).view(np.uint8).data) + compressor.flush()


def inflate(data: bytes, size: int, window_bits: int = 15) -> bytes:
    """Return the ``size`` bytes [B] of a Deflate stream.

    Raises
    ------
    CodecError
        If the stream is corrupt, or holds more or less; it is never unpacked further than ``size``.
    """
    decompressor = zlib.decompressobj(window_bits)
    try:
        # One byte of room, so that the end of the stream is seen.
        plain = decompressor.decompress(data, size + 1)
    except zlib.error as error:
        raise CodecError(f"the Deflate stream is corrupt: {error}") from error
    if len(plain) != size or not decompressor.eof or decompressor.unused_data:
        raise CodecError(f"the Deflate stream does not hold exactly the {size} bytes of the tensor")
    return plain


OPTIONS = GzipOptions


def build(options: GzipOptions) -> Codec:
    """Return the Deflate codec."""
    return Gzip(options)
