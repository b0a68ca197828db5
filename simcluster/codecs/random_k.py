"""Random-k: elements drawn at random, so that a seed stands for all their positions.

Either what is kept is scaled up by count / k, which keeps the mean, or what is lost is fed back. If the workers agree
on the seed, all keep the same elements, and their payloads add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.feedback import compensated, new_residual
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, Round, State, expect_size
from simcluster.codecs.sparse import scatter, share_of
from simcluster.codecs.top_k import Density

_SEED = 8


class RandomKOptions(CodecOptions):
    """Keeps elements at random."""

    codec: Literal["random-k"] = "random-k"
    density: Density = Field(default=0.01, description="Share of the elements that is kept, rounded up.")
    error_feedback: bool = Field(
        default=False, description="Whether what is lost is added to the next array, instead of scaling up the rest."
    )
    share_seed: bool = Field(default=False, description="Whether all workers agree on the positions first.")


@dataclass(frozen=True)
class RandomK(Codec):
    """Sends a seed of 8 bytes, unless it was agreed on, and 4 bytes for each of ceil(density * count) elements."""

    options: RandomKOptions = field(default_factory=RandomKOptions)

    @property
    def unbiased(self) -> bool:
        """Whether the expectation is kept: if the rest is scaled up."""
        return not self.options.error_feedback

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: adding them, if they share their positions."""
        return frozenset({"add"}) if self.options.share_seed else frozenset()

    def new_state(self, shape: tuple[int, ...]) -> State:
        """Return a state in which nothing was lost yet, if errors are fed back."""
        return new_residual(shape) if self.options.error_feedback else {}

    def _rounds(self, shape: tuple[int, ...]) -> tuple[Round, ...]:
        """Return the agreement on the seed, if it is shared."""
        return (Round(_SEED, "max"),) if self.options.share_seed else ()

    def _propose(self, values: Floats, state: State, rng: np.random.Generator) -> NDArray[Any]:
        return rng.integers(2**63, dtype=np.uint64, size=()).astype("<u8")

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        seed = agreed or self._propose(values, state, rng).tobytes()
        positions = self._chosen(seed, values.size)
        if self.options.error_feedback:
            wanted = compensated(values, state)
            kept = wanted.reshape(-1)[positions]
            wanted.reshape(-1)[positions] = 0
            state["residual"][...] = wanted
        else:
            kept = values.reshape(-1)[positions] * np.float32(values.size / positions.size)
        return (b"" if agreed else seed) + kept.astype("<f4").tobytes()

    def _decode(self, payload: Payload) -> NDArray[Any]:
        header = 0 if payload.agreed else _SEED
        number = share_of(payload.count, self.options.density)
        expect_size(payload, header + 4 * number)
        positions = self._chosen(payload.agreed or payload.data[:_SEED], payload.count)
        return scatter(payload.count, positions, np.frombuffer(payload.data, "<f4", offset=header))

    def _sum(self, payloads: Sequence[Payload]) -> bytes:
        for payload in payloads:
            expect_size(payload, 4 * share_of(payload.count, self.options.density))
        total = np.frombuffer(payloads[0].data, "<f4").copy()
        for payload in payloads[1:]:
            total += np.frombuffer(payload.data, "<f4")
        return total.tobytes()

    def _chosen(self, seed: bytes, count: int) -> NDArray[np.int64]:
        """Return the ascending positions that a seed stands for."""
        rng = np.random.Generator(np.random.PCG64(int.from_bytes(seed, "little")))
        number = share_of(count, self.options.density)
        return np.sort(rng.choice(count, number, replace=False, shuffle=False))


OPTIONS = RandomKOptions


def build(options: RandomKOptions) -> Codec:
    """Return the random-k codec."""
    return RandomK(options)
