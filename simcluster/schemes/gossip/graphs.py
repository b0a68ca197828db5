"""Graphs of who averages with whom.

Modelled: graphs that are the same in all updates (ring, torus, static exponential graph, complete graph, star), one
that takes turns (the one-peer exponential graph: Assran et al. 2019, Stochastic Gradient Push; Ying et al. 2021,
Exponential Graph is Provably Efficient for Decentralized Deep Training), and one that is drawn anew for each update
(random matchings). The exponential graphs are directed: a worker sends to those 1, 2, 4, 8 ... places further on.

The weights are Metropolis's, w_ij = 1 / (1 + max(d_i, d_j)), with d the number of neighbours, and the rest for the
worker itself (Xiao and Boyd 2004, Fast Linear Iterations for Distributed Averaging): all rows and columns add up to 1
on every graph here. Where all workers have equally many neighbours, they are uniform, 1 / (1 + d).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, Protocol

from simcluster.rng import stream

GraphName = Literal["ring", "torus", "exponential", "one-peer-exponential", "random-matching", "complete", "star"]

#: Matchings that are remembered; workers of different updates ask for different ones.
_REMEMBERED = 64


class Graph(Protocol):
    """Says who averages with whom in which update."""

    workers: int
    #: After how many updates it repeats itself; None if it is drawn anew for each.
    period: int | None

    def sources(self, worker: int, update: int) -> Sequence[int]:
        """Return those whose parameters a worker averages with its own."""

    def destinations(self, worker: int, update: int) -> Sequence[int]:
        """Return those who average a worker's parameters with their own."""


class Grid:
    """Workers on a torus (or a ring: a single row), each with neighbours at the same distances as everybody else.

    Parameters
    ----------
    rows, columns : int
        Worker ``row * columns + column`` is in that place.
    turns : sequence of sequence of (int, int)
        How many rows and columns further on those are to whom a worker sends: for each update of a period.
    """

    def __init__(self, rows: int, columns: int, turns: Sequence[Sequence[tuple[int, int]]]) -> None:
        self.workers = rows * columns
        self.period: int | None = len(turns)
        self.shape = rows, columns
        self.turns = turns
        self._known: dict[tuple[int, int, int], Sequence[int]] = {}

    def sources(self, worker: int, update: int) -> Sequence[int]:
        """Return those from whom a worker is a step away."""
        return self._others(worker, update, -1)

    def destinations(self, worker: int, update: int) -> Sequence[int]:
        """Return those who are a step away from a worker."""
        return self._others(worker, update, 1)

    def _others(self, worker: int, update: int, sign: int) -> Sequence[int]:
        turn = (update - 1) % len(self.turns)
        key = worker, turn, sign
        if key not in self._known:
            rows, columns = self.shape
            row, column = divmod(worker, columns)
            found = dict.fromkeys(
                (row + sign * down) % rows * columns + (column + sign * right) % columns
                for down, right in self.turns[turn]
            )
            self._known[key] = [other for other in found if other != worker]
        return self._known[key]


class Star:
    """Everybody averages with worker 0, and worker 0 with everybody.

    Parameters
    ----------
    workers : int
    """

    period: int | None = 1

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._hub: Sequence[int] = (0,)
        self._others = range(1, workers)

    def sources(self, worker: int, update: int) -> Sequence[int]:
        """Return the hub, or all others."""
        return self._hub if worker else self._others

    def destinations(self, worker: int, update: int) -> Sequence[int]:
        """Return the hub, or all others."""
        return self.sources(worker, update)


class RandomMatching:
    """Pairs, drawn anew for each update; of an odd number of workers, one stays alone.

    Parameters
    ----------
    workers : int
    seed : int
        The scenario's seed.
    """

    period: int | None = None

    def __init__(self, workers: int, seed: int) -> None:
        self.workers = workers
        self._seed = seed
        self._known: dict[int, list[Sequence[int]]] = {}

    def sources(self, worker: int, update: int) -> Sequence[int]:
        """Return the partner, if there is one."""
        if update not in self._known:
            if len(self._known) >= _REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[update] = self._draw(update)
        return self._known[update][worker]

    def destinations(self, worker: int, update: int) -> Sequence[int]:
        """Return the partner, if there is one."""
        return self.sources(worker, update)

    def _draw(self, update: int) -> list[Sequence[int]]:
        order = stream(self._seed, "gossip", f"matching-{update}").permutation(self.workers).tolist()
        partners: list[Sequence[int]] = [()] * self.workers
        for one, other in zip(order[::2], order[1::2], strict=False):
            partners[one], partners[other] = (other,), (one,)
        return partners


def weight(graph: Graph, worker: int, source: int, update: int) -> float:
    """Return the share that a source's parameters have in a worker's average."""
    return 1 / (1 + max(len(graph.sources(worker, update)), len(graph.sources(source, update))))


def shape_of_torus(workers: int) -> tuple[int, int]:
    """Return rows and columns of the torus that is nearest to a square; a prime number gives a ring."""
    rows = next(rows for rows in range(math.isqrt(workers), 0, -1) if workers % rows == 0)
    return rows, workers // rows


def build_graph(name: GraphName, workers: int, seed: int) -> Graph:
    """Return a graph.

    Parameters
    ----------
    name : str
    workers : int
    seed : int
        The scenario's seed; only random matchings draw from it.
    """
    powers = [1 << power for power in range((workers - 1).bit_length())]
    match name:
        case "ring":
            return Grid(1, workers, [[(0, 1), (0, -1)]])
        case "torus":
            return Grid(*shape_of_torus(workers), [[(0, 1), (0, -1), (1, 0), (-1, 0)]])
        case "exponential":
            return Grid(1, workers, [[(0, power) for power in powers]])
        case "one-peer-exponential":
            return Grid(1, workers, [[(0, power)] for power in powers] or [[]])
        case "complete":
            return Grid(1, workers, [[(0, distance) for distance in range(1, workers)]])
        case "star":
            return Star(workers)
        case "random-matching":
            return RandomMatching(workers, seed)
