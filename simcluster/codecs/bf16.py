"""The brain float, bfloat16: the upper half of a float32, with 8 significant bits and the full range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.errors import CodecError
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, State, expect_size

_INFINITY = 0x7F80


class Bf16Options(CodecOptions):
    """Rounds to the nearest bfloat16, ties to even."""

    codec: Literal["bf16"] = "bf16"


@dataclass(frozen=True)
class Bf16(Codec):
    """Sends every element as 2 bytes; the error is at most 2**-8 of the value, or 2**-134 near zero.

    Sums are rounded to bfloat16 each time.
    """

    options: Bf16Options = field(default_factory=Bf16Options)

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: adding them, with rounding."""
        return frozenset({"add"})

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        return _rounded(values).tobytes()

    def _decode(self, payload: Payload) -> NDArray[Any]:
        return _widened(payload)

    def _sum(self, payloads: Sequence[Payload]) -> bytes:
        total = _widened(payloads[0])
        for payload in payloads[1:]:
            total += _widened(payload)
            total = (_rounded(total).astype(np.uint32) << np.uint32(16)).view(np.float32)
        return _rounded(total).tobytes()


def _rounded(values: Floats) -> NDArray[np.uint16]:
    words = values.reshape(-1).view(np.uint32)
    # Half of the last place, less one unless the upper half is odd: ties go to the even neighbour.
    halves = words >> np.uint32(16)
    halves &= np.uint32(1)
    halves += np.uint32(0x7FFF)
    halves += words
    halves >>= np.uint32(16)
    if ((halves & np.uint32(_INFINITY)) == _INFINITY).any():
        raise CodecError("bf16: a value is too large for a finite bfloat16")
    return halves.astype("<u2")


def _widened(payload: Payload) -> Floats:
    expect_size(payload, 2 * payload.count)
    return (np.frombuffer(payload.data, "<u2").astype(np.uint32) << np.uint32(16)).view(np.float32)


OPTIONS = Bf16Options


def build(options: Bf16Options) -> Codec:
    """Return the bfloat16 codec."""
    return Bf16(options)
