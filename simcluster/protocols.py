"""What the seams promise to each other: recorders, lanes, networks.

Schemes, machines and channels are written against these protocols alone, so that recording can be off (a null object),
and a network can be one link or ten thousand, without an ``if`` in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

#: What a lane entered after the fact: time [s], activity, update, size [B] and cause, as of :meth:`Lane.enter`.
Entry = tuple[float, int, int, float, int]
#: Returns what happened, in its order; only called by somebody who wants to know.
Past = Callable[[], Iterable[Entry]]
#: Returns when transfers started and arrived [s], and their sizes [B]; only called by somebody who wants to know.
Passages = Callable[[], Iterable[tuple[float, float, float]]]


class Lane(Protocol):
    """One row of the timeline: at each moment exactly one activity takes place on it."""

    def enter(self, activity: int, update: int = 0, size: float = 0.0, cause: int = 0) -> None:
        """Close the last activity now and begin another.

        Parameters
        ----------
        activity : int
            One of :mod:`simcluster.recording.words`, for example ``words.PUSH`` or ``words.WAIT``.
        update : int
            The global update it belongs to, counted from 1; 0 outside of any.
        size : float [B]
            Bytes that it moves or works on.
        cause : int
            What an idle lane waits for, one of the words too.
        """

    def past(self, entries: Past) -> None:
        """Take what the lane has entered since its last entry, after the fact: until now at most."""


class LinkLog(Protocol):
    """Takes the history of one link, whose rate is piecewise constant: at each change, or after the fact."""

    def change(self, rate: float, flows: int) -> None:
        """Say that from now on ``flows`` transfers move ``rate`` [B/s] in all over the link."""

    def passed(self, since: float, rate: float, flows: int, until: float | None = None) -> None:
        """Say that from ``since`` until ``until`` [s] ``flows`` transfers moved ``rate`` [B/s].

        Before, the link was idle; ``until`` is now, unless it is told later.
        """


class TransferLog(Protocol):
    """Takes what became of each transfer."""

    def arrived(
        self, source: str, destinations: Sequence[str], size: float, since: float, bottleneck: str,
        until: float | None = None,
    ) -> None:
        """Say that a transfer of ``size`` bytes [B], started at ``since`` [s], has arrived: now, or at ``until`` [s].

        ``bottleneck`` is the link that set its rate at last; empty if it never needed one.
        """


class Recorder(Protocol):
    """Takes what the components report; it never changes an event of the simulation."""

    def lane(self, entity: str, name: str) -> Lane:
        """Return the lane ``name`` of an entity, new and idle since time 0."""

    def link(self, name: str) -> LinkLog:
        """Return the log of a link, idle since time 0."""

    def transfers(self) -> TransferLog | None:
        """Return the log of all transfers; None if nobody keeps them, which spares the network to follow them."""


class Transfer(Protocol):
    """Bytes on their way: a SimPy event that succeeds when the last byte has arrived everywhere."""

    size: float
    #: SimPy's own: called with the event once it has happened; None from then on.
    callbacks: Any

    @property
    def triggered(self) -> bool:
        """Whether it has been decided that the transfer ends."""

    @property
    def processed(self) -> bool:
        """Whether all bytes have arrived and everybody who waits was told."""

    def cancel(self) -> float:
        """Take the transfer off the network and return the bytes that did not arrive; 0 if it is over."""


class PrivateRoute(Protocol):
    """A way through the network on which nobody else sends for a while, so that its transfers need no simulation.

    A transfer that starts on it at t arrives at (t + latency) + size / rate.
    """

    #: What a transfer waits before its first byte moves [s].
    latency: float
    #: What it carries [B/s].
    rate: float

    def book(self, size: float, units: int, passages: Passages) -> None:
        """Take transfers that have passed, one after the other, into the books of the network and of its links.

        Parameters
        ----------
        size : float [B]
            The bytes of all of them.
        units : int
            The same in the units of the network's books; see ``network.transfer.units_of``.
        passages : callable
            Tells each of them to a network that is recorded.
        """


class LinkUsage(Protocol):
    """What a link carried until now."""

    name: str
    #: Capacity [B/s].
    capacity: float

    @property
    def carried_bytes(self) -> float:
        """Bytes that crossed the link [B]."""

    @property
    def busy_s(self) -> float:
        """Time during which at least one transfer moved over it [s]."""


class Network(Protocol):
    """Moves bytes between endpoints, which are names; it knows no worker, gradient or codec."""

    def transfer(
        self, source: str, destinations: Sequence[str], size: float, weight: float = 1.0, priority: int = 0
    ) -> Transfer:
        """Start to move ``size`` bytes [B] from one endpoint to others; several are served by one transfer (multicast).

        The transfer waits its latency first, and then takes its share of the bandwidth. ``weight`` is its share
        against others' on a saturated link; ``priority`` counts only under a priority discipline (lower goes first).
        """

    def private_routes(self, pairs: Sequence[tuple[str, str]]) -> Sequence[PrivateRoute] | None:
        """Return the ways from nodes to others, if what is sent on one of them can't be felt on another.

        None if they share links, or if anything else than latency and bandwidth counts. Who uses them sees to it that
        there is one transfer on each at a time, and none from elsewhere.
        """

    def machines(self, nodes: Sequence[str]) -> Sequence[int] | None:
        """Return the number of the machine that each node is a part of; None if the network knows of no machines."""

    def usage(self) -> Sequence[LinkUsage]:
        """Return all links, in the order of the topology, with what they carried until now."""

    @property
    def sent_bytes(self) -> float:
        """Bytes of all transfers that were started [B]."""

    @property
    def delivered_bytes(self) -> float:
        """Bytes that arrived [B]."""

    @property
    def discarded_bytes(self) -> float:
        """Bytes of cancelled transfers that never arrived [B]."""
