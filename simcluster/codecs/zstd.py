"""Lossless compression with Zstandard, from the package ``zstandard`` (an extra)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.errors import CodecError
from simcluster.codecs.protocol import Codec, CodecOptions, Payload, State


class ZstdOptions(CodecOptions):
    """Compresses the array's bytes with Zstandard."""

    codec: Literal["zstd"] = "zstd"
    level: Annotated[int, Field(ge=1, le=22)] = Field(default=3, description="1 is fastest, 22 smallest.")


@dataclass(frozen=True)
class Zstd(Codec):
    """Sends one Zstandard frame, which says its plain size, of the elements' own bytes, little-endian."""

    options: ZstdOptions = field(default_factory=ZstdOptions)
    keeps_dtype = True

    @property
    def lossless(self) -> bool:
        """Whether decoding gives back every bit: yes."""
        return True

    def _encode(self, values: NDArray[Any], state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        little = values.astype(values.dtype.newbyteorder("<"), copy=False)
        frame: bytes = (
            _library().ZstdCompressor(level=self.options.level).compress(little.reshape(-1).view(np.uint8).data)
        )
        return frame

    def _decode(self, payload: Payload) -> NDArray[Any]:
        zstandard = _library()
        size = payload.count * payload.dtype.itemsize
        try:
            # The library allocates what the frame declares, so that this is checked first.
            if zstandard.frame_content_size(payload.data) != size:
                raise CodecError(f"the Zstandard frame does not declare the {size} bytes of the tensor")
            plain = zstandard.ZstdDecompressor().decompress(payload.data, allow_extra_data=False)
        except zstandard.ZstdError as error:
            raise CodecError(f"the Zstandard frame is corrupt: {error}") from error
        return np.frombuffer(bytearray(plain), payload.dtype.newbyteorder("<"))


def _library() -> Any:
    """Return the package, which is imported only when it is used."""
    try:
        import zstandard
    except ImportError as error:
        raise CodecError("the codec zstd needs the package 'zstandard': pip install 'simcluster[zstd]'") from error
    return zstandard


OPTIONS = ZstdOptions


def build(options: ZstdOptions) -> Codec:
    """Return the Zstandard codec."""
    return Zstd(options)
