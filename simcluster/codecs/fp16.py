"""Half precision, IEEE binary16: 11 significant bits, up to 65504.

Mixed precision (Micikevicius et al. 2017, arXiv 1710.03740) keeps gradients in this range by scaling the loss; here a
value beyond it is an error, not an infinity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.protocol import Codec, CodecOptions, Payload, State, expect_size


class Fp16Options(CodecOptions):
    """Rounds to the nearest half-precision number."""

    codec: Literal["fp16"] = "fp16"


@dataclass(frozen=True)
class Fp16(Codec):
    """Sends every element as 2 bytes; the error is at most 2**-11 of the value, or 2**-25 near zero.

    Sums are rounded to half precision each time, as an all-reduce in half precision does.
    """

    options: Fp16Options = field(default_factory=Fp16Options)

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: adding them, with rounding."""
        return frozenset({"add"})

    def _encode(self, values: NDArray[Any], state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        return values.astype("<f2").tobytes()

    def _decode(self, payload: Payload) -> NDArray[Any]:
        expect_size(payload, 2 * payload.count)
        return np.frombuffer(payload.data, "<f2").astype(np.float32)

    def _sum(self, payloads: Sequence[Payload]) -> bytes:
        for payload in payloads:
            expect_size(payload, 2 * payload.count)
        total = np.frombuffer(payloads[0].data, "<f2").astype(np.float32)
        for payload in payloads[1:]:
            total = (total + np.frombuffer(payload.data, "<f2")).astype("<f2").astype(np.float32)
        return total.astype("<f2").tobytes()


OPTIONS = Fp16Options


def build(options: Fp16Options) -> Codec:
    """Return the half-precision codec."""
    return Fp16(options)
