"""A route that one sender has for itself: its transfers are computed elsewhere, and booked here when they have passed.

Collective operations move thousands of chunks over links that nobody else can use meanwhile. Each such transfer waits
the latency of the route and then moves at the rate of its narrowest link, whatever else happens; so the times of all
chunks follow from each other, and only the books need the network.

Assumed: who sends on it has one transfer on it at a time, nobody else sends over its links, and no capacity changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simcluster.protocols import Passages

if TYPE_CHECKING:
    from simcluster.network.flow import Route
    from simcluster.network.transfer import Traffic


class FluidPrivateRoute:
    """A route that one sender has for itself.

    Parameters
    ----------
    network : Traffic
        Whose bytes move over it.
    route : Route
        Its links.

    Attributes
    ----------
    latency : float [s]
        What a transfer waits before its first byte moves.
    rate : float [B/s]
        What the narrowest link, or the window, allows.
    """

    __slots__ = ("latency", "network", "rate", "route")

    def __init__(self, network: Traffic, route: Route) -> None:
        self.network = network
        self.route = route
        self.latency = route.latency
        self.rate = route.ceiling

    def book(self, size: float, units: int, passages: Passages) -> None:
        """Take transfers that have passed into the books; the parameters are those of ``PrivateRoute.book``."""
        self.network.moved(units)
        for link in self.route.links:
            link.book(size, size / self.rate)
