"""What the seams promise to each other: recorders, lanes, networks.

Schemes, machines and channels are written against these protocols alone, so that recording can be off (a null object),
and a network can be one link or ten thousand, without an ``if`` in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


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


class LinkLog(Protocol):
    """Takes the history of one link, whose rate is piecewise constant: at each change, or after the fact."""

    def change(self, rate: float, flows: int) -> None:
        """Say that from now on ``flows`` transfers move ``rate`` [B/s] in all over the link."""

    def passed(self, since: float, rate: float, flows: int) -> None:
        """Say that from ``since`` [s] until now ``flows`` transfers moved ``rate`` [B/s]; before, the link was idle."""


class TransferLog(Protocol):
    """Takes what became of each transfer."""

    def arrived(self, source: str, destinations: Sequence[str], size: float, since: float, bottleneck: str) -> None:
        """Say that a transfer of ``size`` bytes [B], started at ``since`` [s], has arrived now.

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
