"""Parameters divided among several servers, each of which holds an equal share of every part.

A worker exchanges a part with all servers at the same time, and has it when it has all shares. A share is itself a
part: it is encoded, sent and decoded on its own. Left out: servers that hold whole layers, and are loaded unevenly.
"""

from __future__ import annotations

from collections.abc import Callable

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Server, Worker
from simcluster.cluster.messages import Part
from simcluster.recording import Contribution, Piece
from simcluster.schemes.crew import Crew
from simcluster.schemes.life import Exchange
from simcluster.schemes.plan import Plan

#: Exchanges a part with one server.
WithOne = Callable[[Worker, Server, int, Part, Contribution], Process]


class _OneServer:
    """Exchanges with the only server."""

    def __init__(self, with_one: WithOne, server: Server) -> None:
        self._with_one = with_one
        self._server = server

    def exchange(self, worker: Worker, update: int, part: Part, follower: Contribution) -> Process:
        """Exchange a part with the server."""
        return self._with_one(worker, self._server, update, part, follower)


class _Shards:
    """Exchanges with all servers at the same time."""

    def __init__(self, with_one: WithOne, shares: dict[Part, list[tuple[Server, Part]]], crew: Crew) -> None:
        self._with_one = with_one
        self._shares = shares
        self._crew = crew

    def exchange(self, worker: Worker, update: int, part: Part, follower: Contribution) -> Process:
        """Exchange a part with all servers, and return when all shares are back.

        The follower is told about one share after the other: what it waits for is the next one that isn't back.
        """
        under_way = []
        for server, share in self._shares[part]:
            piece = Piece(update)
            exchange = self._with_one(worker, server, update, share, piece)
            under_way.append((self._crew.begin(worker.index, exchange), piece))
        for event, piece in under_way:
            if not event.processed:
                piece.watch(follower)
                yield event
                piece.leave()


def shares_of(plan: Plan, servers: list[Server]) -> dict[Part, list[tuple[Server, Part]]]:
    """Return what each server holds of each part; a server without a share of a tiny part is left out."""
    return {
        part: [
            (server, share)
            for server, share in zip(servers, part.split(len(servers)), strict=True)
            if share.size or len(servers) == 1
        ]
        for part in plan.parts
    }


def spread(with_one: WithOne, plan: Plan, servers: list[Server], crew: Crew) -> Exchange:
    """Return the exchange with all servers, given that with one."""
    if len(servers) == 1:
        return _OneServer(with_one, servers[0])
    return _Shards(with_one, shares_of(plan, servers), crew)
