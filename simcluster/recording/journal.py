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
from collections.abc import Callable
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

#: Columns of the raw rows. ``applied_s`` is when the worker's contribution took effect; ``step`` is its own count.
COLUMNS = ("update", "worker", "start_s", "end_s", "applied_s", *PARTS, "staleness", "step")
#: The update of a row that never took effect: the training was over before, or it was discarded.
UNAPPLIED = 0


class Clock(Protocol):
    """Whoever knows the simulated time."""

    @property
    def now(self) -> float:
        """Simulated time [s]."""


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
    step : int
        Which of the worker's updates it is, from 1.

    Attributes
    ----------
    update : int
        The update of all workers that it is part of. As long as an asynchronous scheme hasn't applied it, that is the
        worker's own count.
    applied : float [s]
        When it took effect; at the end of the row unless somebody says so.
    staleness : int
        Updates that were applied between the pull that the worker computed on and the application of its push.
    """

    __slots__ = (
        "_arrival", "_clock", "_lane", "_parts", "_phase", "_since", "applied", "closed", "staleness", "start", "step",
        "update", "worker",
    )

    def __init__(self, clock: Clock, lane: Lane, worker: int, step: int) -> None:
        self._clock = clock
        self._lane = lane
        self.worker = worker
        self.update = self.step = step
        self.applied: float | None = None
        self.staleness = 0
        self.start = self._since = clock.now
        self._parts = [0.0] * len(PARTS)
        self._phase = COMPUTATION
        self.closed = False
        lane.enter(words.COMPUTE, step)

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
        self._lane.enter(words.WAIT, self.step, 0.0, cause or _CAUSES[phase])

    def resume(self) -> None:
        """End the current phase now; the worker computes again."""
        now = self._clock.now
        self._parts[self._phase] += now - self._since
        self._since = now
        self._phase = COMPUTATION
        self._lane.enter(words.COMPUTE, self.step)

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
        return f"worker-{self.worker} {doing} in update {self.step} since {self._since:g} s"

    def end(self) -> None:
        """End it now."""
        now = self._clock.now
        self._parts[self._phase] += now - self._since
        self._since = now
        self.closed = True

    def values(self) -> tuple[float, ...]:
        """Return the row, which has ended, in the order of ``COLUMNS``."""
        end = self._since
        applied = end if self.applied is None else self.applied
        return (self.update, self.worker, self.start, end, applied, *self._parts, self.staleness, self.step)


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
        #: Updates that were computed, and thrown away.
        self.discarded = 0
        self._last: dict[int, UpdateRow] = {}
        #: Rows that took no effect yet, by worker and step; None if rows take effect when they end.
        self._owing: dict[tuple[int, int], UpdateRow] | None = None
        self.progress = progress
        #: Where the rows begin that are younger than the last checkpoint.
        self._mark = 0
        #: Where the rows begin that were kept since the last interruption.
        self._settled = 0

    @property
    def applied(self) -> bool:
        """Whether any update has taken effect."""
        return any(update != UNAPPLIED for update in self.rows[:: len(COLUMNS)])

    @property
    def place(self) -> int:
        """Where the rows begin that are kept from now on."""
        return len(self.rows)

    def mark(self, place: int) -> None:
        """Say that a checkpoint has all updates whose rows were kept before a place."""
        self._mark = place

    def roll_back(self, version: int) -> None:
        """Say that all updates after ``version``, that of the last checkpoint, never took effect."""
        self._forget(self._mark, version)
        self._mark = self.place

    def interrupt(self, version: int) -> None:
        """End all open rows now: all updates after ``version`` begin again, for those who are through with them, too.

        Parameters
        ----------
        version : int
            The last update that took effect for everybody.
        """
        self.cut(version)
        self._forget(self._settled, version)
        self._settled = self.place

    def _forget(self, begin: int, version: int) -> None:
        """Say of the rows from a place on that what comes after a version never took effect."""
        for place in range(begin, len(self.rows), len(COLUMNS)):
            if self.rows[place] > version:
                self.rows[place] = UNAPPLIED

    def defer(self) -> None:
        """Let updates take effect when :meth:`apply` says so: before their rows end, or long after."""
        self._owing = {}

    def open(self, worker: int, step: int, lane: Lane) -> UpdateRow:
        """Begin a worker's update; it computes from now on."""
        self._last[worker] = row = UpdateRow(self._clock, lane, worker, step)
        if self._owing is not None:
            self._owing[worker, step] = row
        return row

    def apply(self, worker: int, step: int, update: int, staleness: int) -> None:
        """Say that a worker's update takes effect now.

        Parameters
        ----------
        worker : int
        step : int
            The worker's own count.
        update : int
            Its number among all workers' updates.
        staleness : int
            Updates of others that were applied since the pull that the worker computed on.

        Raises
        ------
        KeyError
            If the rows aren't deferred, or this one took effect already.
        """
        row = (self._owing or {}).pop((worker, step))
        row.update, row.applied, row.staleness = update, self._clock.now, staleness
        if row.closed:
            self._keep(row)

    def cut(self, version: int = 0) -> None:
        """End all open rows now: the training is over or interrupted, and what has not been applied never will be.

        Who would have begun another update at this very instant has not begun.

        Parameters
        ----------
        version : int
            The last update that all have contributed to: their rows of it took effect, where rows aren't deferred.
        """
        deferred = self._owing is not None
        owing, self._owing = self._owing or {}, None
        ended = dict.fromkeys([row for _, row in sorted(owing.items()) if row.closed])
        for row in self.unfinished():
            row.end()
            if row.start < self._clock.now or row.applied is not None:
                ended[row] = None
        for row in ended:
            if row.applied is None and (deferred or row.step > version):
                row.update = UNAPPLIED
            self._keep(row)

    def leave(self, worker: int, version: int = 0) -> None:
        """End what a worker is at now: it has crashed, and what it has not applied never will be.

        Parameters
        ----------
        worker : int
        version : int
            The last update that it has contributed to, where rows aren't deferred.
        """
        deferred = self._owing is not None
        row = self._last.get(worker)
        rows = [] if row is None or row.closed else [row]
        for place in [place for place in self._owing or {} if place[0] == worker]:
            pending = (self._owing or {}).pop(place)
            rows += [pending] if pending.closed else []
        for row in sorted(rows, key=lambda one: one.step):
            if not row.closed:
                row.end()
            if row.applied is None and (deferred or row.step > version):
                row.update = UNAPPLIED
            self._keep(row)

    def discard(self, row: UpdateRow) -> None:
        """End a worker's update now, and keep its row as one that never took effect."""
        self.reject(row)
        self.close(row)

    def reject(self, row: UpdateRow) -> None:
        """Say that a worker's update will never take effect; its row goes on."""
        self.discarded += 1
        row.update = UNAPPLIED
        if self._owing is not None:
            self._owing.pop((row.worker, row.step), None)

    def unfinished(self) -> list[UpdateRow]:
        """Return the rows that are open, by worker."""
        return [row for _, row in sorted(self._last.items()) if not row.closed]

    def close(self, row: UpdateRow, staleness: int = 0) -> None:
        """End a worker's update now and keep its row; one that is deferred is kept once it has taken effect.

        Parameters
        ----------
        row : UpdateRow
            The row to keep.
        staleness : int
            Updates that were applied between the pull that the worker computed on and the application of its push; a
            row that :meth:`apply` was told of has its own.
        """
        row.end()
        if self._owing is None:
            row.staleness = staleness
            self._keep(row)
        elif (row.worker, row.step) not in self._owing:
            self._keep(row)

    def _keep(self, row: UpdateRow) -> None:
        self.rows.extend(row.values())
