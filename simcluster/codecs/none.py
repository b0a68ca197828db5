"""No compression: the array's own bytes. Their sums are arrays again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.protocol import Codec, CodecOptions, Payload, State, expect_size


class NoneOptions(CodecOptions):
    """Sends arrays as they are."""

    codec: Literal["none"] = "none"


@dataclass(frozen=True)
class NoCodec(Codec):
    """Sends every element in its own type, little-endian: 4 bytes for a float32."""

    options: NoneOptions = field(default_factory=NoneOptions)
    keeps_dtype = True

    @property
    def lossless(self) -> bool:
        """Whether decoding gives back every bit: yes."""
        return True

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: adding them."""
        return frozenset({"add"})

    def _encode(self, values: NDArray[Any], state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()

    def _decode(self, payload: Payload) -> NDArray[Any]:
        expect_size(payload, payload.count * payload.dtype.itemsize)
        return np.frombuffer(payload.data, payload.dtype.newbyteorder("<")).copy()

    def _sum(self, payloads: Sequence[Payload]) -> bytes:
        wire = payloads[0].dtype.newbyteorder("<")
        for payload in payloads:
            expect_size(payload, payload.count * wire.itemsize)
        total = np.frombuffer(payloads[0].data, wire).copy()
        for payload in payloads[1:]:
            total += np.frombuffer(payload.data, wire)
        return total.tobytes()


OPTIONS = NoneOptions


def build(options: NoneOptions) -> Codec:
    """Return the codec that does nothing."""
    return NoCodec(options)
