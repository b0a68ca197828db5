"""A transfer over the links of a route, and how routes are found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import fsum, inf
from operator import attrgetter
from typing import TYPE_CHECKING

from simcluster.network.transfer import Transfer, remote

if TYPE_CHECKING:
    from simcluster.network.link import FlowClass, Link

#: Returns the links on the way from one endpoint to another.
Path = Callable[[str, str], Sequence["Link"]]
#: Routes that are remembered; beyond, they are looked up again.
_MOST_ROUTES = 1 << 16

_is_shared = attrgetter("shared")


class Route:
    """What a transfer from one endpoint to others crosses.

    Parameters
    ----------
    links : tuple of Link
        Each link once, in the order of the way.
    latency : float [s]
        What the transfer waits before its first byte moves.
    cap : float [B/s]
        The highest rate of one transfer, whatever the links carry.
    version : int
        Number of changes of capacity that the network has seen.

    Attributes
    ----------
    ceiling : float [B/s]
        The highest rate that cap and links allow to a transfer that is alone.
    """

    __slots__ = ("cap", "ceiling", "latency", "links", "version")

    def __init__(self, links: tuple[Link, ...], latency: float, cap: float, version: int) -> None:
        self.links = links
        self.latency = latency
        self.cap = cap
        self.refresh(version)

    def refresh(self, version: int) -> None:
        """Look at the capacities of the links again, as they are since a change of this number."""
        self.version = version
        self.ceiling = min([self.cap, *[link.capacity for link in self.links]])

    @property
    def narrowest(self) -> str:
        """What bounds a transfer that is alone: the name of a link, ``window``, or nothing."""
        names = [link.name for link in self.links if link.capacity <= self.ceiling]
        return names[0] if names else "window" if self.links else ""


class Routes:
    """Finds routes, and remembers them.

    Parameters
    ----------
    path : callable
        Returns the links between two endpoints.
    window : float or None [B]
        Caps a transfer at window / round-trip time, twice the latency of its route.

    Attributes
    ----------
    known : dict
        The routes that were found, by source and destinations.
    version : int
        Number of changes of capacity; a route of an older version must be refreshed.
    """

    def __init__(self, path: Path, window: float | None) -> None:
        self._path = path
        self._window = window
        self.known: dict[tuple[str, tuple[str, ...]], Route] = {}
        self.version = 0

    def find(self, ends: tuple[str, tuple[str, ...]]) -> Route:
        """Return a new route: a multicast crosses each link of its ways once, and waits for the longest."""
        source, destinations = ends
        ways = [self._path(source, destination) for destination in remote(source, destinations)]
        links = tuple(ways[0] if len(ways) == 1 else dict.fromkeys(link for way in ways for link in way))
        latency = max([fsum([link.latency for link in way]) for way in ways], default=0.0)
        cap = inf
        if not all(map(_is_shared, links)):
            cap = min(link.capacity for link in links if not link.shared)
            links = tuple(link for link in links if link.shared)
        if self._window is not None and latency:
            cap = min(cap, self._window / (2.0 * latency))
        if len(self.known) >= _MOST_ROUTES:
            self.known.clear()
        self.known[ends] = route = Route(links, latency, cap, self.version)
        return route


class Flow(Transfer):
    """A transfer over a route, which is its carrier."""

    __slots__ = ()

    clock: FlowClass | None

    def moved(self, now: float) -> float:
        """Return what the links have carried for it until ``now`` [B]."""
        if self.clock is not None:
            return max(self.wire - self.clock.remaining(self, now), 0.0)
        # Flows that end together leave one after the other: those that have ended but not left have moved all.
        return self.wire if self.tag == -inf else 0.0
