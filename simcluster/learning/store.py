"""The global parameters of a parameter server, whole or in shards: every shard is a stretch of one vector.

Gradients are used with one optimiser, whose momentum is the server's. Parameters that workers contribute count as
what their local steps changed: where all began with the server's own parameters, that is the average of the parameters
(Jang et al. 2017), and where a lossy pull gave them others, what the pull lost is not lost for good.
"""

from __future__ import annotations

from collections.abc import Sequence

from simcluster.cluster.messages import Part, mean
from simcluster.learning.layout import Layout
from simcluster.learning.replica import blend
from simcluster.learning.sgd import Sgd
from simcluster.learning.vector import Array, Given, Vector


class GlobalParameters:
    """Parameters of a server, or of many.

    Parameters
    ----------
    layout : Layout
    initial : ndarray, shape (size,)
    optimiser : Sgd
    """

    def __init__(self, layout: Layout, initial: Array, optimiser: Sgd) -> None:
        self._layout = layout
        self.values = initial.copy()
        self.optimiser = optimiser

    def parameters(self, part: Part) -> Vector:
        """Return the parameters as they are now."""
        low, high = self._layout.range_of(part)
        return Vector(self._layout, low, self.values[low:high].copy(), "parameters")

    def average(self, part: Part, contributions: Sequence[Given]) -> None:
        """Take over what several workers contributed in one round: a step along the mean gradient, or the mean."""
        self.apply(part, mean(contributions))

    def apply(self, part: Part, contribution: Given) -> None:
        """Take over what one worker contributed on its own: a step along its gradient, or its change of parameters."""
        if contribution.kind == "gradient":
            self.optimiser.step(self.values, contribution.low, contribution.array)
        else:
            self.values[contribution.low : contribution.high] += contribution.change

    def blend(self, part: Part, other: Given, weight: float) -> None:
        """Move the parameters towards others: x <- (1 - weight) x + weight other."""
        blend(self.values[other.low : other.high], other.array, weight)
