"""PowerSGD: a matrix as the product of two thin ones, by one step of power iteration, with error feedback.

Vogels et al. 2019. A tensor is a matrix whose rows are its first axis. Every worker multiplies its matrix M by the last
right factor Q; the workers average these products P, which is the agreement, and orthogonalise it; each then sends
``M.T @ P``, and these are averaged in turn. What is decoded is ``P @ Q.T``: linear in Q, so that payloads add up. The
averaged Q is where the next step starts from (``observe``). Tensors that two factors would not make smaller, vectors
above all, are sent whole, without a round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs.errors import CodecError
from simcluster.codecs.feedback import compensated, keep_loss, new_residual
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, Round, State, expect_size
from simcluster.rng import stream


class PowerSgdOptions(CodecOptions):
    """Sends two factors of low rank."""

    codec: Literal["powersgd"] = "powersgd"
    rank: Annotated[int, Field(ge=1)] = Field(default=4, description="Columns of each factor.")
    error_feedback: bool = Field(default=True, description="Whether what is lost is added to the next array.")
    seed: Annotated[int, Field(ge=0)] = Field(default=0, description="Seed of the first right factor.")


@dataclass(frozen=True)
class PowerSgd(Codec):
    """Agrees on ``4 * rank * rows`` bytes and sends ``4 * rank * columns``: float32 both, in C order."""

    options: PowerSgdOptions = field(default_factory=PowerSgdOptions)

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: adding them, since they share the left factor."""
        return frozenset({"add"})

    def new_state(self, shape: tuple[int, ...]) -> State:
        """Return the first right factor, the same on every worker, and a residual if errors are fed back."""
        state = new_residual(shape) if self.options.error_feedback else {}
        if self._factored(shape):
            rng = stream(self.options.seed, "powersgd", str(shape))
            state["right"] = rng.standard_normal((_matrix(shape)[1], self.options.rank), np.float32)
        return state

    def _rounds(self, shape: tuple[int, ...]) -> tuple[Round, ...]:
        """Return the averaging of the left factor; none for a tensor that is sent whole."""
        return (Round(4 * self.options.rank * _matrix(shape)[0], "mean"),) if self._factored(shape) else ()

    def observe(self, aggregate: Payload, state: State) -> None:
        """Start the next step from the right factor of this one's average."""
        if self._factored(aggregate.shape):
            self._check(aggregate)
            state["right"][...] = self._right(aggregate) / np.float32(aggregate.divisor)

    def _propose(self, values: Floats, state: State, rng: np.random.Generator) -> NDArray[Any]:
        if "right" not in state or len(state["right"]) != _matrix(values.shape)[1]:
            raise CodecError("the state of another tensor: its right factor does not fit")
        return (self._wanted(values, state).reshape(_matrix(values.shape)) @ state["right"]).astype("<f4")

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        if not self._factored(values.shape):
            return values.astype("<f4").tobytes()
        wanted = self._wanted(values, state)
        matrix = wanted.reshape(_matrix(values.shape))
        left = self._left(agreed, matrix.shape[0])
        right = matrix.T @ left
        if self.options.error_feedback:
            keep_loss(state, wanted, left @ right.T)
        return right.astype("<f4").tobytes()

    def _decode(self, payload: Payload) -> NDArray[Any]:
        self._check(payload)
        if not self._factored(payload.shape):
            return np.frombuffer(payload.data, "<f4").astype(np.float32)
        rows, _ = _matrix(payload.shape)
        product: NDArray[np.float32] = self._left(payload.agreed, rows) @ self._right(payload).T
        return product

    def _sum(self, payloads: Sequence[Payload]) -> bytes:
        for payload in payloads:
            self._check(payload)
        total = np.frombuffer(payloads[0].data, "<f4").copy()
        for payload in payloads[1:]:
            total += np.frombuffer(payload.data, "<f4")
        return total.tobytes()

    def _wanted(self, values: Floats, state: State) -> Floats:
        return compensated(values, state) if self.options.error_feedback else values

    def _factored(self, shape: tuple[int, ...]) -> bool:
        rows, columns = _matrix(shape)
        return self.options.rank * (rows + columns) < rows * columns

    def _check(self, payload: Payload) -> None:
        _, columns = _matrix(payload.shape)
        expect_size(payload, 4 * (self.options.rank * columns if self._factored(payload.shape) else payload.count))

    def _left(self, agreed: bytes, rows: int) -> Floats:
        """Return the left factor with orthonormal columns."""
        orthonormal, _ = np.linalg.qr(np.frombuffer(agreed, "<f4").reshape(rows, self.options.rank))
        return orthonormal

    def _right(self, payload: Payload) -> Floats:
        return np.frombuffer(payload.data, "<f4").reshape(-1, self.options.rank)


def _matrix(shape: tuple[int, ...]) -> tuple[int, int]:
    rows = shape[0] if shape else 1
    return rows, int(np.prod(shape[1:]))


OPTIONS = PowerSgdOptions


def build(options: PowerSgdOptions) -> Codec:
    """Return the PowerSGD codec."""
    return PowerSgd(options)
