"""One exchange of D-PSGD: send a part of the parameters to the neighbours, and average theirs with one's own.

The message is made once, since all neighbours have the same of a worker; where neighbours change from update to update,
it is made for the only one that there is.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import simpy

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Worker
from simcluster.cluster.messages import Message, Part, Values
from simcluster.recording import DECODE, ENCODE, Contribution, Piece, words
from simcluster.schemes.crew import Crew
from simcluster.schemes.gossip.graphs import Graph, weight
from simcluster.schemes.gossip.letters import Letters
from simcluster.schemes.seams import Cluster


class Combiner:
    """Averages parameters over neighbours.

    Parameters
    ----------
    cluster : Cluster
    graph : Graph
    letters : Letters
    crew : Crew
        The processes that send and receive at the same time.
    """

    def __init__(self, cluster: Cluster, graph: Graph, letters: Letters, crew: Crew) -> None:
        self._cluster = cluster
        self._graph = graph
        self._letters = letters
        self._crew = crew
        #: The graph knows places; workers keep their numbers when others are gone.
        self._places = {worker.index: place for place, worker in enumerate(cluster.workers)}

    def combine(
        self, worker: Worker, update: int, part: Part, follower: Contribution
    ) -> Generator[Any, Any, Values]:
        """Return the weighted average of a part of the parameters, as they are now, over a worker and its neighbours.

        The follower is told about one message after the other: its own first, then those of the neighbours.
        """
        cluster, graph, me = self._cluster, self._graph, self._places[worker.index]
        own = cluster.learner.replica(worker.index).parameters(part)
        sources, destinations = graph.sources(me, update), graph.destinations(me, update)
        if not sources:
            return own
        received: dict[int, Values] = {}
        receiving = [self._receive(worker, cluster.workers[source], update, part, received) for source in sources]
        to = "" if graph.period == 1 else cluster.workers[destinations[0]].name
        message = yield from cluster.push.encode(worker, part, own, follower, ENCODE, to)
        sending = [self._send(worker, cluster.workers[other], update, message) for other in destinations]
        for process, piece in [*sending, *receiving]:
            if not process.processed:
                piece.watch(follower)
                yield process
                piece.leave()
        shares = [weight(graph, me, source, update) for source in sources]
        average = message.values * (1 - math.fsum(shares))
        for source, share in zip(sources, shares, strict=True):
            average = average + received[cluster.workers[source].index] * share
        return average

    def _send(self, worker: Worker, other: Worker, update: int, message: Message) -> tuple[simpy.Event, Piece]:
        """Begin to send a neighbour what a worker has."""
        piece = Piece(update)
        key = worker.index, other.index, update, message.part
        return self._crew.begin(worker.index, self._letters.send(worker, other, key, message, piece)), piece

    def _receive(
        self, worker: Worker, source: Worker, update: int, part: Part, received: dict[int, Values]
    ) -> tuple[simpy.Event, Piece]:
        """Begin to receive what a neighbour has."""
        piece = Piece(update)
        key = source.index, worker.index, update, part
        return self._crew.begin(worker.index, self._take(worker, key, received, piece)), piece

    def _take(
        self, worker: Worker, key: tuple[int, int, int, Part], received: dict[int, Values], piece: Piece
    ) -> Process:
        """Receive, decode and add what a neighbour has."""
        push = self._cluster.push
        message = yield from self._letters.take(key, piece, words.NEIGHBOURS)
        yield from push.decode(worker, message, piece, DECODE)
        yield from worker.aggregate(push.averaged_size(message.part), piece)
        received[key[0]] = message.values
