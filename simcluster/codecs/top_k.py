"""Top-k: the elements of largest magnitude, as positions and values.

Over a tensor with error feedback it is gradient sparsification; over the rows of an output gradient without feedback it
is meProp (Sun et al. 2017, in seed 003), which back-propagates k elements of each sample and drops the rest.

A sum of payloads holds the union of their positions, so that it grows with every worker: payloads are gathered, and no
algebra is claimed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.feedback import compensated, new_residual
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, State
from simcluster.codecs.sparse import largest, pack_entries, scatter, share_of, unpack_entries
from simcluster.options import PositiveNumber

#: Share of the elements that is kept.
Density = Annotated[PositiveNumber, Field(le=1)]


class TopKOptions(CodecOptions):
    """Keeps the elements of largest magnitude."""

    codec: Literal["top-k"] = "top-k"
    density: Density = Field(default=0.01, description="Share of the elements that is kept, rounded up.")
    per: Literal["tensor", "row"] = Field(default="tensor", description="Of the tensor, or of each row (last axis).")
    error_feedback: bool = Field(default=True, description="Whether what is lost is added to the next array.")


@dataclass(frozen=True)
class TopK(Codec):
    """Sends 8 bytes for each of ceil(density * n) elements, of the tensor or of each row of n; the others are zero."""

    options: TopKOptions = field(default_factory=TopKOptions)

    def new_state(self, shape: tuple[int, ...]) -> State:
        """Return a state in which nothing was lost yet, if errors are fed back."""
        return new_residual(shape) if self.options.error_feedback else {}

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        wanted = compensated(values, state) if self.options.error_feedback else values
        flat = wanted.reshape(-1)
        positions = self._chosen(wanted)
        data = pack_entries(positions, flat[positions])
        if self.options.error_feedback:
            flat[positions] = 0
            state["residual"][...] = wanted
        return data

    def _decode(self, payload: Payload) -> NDArray[Any]:
        rows, length = self._rows(payload.shape)
        number = rows * share_of(length, self.options.density)
        return scatter(payload.count, *unpack_entries(payload, number, number))

    def _chosen(self, values: Floats) -> NDArray[np.int64]:
        rows, length = self._rows(values.shape)
        magnitudes = np.abs(values).reshape(rows, length)
        kept = share_of(length, self.options.density)
        if rows == 1:
            return largest(magnitudes.reshape(-1), kept)
        chosen = np.sort(np.argpartition(magnitudes, length - kept, axis=1)[:, length - kept :], axis=1)
        return (chosen + np.arange(0, rows * length, length)[:, None]).reshape(-1)

    def _rows(self, shape: tuple[int, ...]) -> tuple[int, int]:
        count = int(np.prod(shape))
        length = shape[-1] if self.options.per == "row" and shape else count
        return count // length, length


OPTIONS = TopKOptions


def build(options: TopKOptions) -> Codec:
    """Return the top-k codec."""
    return TopK(options)
