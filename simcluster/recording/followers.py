"""Who follows a piece of work: is told the phases in which an update, or a part of one, waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from simcluster.recording import words
from simcluster.recording.journal import WAITING


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
    rows : sequence of Follower
    """

    def __init__(self, update: int, rows: Sequence[Follower]) -> None:
        self.update = update
        self._rows = rows

    def enter(self, phase: int, cause: int = 0) -> None:
        """Let all rows begin another phase now."""
        for row in self._rows:
            row.enter(phase, cause)


class Contribution(Follower, Protocol):
    """Somebody who follows a contribution to the server and back: a row, or a piece of one."""

    def arrive(self, busy: float) -> None:
        """Say that it is at the server now, which has been busy with decoding for ``busy`` s so far."""

    def settle(self, busy: float) -> None:
        """Say that the server has all contributions; see :meth:`UpdateRow.settle`."""


class Piece:
    """One part's way through one exchange, which a worker may wait for or not: it computes meanwhile if it can.

    The phases count for the row of the update only while the worker waits for this part.

    Parameters
    ----------
    update : int
        The worker's own count of its updates.
    """

    __slots__ = ("_cause", "_phase", "_watcher", "update")

    def __init__(self, update: int) -> None:
        self.update = update
        self._phase, self._cause = WAITING, words.NOTHING
        self._watcher: Follower | None = None

    def enter(self, phase: int, cause: int = 0) -> None:
        """Begin another phase now."""
        self._phase, self._cause = phase, cause
        if self._watcher is not None:
            self._watcher.enter(phase, cause)

    def watch(self, watcher: Follower) -> None:
        """Charge what happens to the part to somebody from now on: the worker's row, or the part that it belongs to."""
        self._watcher = watcher
        watcher.enter(self._phase, self._cause)

    def leave(self) -> None:
        """Charge it to nobody any more."""
        self._watcher = None

    def arrive(self, busy: float) -> None:
        """Do nothing: the phases are as the worker sees them."""

    def settle(self, busy: float) -> None:
        """Do nothing: the phases are as the worker sees them."""
