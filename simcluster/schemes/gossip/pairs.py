"""Who averages with whom in AD-PSGD: active learners ask, passive ones answer, and every edge has one of each.

So nobody who waits for an answer is ever waited for, and AD-PSGD can't deadlock (Lian et al. 2018, section 3.2). Which
learners are passive is as on a chessboard: those at an even number of steps from learner 0. An edge between two of the
same kind, as an odd ring has one, is left out; what is left is connected.

The exponential graph is that of the authors of Stochastic Gradient Push (facebookresearch/stochastic_gradient_push,
``DynamicBipartiteExponentialGraph``): neighbours at the odd distances 1 and 1 + 2^k, in both directions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from simcluster.rng import stream
from simcluster.schemes.gossip.graphs import Graph, Grid, build_graph, shape_of_torus

PairGraphName = Literal["ring", "torus", "exponential", "complete", "star"]

#: Partners that are drawn at a time.
_DRAWN = 256


class Pairs:
    """The learners that may average with each other.

    Parameters
    ----------
    name : str
        The graph.
    learners : int

    Attributes
    ----------
    active : sequence of int
        The learners that ask; none if there is only one learner.
    """

    def __init__(self, name: PairGraphName, learners: int) -> None:
        self.learners = learners
        columns = shape_of_torus(learners)[1] if name == "torus" else learners
        if name == "star":
            self._passive = [learner == 0 for learner in range(learners)]
        else:
            self._passive = [sum(divmod(learner, columns)) % 2 == 0 for learner in range(learners)]
        self.active: Sequence[int] = [learner for learner in range(learners) if not self._passive[learner]]
        self._everybody = [learner for learner in range(learners) if self._passive[learner]]
        self._graph = None if name == "complete" else _graph(name, learners)

    def is_active(self, learner: int) -> bool:
        """Return whether a learner asks others; else it answers."""
        return not self._passive[learner]

    def partners(self, active: int) -> Sequence[int]:
        """Return the passive learners that an active one may ask."""
        if self._graph is None:
            return self._everybody
        return [other for other in self._graph.destinations(active, 1) if self._passive[other]]

    def draws(self, active: int, seed: int, entity: str) -> Iterator[int]:
        """Yield the partners that an active learner asks one after the other, all equally likely.

        Parameters
        ----------
        active : int
        seed : int
            The scenario's seed.
        entity : str
            The machine that draws.
        """
        partners = self.partners(active)
        rng = stream(seed, entity, "partners")
        while True:
            for place in rng.integers(len(partners), size=_DRAWN).tolist():
                yield partners[place]


def _graph(name: PairGraphName, learners: int) -> Graph:
    if name != "exponential":
        return build_graph(name, learners, seed=0)
    distances = [1, *(1 + (1 << power) for power in range(1, (learners - 1).bit_length()))]
    return Grid(1, learners, [[(0, sign * distance) for distance in distances for sign in (1, -1)]])
