"""The journal of updates: for every worker and update, how its time divides into parts. It is always kept.

A :class:`UpdateRow` follows one worker through one update. It is at each moment in exactly one phase; entering the
next one charges the time since then to the phase that ends, so that the parts of a row add up to its length. The phases
are also what the worker's compute lane shows: it computes, or waits because of the phase it is in.

One stretch is charged differently from what the lane shows: from the arrival of a push until the server has all
pushes. The lane tells it as the worker sees it (queue for a core, its own push decoded, other workers); the row divides
it by what the server does, whosever push it decodes (:meth:`UpdateRow.settle`): that is what the update waits for.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Protocol

from simcluster.protocols import Lane
from simcluster.recording import words

#: The phases of an update and their columns, in the order in which synchronous SGD goes through them.
PARTS = (
    "computation_s",
    "encode_s",
    "push_s",
    "server_decode_s",
    "aggregate_s",
    "server_encode_s",
    "pull_s",
    "decode_s",
    "wait_s",
)
COMPUTATION, ENCODE, PUSH, SERVER_DECODE, AGGREGATE, SERVER_ENCODE, PULL, DECODE, WAITING = range(len(PARTS))
#: What a compute lane waits for in each phase.
_CAUSES = (
    words.NOTHING,
    words.ENCODE,
    words.PUSH,
    words.SERVER_DECODE,
    words.AGGREGATE,
    words.SERVER_ENCODE,
    words.PULL,
    words.DECODE,
    words.WAIT,
)

#: What a worker does in each phase, in words.
_DOING = ("computes", *(f"waits for {words.WORDS[cause]}" for cause in _CAUSES[1:-1]), "waits for others")

#: Columns of the raw rows.
COLUMNS = ("update", "worker", "start_s", "end_s", *PARTS, "staleness")


class Clock(Protocol):
    """Whoever knows the simulated time."""

    @property
    def now(self) -> float:
        """Simulated time [s]."""


class Follower(Protocol):
    """Somebody whose update depends on a piece of work, and who is told the phases of it."""

    @property
    def update(self) -> int:
        """The update that the work is for; 0 for none."""

    def enter(self, phase: int, cause: int = 0) -> None:
        """Begin another phase now."""


class Nobody:
    """No update depends on the work."""

    update = 0

    def enter(self, phase: int, cause: int = 0) -> None:
        """Do nothing."""


class Everybody:
    """All workers of an update wait for the same work.

    Parameters
    ----------
    update : int
    rows : sequence of UpdateRow
    """

    def __init__(self, update: int, rows: Sequence[UpdateRow]) -> None:
        self.update = update
        self._rows = rows

    def enter(self, phase: int, cause: int = 0) -> None:
        """Let all rows begin another phase now."""
        for row in self._rows:
            row.enter(phase, cause)


class UpdateRow:
    """One worker's way through one update.

    Parameters
    ----------
    clock : Clock
        The simulation's environment.
    lane : Lane
        The worker's compute lane, which shows the phases.
    worker : int
        Index of the worker.
    update : int
        The update, from 1.
    """

    __slots__ = ("_arrival", "_clock", "_lane", "_parts", "_phase", "_since", "closed", "start", "update", "worker")

    def __init__(self, clock: Clock, lane: Lane, worker: int, update: int) -> None:
        self._clock = clock
        self._lane = lane
        self.worker = worker
        self.update = update
        self.start = self._since = clock.now
        self._parts = [0.0] * len(PARTS)
        self._phase = COMPUTATION
        self.closed = False
        lane.enter(words.COMPUTE, update)

    def enter(self, phase: int, cause: int = 0) -> None:
        """End the current phase now and begin another, in which the worker doesn't compute.

        Parameters
        ----------
        phase : int
            One of ``ENCODE`` to ``WAITING``.
        cause : int
            What the worker waits for, a word, where the phase alone doesn't say it.
        """
        now = self._clock.now
        self._parts[self._phase] += now - self._since
        self._since = now
        self._phase = phase
        self._lane.enter(words.WAIT, self.update, 0.0, cause or _CAUSES[phase])

    def arrive(self, busy: float) -> None:
        """Say that the worker's push is at the server now, which has been busy with decoding for ``busy`` s so far."""
        self._arrival = (self._clock.now, busy, self._parts[WAITING])

    def settle(self, busy: float) -> None:
        """Divide the time since the push arrived: it is decoding while the server decoded any push, else waiting.

        So the parts say what an update waits for: a push in the server's queue waits because the server decodes others.

        Parameters
        ----------
        busy : float [s]
            Time that the server has been busy with decoding so far.
        """
        now = self._clock.now
        then, busy_then, waited = self._arrival
        decoding = min(busy - busy_then, now - then)
        self._parts[SERVER_DECODE] = decoding
        self._parts[WAITING] = waited + (now - then - decoding)
        self._since = now

    def __str__(self) -> str:
        """Return who is in which phase since when."""
        doing = _DOING[self._phase]
        return f"worker-{self.worker} {doing} in update {self.update} since {self._since:g} s"

    def values(self, staleness: int) -> tuple[float, ...]:
        """Return the row as it is when it ends now, in the order of ``COLUMNS``."""
        now = self._clock.now
        self._parts[self._phase] += now - self._since
        self._since = now
        self.closed = True
        return (self.update, self.worker, self.start, now, *self._parts, staleness)


class Journal:
    """The rows of all updates of a run.

    Parameters
    ----------
    clock : Clock
        The simulation's environment.
    progress : callable
        Is told the number of each update that the scheme has finished.
    """

    def __init__(self, clock: Clock, progress: Callable[[int], None]) -> None:
        self._clock = clock
        self.rows = array("d")
        self._last: dict[int, UpdateRow] = {}
        self.progress = progress

    def open(self, worker: int, update: int, lane: Lane) -> UpdateRow:
        """Begin a worker's update; it computes from now on."""
        self._last[worker] = row = UpdateRow(self._clock, lane, worker, update)
        return row

    def unfinished(self) -> list[UpdateRow]:
        """Return the rows that are open, by worker."""
        return [row for _, row in sorted(self._last.items()) if not row.closed]

    def close(self, row: UpdateRow, staleness: int = 0) -> None:
        """End a worker's update now and keep its row.

        Parameters
        ----------
        row : UpdateRow
            The row to keep.
        staleness : int
            Updates that were applied between the pull that the worker computed on and the application of its push.
        """
        self.rows.extend(row.values(staleness))
