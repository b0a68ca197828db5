"""QSGD: levels of a bucket's norm, rounded at random, in a fixed width or in Elias' codes.

Alistarh et al. 2016 (arXiv 1610.02132). In each bucket of consecutive elements a magnitude becomes ``levels`` times its
share of the norm, rounded so that the mean is kept. Practical variants take the largest magnitude for the norm, which
spends the levels better. Departure: gaps run through the whole tensor, not through each bucket.

If the workers agree on each bucket's largest norm, levels of a fixed width add up as integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from simcluster.codecs import level_coding
from simcluster.codecs.errors import CodecError
from simcluster.codecs.fixed_point import sum_levels
from simcluster.codecs.packing import Levels, level_type, pack_levels, unpack_levels
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, Round, State
from simcluster.codecs.rounding import stochastic_round


class QsgdOptions(CodecOptions):
    """Quantises to levels of a bucket's norm."""

    codec: Literal["qsgd"] = "qsgd"
    levels: Annotated[int, Field(ge=1, le=32767)] = Field(default=7, description="Levels above zero; 7 make 4 bits.")
    bucket: Annotated[int, Field(ge=1)] = Field(default=512, description="Elements that share a norm.")
    norm: Literal["l2", "max"] = Field(default="l2", description="Euclidean norm, or the largest magnitude.")
    coding: Literal["fixed", "gamma", "omega"] = Field(default="fixed", description="Fixed width, or an Elias code.")
    gaps: bool = Field(default=False, description="Whether an Elias code skips zeros by their number.")
    share_norm: bool = Field(default=False, description="Whether all workers agree on each bucket's largest norm.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.gaps and self.coding == "fixed":
            raise ValueError("gaps are coded by Elias' codes only: give coding gamma or omega")
        return self


@dataclass(frozen=True)
class Qsgd(Codec):
    """Sends a float32 for each bucket, unless it was agreed on, and then all levels.

    A fixed width is 1 + ceil(log2(levels + 1)) bits. An element errs by less than norm / levels.
    """

    options: QsgdOptions = field(default_factory=QsgdOptions)

    @property
    def unbiased(self) -> bool:
        """Whether the expectation is kept: yes."""
        return True

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: adding integers of a fixed width, if they share their norms."""
        return frozenset({"add"}) if self.options.share_norm and self.options.coding == "fixed" else frozenset()

    def _rounds(self, shape: tuple[int, ...]) -> tuple[Round, ...]:
        """Return the agreement on the norms, if they are shared."""
        return (Round(4 * self._buckets(int(np.prod(shape))), "max"),) if self.options.share_norm else ()

    def _propose(self, values: Floats, state: State, rng: np.random.Generator) -> NDArray[Any]:
        return self._norms(self._bucketed(values.reshape(-1)))

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        buckets = self._bucketed(values.reshape(-1))
        norms = np.frombuffer(agreed, "<f4") if agreed else self._norms(buckets)
        shares = np.abs(buckets)
        shares /= np.where(norms > 0, norms, np.float32(1))[:, None]
        shares *= np.float32(self.options.levels)
        rounded = stochastic_round(shares, rng)
        np.minimum(rounded, self.options.levels, out=rounded)
        np.copysign(rounded, buckets, out=rounded)
        levels = rounded.reshape(-1)[: values.size].astype(level_type(self.options.levels))
        return (b"" if agreed else norms.tobytes()) + self._pack(levels)

    def _decode(self, payload: Payload) -> NDArray[Any]:
        number = self._buckets(payload.count)
        held = payload.agreed or payload.data[: 4 * number]
        if len(held) != 4 * number:
            raise CodecError(f"the payload does not hold the norms of {number} buckets")
        norms = np.frombuffer(held, "<f4")
        if not (np.isfinite(norms) & (norms >= 0)).all():
            raise CodecError("the payload holds a norm that is negative or not finite")
        levels = self._unpack(payload.data[0 if payload.agreed else 4 * number :], payload)
        values = np.zeros((number, self.options.bucket if number > 1 else payload.count), np.float32)
        values.reshape(-1)[: payload.count] = levels
        values *= (norms / np.float32(self.options.levels))[:, None]
        return values.reshape(-1)[: payload.count]

    def _sum(self, payloads: Sequence[Payload]) -> bytes:
        return sum_levels(payloads, [payload.data for payload in payloads], self.options.levels)

    def _buckets(self, count: int) -> int:
        return -(-count // self.options.bucket)

    def _bucketed(self, flat: Floats) -> Floats:
        """Return the elements as rows of buckets, the last filled up with zeros; one bucket is never filled up."""
        number = self._buckets(flat.size)
        if number == 1 or flat.size % self.options.bucket == 0:
            return flat.reshape(number, -1)
        padded = np.zeros(number * self.options.bucket, np.float32)
        padded[: flat.size] = flat
        return padded.reshape(number, -1)

    def _norms(self, buckets: Floats) -> NDArray[np.float32]:
        if self.options.norm == "max":
            return np.asarray(np.abs(buckets).max(axis=1), "<f4")
        squares = np.einsum("ij,ij->i", buckets, buckets, dtype=np.float64)
        return np.asarray(np.sqrt(squares), "<f4")

    def _pack(self, levels: Levels) -> bytes:
        if self.options.coding == "fixed":
            return pack_levels(levels, self.options.levels)
        pack = level_coding.pack_gaps if self.options.gaps else level_coding.pack_all
        return pack(levels, self.options.coding)

    def _unpack(self, data: bytes, payload: Payload) -> Levels:
        if self.options.coding == "fixed":
            return unpack_levels(data, payload.count, self.options.levels * payload.terms)
        unpack = level_coding.unpack_gaps if self.options.gaps else level_coding.unpack_all
        return unpack(data, payload.count, self.options.levels, self.options.coding)


OPTIONS = QsgdOptions


def build(options: QsgdOptions) -> Codec:
    """Return the QSGD codec."""
    return Qsgd(options)
