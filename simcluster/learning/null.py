"""The learner that learns nothing: sizes are those of the cost profiles, and no value is ever computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simcluster.cluster.messages import NOTHING, Part, PlainCoder, Values


def _nothing() -> None:
    """Do nothing."""


class NullReplica:
    """Parameters without values, of a worker or of a server."""

    def begin(self) -> None:
        """Do nothing."""

    def compute(self, minibatches: int) -> None:
        """Do nothing."""

    def outgoing(self, part: Part) -> Values:
        """Return nothing."""
        return NOTHING

    def incoming(self, part: Part, average: Values) -> None:
        """Do nothing."""

    def parameters(self, part: Part) -> Values:
        """Return nothing."""
        return NOTHING

    def install(self, part: Part, parameters: Values) -> None:
        """Do nothing."""

    def step(self, part: Part) -> None:
        """Do nothing."""

    def blend(self, part: Part, other: Values, weight: float) -> None:
        """Do nothing."""

    def average(self, part: Part, contributions: Sequence[Values]) -> None:
        """Do nothing."""

    def apply(self, part: Part, contribution: Values) -> None:
        """Do nothing."""


class NullLearner:
    """Learns nothing, at no cost."""

    def __init__(self) -> None:
        self._replica = NullReplica()

    def replica(self, worker: int) -> NullReplica:
        """Return parameters without values."""
        return self._replica

    def store(self) -> NullReplica:
        """Return parameters without values."""
        return self._replica

    def coder(self, direction: str, size_of: Callable[[float], float]) -> PlainCoder:
        """Return what gives messages the size that the cost profile says."""
        return PlainCoder(size_of)

    def applied(self, update: int) -> None:
        """Do nothing."""

    def save(self) -> Callable[[], None]:
        """Return what does nothing."""
        return _nothing

    def restore(self) -> None:
        """Do nothing."""

    def resume(self, workers: Sequence[int]) -> None:
        """Do nothing."""
