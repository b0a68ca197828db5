"""TernGrad: every element becomes -1, 0 or 1 times one scaler, at random so that the mean is kept.

Wen et al. 2017 (arXiv 1705.07878) and the code of its authors. Optionally the tensor is clipped first at ``clip``
standard deviations (2.5 in the paper). With *scaler sharing* all workers use the largest of their scalers, so that the
server can add ternary numbers as integers. Departure: small tensors are quantised as all others.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.errors import CodecError
from simcluster.codecs.fixed_point import sum_levels
from simcluster.codecs.packing import pack_levels, unpack_levels
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, Round, State
from simcluster.options import PositiveNumber

_HEADER = struct.Struct("<f")


class TernGradOptions(CodecOptions):
    """Quantises to three values."""

    codec: Literal["terngrad"] = "terngrad"
    clip: PositiveNumber | None = Field(default=None, description="Standard deviations at which values are clipped.")
    share_scaler: bool = Field(default=False, description="Whether all workers agree on the largest scaler first.")


@dataclass(frozen=True)
class TernGrad(Codec):
    """Sends the scaler as a float32, unless it was agreed on, and 2 bits an element: 0, 1, 2 for -1, 0, 1.

    The error of an element is below the scaler, the largest magnitude. A sum of N terms of one scaler needs
    ceil(log2(2 * N + 1)) bits an element.
    """

    options: TernGradOptions = field(default_factory=TernGradOptions)

    @property
    def unbiased(self) -> bool:
        """Whether the expectation is kept: if nothing is clipped."""
        return self.options.clip is None

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: adding integers, if they share their scaler."""
        return frozenset({"add"}) if self.options.share_scaler else frozenset()

    def _rounds(self, shape: tuple[int, ...]) -> tuple[Round, ...]:
        """Return the agreement on the scaler, if it is shared."""
        return (Round(_HEADER.size, "max"),) if self.options.share_scaler else ()

    def _propose(self, values: Floats, state: State, rng: np.random.Generator) -> NDArray[Any]:
        return np.array(np.abs(self._clipped(values)).max(), "<f4")

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        clipped = self._clipped(values).reshape(-1)
        magnitudes = np.abs(clipped)
        scaler = np.float32(_HEADER.unpack(agreed)[0]) if agreed else magnitudes.max()
        thresholds = rng.random(clipped.size, dtype=np.float32)
        thresholds *= scaler
        levels = (thresholds < magnitudes).view(np.int8) * (1 - 2 * np.signbit(clipped).view(np.int8))
        return (b"" if agreed else _HEADER.pack(scaler)) + pack_levels(levels, 1)

    def _decode(self, payload: Payload) -> NDArray[Any]:
        shared = bool(payload.agreed)
        header = payload.agreed if shared else payload.data[: _HEADER.size]
        if len(header) != _HEADER.size:
            raise CodecError("the payload has no scaler")
        packed = payload.data if shared else payload.data[_HEADER.size :]
        scaler = np.float32(_HEADER.unpack(header)[0])
        return unpack_levels(packed, payload.count, payload.terms).astype(np.float32) * scaler

    def _sum(self, payloads: Sequence[Payload]) -> bytes:
        return sum_levels(payloads, [payload.data for payload in payloads], 1)

    def _clipped(self, values: Floats) -> Floats:
        if self.options.clip is None:
            return values
        limit = self.options.clip * values.std(dtype=np.float64)
        return np.clip(values, -limit, limit, dtype=np.float32) if limit > 0 else values


OPTIONS = TernGradOptions


def build(options: TernGradOptions) -> Codec:
    """Return the TernGrad codec."""
    return TernGrad(options)
