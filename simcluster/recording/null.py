"""Recording that is off."""

from __future__ import annotations

from simcluster.protocols import Lane, LinkLog, Past


class _NullLane:
    __slots__ = ()

    def enter(self, activity: int, update: int = 0, size: float = 0.0, cause: int = 0) -> None:
        """Forget it."""

    def past(self, entries: Past) -> None:
        """Don't even ask."""


class _NullLinkLog:
    __slots__ = ()

    def change(self, rate: float, flows: int) -> None:
        """Forget it."""

    def passed(self, since: float, rate: float, flows: int, until: float | None = None) -> None:
        """Forget it."""


class NullRecorder:
    """Keeps nothing: every lane and link log is one shared object that forgets."""

    _lane = _NullLane()
    _log = _NullLinkLog()

    def lane(self, entity: str, name: str) -> Lane:
        """Return the lane that forgets."""
        return self._lane

    def link(self, name: str) -> LinkLog:
        """Return the log that forgets."""
        return self._log

    def transfers(self) -> None:
        """Keep no transfers."""
