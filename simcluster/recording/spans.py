"""Recording of spans and links, packed: 28 bytes an entry, since a full trace must cost next to nothing.

A lane writes one entry whenever it enters an activity; the end of a span is the next entry of the same lane. So the
spans of a lane tile its time by construction, and what is checked is that the entries are in order.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from simcluster.protocols import Lane, LinkLog, Past, TransferLog
from simcluster.recording import words
from simcluster.recording.journal import Clock

#: Time [s], size [B], lane, update, activity, cause.
SPAN = struct.Struct("<ddiihh")
#: Time [s], rate [B/s], link, flows.
LINK = struct.Struct("<ddii")

_pack_span = SPAN.pack


@dataclass
class SpanHistory:
    """All entries of all lanes, as they were written."""

    entries: bytearray = field(default_factory=bytearray)
    #: (entity, lane) by the lane's number.
    lanes: list[tuple[str, str]] = field(default_factory=list)
    #: Activities and causes by their number.
    words: Sequence[str] = tuple(words.WORDS)


@dataclass
class LinkHistory:
    """All changes of all links, as they were written."""

    entries: bytearray = field(default_factory=bytearray)
    #: Names by the link's number.
    links: list[str] = field(default_factory=list)


class _Lane:
    """A lane that writes; small, since thousands of them share the processor's caches."""

    __slots__ = ("_clock", "_number", "_write")

    def __init__(self, number: int, clock: Clock, write: Callable[[bytes], None]) -> None:
        self._number = number
        self._clock = clock
        self._write = write

    def enter(self, activity: int, update: int = 0, size: float = 0.0, cause: int = 0) -> None:
        """Write that the lane's last activity ends now and another begins."""
        self._write(_pack_span(self._clock.now, size, self._number, update, activity, cause))

    def past(self, entries: Past) -> None:
        """Write what the lane has entered since its last entry; what seems to come is a rounding error."""
        now = self._clock.now
        for at, activity, update, size, cause in entries():
            self._write(_pack_span(min(at, now), size, self._number, update, activity, cause))


class _LinkLog:
    """A log that writes a stretch of time when it is over: of several changes at one instant only the last counts."""

    __slots__ = ("_clock", "_flows", "_number", "_rate", "_since", "_write")

    def __init__(self, number: int, clock: Clock, write: Callable[[bytes], None]) -> None:
        self._number = number
        self._clock = clock
        self._write = write
        # The stretch that isn't over yet.
        self._since, self._rate, self._flows = 0.0, 0.0, 0

    def change(self, rate: float, flows: int) -> None:
        """Take note that the link's rate changes now."""
        now = self._clock.now
        if now > self._since:
            self._write(self.last())
            self._since = now
        self._rate = rate
        self._flows = flows

    def passed(self, since: float, rate: float, flows: int, until: float | None = None) -> None:
        """Take note of a stretch that ends now or has ended, and that the link was idle before it."""
        if since > self._since:
            self._write(self.last())
        self._write(LINK.pack(since, rate, self._number, flows))
        self._since = self._clock.now if until is None else until

    def last(self) -> bytes:
        """Return the entry of the stretch that isn't over yet."""
        return LINK.pack(self._since, self._rate, self._number, self._flows)


@dataclass
class TransferHistory:
    """What became of each transfer, in the order in which it was told."""

    #: Source, destinations, start [s], end [s], size [B], bottleneck.
    rows: list[tuple[str, str, float, float, float, str]] = field(default_factory=list)


class _TransferLog:
    def __init__(self, clock: Clock, history: TransferHistory) -> None:
        self._clock = clock
        self._rows = history.rows

    def arrived(
        self, source: str, destinations: Sequence[str], size: float, since: float, bottleneck: str,
        until: float | None = None,
    ) -> None:
        """Take note of a transfer that has arrived."""
        end = self._clock.now if until is None else until
        self._rows.append((source, " ".join(destinations), since, end, size, bottleneck))


class SpanRecorder:
    """Keeps every span and every change of a link.

    Parameters
    ----------
    clock : Clock
        The simulation's environment.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.spans = SpanHistory()
        self._write = self.spans.entries.extend
        self._history = LinkHistory()
        self._logs: list[_LinkLog] = []
        #: None as long as no network reports its transfers: one that is a single link has nothing to say of them.
        self.transfer_history: TransferHistory | None = None

    def lane(self, entity: str, name: str) -> Lane:
        """Return a new lane, idle since time 0."""
        lane = _Lane(len(self.spans.lanes), self._clock, self._write)
        self.spans.lanes.append((entity, name))
        lane.enter(words.WAIT, cause=words.START)
        return lane

    def link(self, name: str) -> LinkLog:
        """Return the log of a new link, idle since time 0."""
        log = _LinkLog(len(self._history.links), self._clock, self._history.entries.extend)
        self._history.links.append(name)
        self._logs.append(log)
        return log

    def transfers(self) -> TransferLog:
        """Return the log of all transfers."""
        self.transfer_history = TransferHistory()
        return _TransferLog(self._clock, self.transfer_history)

    @property
    def links(self) -> LinkHistory:
        """The changes of all links until now."""
        entries = self._history.entries + b"".join(log.last() for log in self._logs)
        return LinkHistory(entries, self._history.links)
