"""What a learner promises to schemes.

A scheme tells the learner what happens at each moment of simulated time, part by part, and passes on the values that it
gets without looking into them. Scheme code is the same with real training and without.

What is on the wire: a push carries gradients or parameters, as ``training.exchange`` says; a pull always carries
parameters. Where a codec loses something, what it encodes of parameters is their difference from what the receiver has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from simcluster.cluster.messages import Coder, Part, Values


class Replica(Protocol):
    """The parameters of one worker, and what it learns on them."""

    def begin(self) -> None:
        """Say that the device starts to compute now: on the parameters as they are."""

    def compute(self, minibatches: int) -> None:
        """Say that the device has computed so many minibatches on the parameters of :meth:`begin`.

        Whoever exchanges parameters, has made as many local steps of SGD on them; whoever exchanges gradients, has the
        mean gradient of all at those parameters, and has not used it.
        """

    def outgoing(self, part: Part) -> Values:
        """Return what the worker contributes: its gradient or its parameters, as the exchange says."""

    def incoming(self, part: Part, average: Values) -> None:
        """Take over the average of what all contributed: a step along the gradient, or the parameters."""

    def parameters(self, part: Part) -> Values:
        """Return the parameters as they are now."""

    def install(self, part: Part, parameters: Values) -> None:
        """Replace the parameters."""

    def step(self, part: Part) -> None:
        """Apply the worker's own gradient to its parameters."""

    def blend(self, part: Part, other: Values, weight: float) -> None:
        """Move the parameters towards others: x <- (1 - weight) x + weight other."""


class Store(Protocol):
    """The global parameters, on one server or many."""

    def parameters(self, part: Part) -> Values:
        """Return the parameters as they are now."""

    def average(self, part: Part, contributions: Sequence[Values]) -> None:
        """Take over what several workers contributed in one round: a step along the mean gradient, or the mean."""

    def apply(self, part: Part, contribution: Values) -> None:
        """Take over what one worker contributed on its own: a step along its gradient, or its change of parameters."""

    def blend(self, part: Part, other: Values, weight: float) -> None:
        """Move the parameters towards others: x <- (1 - weight) x + weight other."""


class Learner(Protocol):
    """Everything that is learned in one run."""

    def replica(self, worker: int) -> Replica:
        """Return the replica of a worker."""

    def store(self) -> Store:
        """Return the global parameters of a parameter server."""

    def coder(self, direction: str, size_of: Callable[[float], float]) -> Coder:
        """Return what makes messages of values.

        Parameters
        ----------
        direction : str
            ``push`` or ``pull``.
        size_of : callable
            Returns the bytes on the wire [B] of so many uncompressed bytes [B], by the cost profile.
        """

    def applied(self, update: int) -> None:
        """Say that an update is in the global parameters (or in a worker's, where nobody holds global ones)."""

    def save(self) -> Callable[[], None]:
        """Copy everything as it is now, and return what makes this copy the last checkpoint, once it is written."""

    def restore(self) -> None:
        """Go back to the last checkpoint, or to the start."""

    def resume(self, workers: Sequence[int]) -> None:
        """Give workers that begin again, after a crash or a pause, the parameters as they are now."""
