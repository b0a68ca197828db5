"""Deep Gradient Compression: top-k of an accumulated, momentum-corrected gradient.

Lin et al. 2017 (arXiv 1712.01887), as in the code of its authors. A worker clips its gradient, adds it to its momentum
u, and the momentum to what it has not sent yet, v. It sends the largest of v, and forgets u and v where it did
(*momentum factor masking*). The threshold is that of a strided sample; it is lowered if it lets through too little,
and of too much the largest are taken. A *warm-up* begins with more elements. Vectors (biases, normalisation) are sent
whole, with ordinary momentum.

Payloads are gathered, not added: their positions differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.feedback import expect_shape
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, State, expect_size
from simcluster.codecs.sparse import largest, pack_entries, scatter, share_of, unpack_entries
from simcluster.codecs.top_k import Density
from simcluster.options import NonNegativeNumber, PositiveNumber

#: The share of what may be sent below which the threshold is lowered, how often, and by which factor.
_TOO_FEW, _ADAPTATIONS, _LOWERED = 0.8, 10, 0.8


class DgcOptions(CodecOptions):
    """Keeps the largest accumulated elements, with momentum."""

    codec: Literal["dgc"] = "dgc"
    density: Density = Field(default=0.001, description="Share of the elements that is sent after the warm-up.")
    momentum: Annotated[NonNegativeNumber, Field(lt=1)] = Field(default=0.9, description="Factor of the momentum.")
    nesterov: bool = Field(default=False, description="Whether the momentum looks ahead.")
    clip_norm: PositiveNumber | None = Field(default=None, description="Norm of all workers' gradient to clip at.")
    workers: Annotated[int, Field(ge=1)] = Field(default=1, description="Workers that share the clipping norm.")
    sample: Density = Field(default=0.01, description="Share of the elements whose largest give the threshold.")
    warmup_steps: Annotated[int, Field(ge=0)] = Field(default=0, description="Steps of each stage of the warm-up.")
    warmup: Annotated[tuple[Density, ...], Field(strict=False)] = Field(
        default=(0.25, 0.0625, 0.015625, 0.004), description="Share of the elements sent in each stage."
    )


@dataclass(frozen=True)
class Dgc(Codec):
    """Sends 8 bytes an element, of at most ceil(density * count) (the warm-up's density while it lasts).

    A tensor of at most one axis is sent as float32.
    """

    options: DgcOptions = field(default_factory=DgcOptions)

    def new_state(self, shape: tuple[int, ...]) -> State:
        """Return a state without momentum: ``momentum``, ``unsent``, and the number of ``steps``."""
        zeros = np.zeros(shape, np.float32)
        return {"momentum": zeros, "unsent": zeros.copy(), "steps": np.zeros((), np.int64)}

    def density(self, steps: int) -> float:
        """Return the share of the elements that is sent after so many steps."""
        stage = steps // self.options.warmup_steps if self.options.warmup_steps else len(self.options.warmup)
        return (*self.options.warmup, self.options.density)[min(stage, len(self.options.warmup))]

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        expect_shape(state, "momentum", values.shape)
        density = self.density(int(state["steps"]))
        state["steps"] += 1
        velocity = self._velocity(self._clipped(values), state["momentum"])
        if values.ndim <= 1:
            return velocity.astype("<f4").tobytes()
        unsent = state["unsent"]
        unsent += velocity
        positions = self._chosen(np.abs(unsent).reshape(-1), density, rng)
        data = pack_entries(positions, unsent.reshape(-1)[positions])
        unsent.reshape(-1)[positions] = 0
        state["momentum"].reshape(-1)[positions] = 0
        return data

    def _decode(self, payload: Payload) -> NDArray[Any]:
        if len(payload.shape) <= 1:
            expect_size(payload, 4 * payload.count)
            return np.frombuffer(payload.data, "<f4").astype(np.float32)
        densities = (self.options.density, *(self.options.warmup if self.options.warmup_steps else ()))
        return scatter(payload.count, *unpack_entries(payload, 1, share_of(payload.count, max(densities))))

    def _clipped(self, values: Floats) -> Floats:
        if self.options.clip_norm is None:
            return values
        limit = self.options.clip_norm / math.sqrt(self.options.workers)
        norm = math.sqrt(float(np.einsum("i,i->", values.reshape(-1), values.reshape(-1), dtype=np.float64)))
        return values * np.float32(limit / norm) if norm > limit else values

    def _velocity(self, gradient: Floats, momentum: Floats) -> Floats:
        """Add the gradient to the momentum, and return what this step would change."""
        if self.options.nesterov:
            momentum += gradient
            momentum *= np.float32(self.options.momentum)
            return momentum + gradient
        momentum *= np.float32(self.options.momentum)
        momentum += gradient
        return momentum

    def _chosen(self, magnitudes: Floats, density: float, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return the ascending positions of the elements above the threshold, at most as many as are allowed."""
        number = share_of(magnitudes.size, density)
        threshold = self._threshold(magnitudes, density, rng)
        selected = np.flatnonzero(magnitudes >= threshold)
        for _ in range(_ADAPTATIONS):
            if selected.size >= _TOO_FEW * number or not threshold:
                break
            threshold *= _LOWERED
            selected = np.flatnonzero(magnitudes >= threshold)
        return selected if selected.size <= number else selected[largest(magnitudes[selected], number)]

    def _threshold(self, magnitudes: Floats, density: float, rng: np.random.Generator) -> float:
        least = max(self.options.sample * magnitudes.size, 2 / density)
        stride = max(1, int(magnitudes.size / least))
        sample = magnitudes[int(rng.integers(stride)) :: stride]
        rank = sample.size - share_of(sample.size, density)
        return float(np.partition(sample, rank)[rank])


OPTIONS = DgcOptions


def build(options: DgcOptions) -> Codec:
    """Return the codec of Deep Gradient Compression."""
    return Dgc(options)
