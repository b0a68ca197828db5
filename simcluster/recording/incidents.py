"""What went wrong in a run, and what was done about it: it is always kept, since it is never much."""

from __future__ import annotations

from simcluster.recording.journal import Clock


class IncidentLog:
    """Crashes, slow phases, checkpoints and recoveries, each with its stretch of time.

    Parameters
    ----------
    clock : Clock
        The simulation's environment.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: Kind, entity, start [s] and end [s], in the order in which they ended.
        self.rows: list[tuple[str, str, float, float]] = []
        #: When those began that aren't over.
        self._open: dict[tuple[str, str], list[float]] = {}

    def struck(self, kind: str, entity: str) -> None:
        """Say that something begins now."""
        self._open.setdefault((kind, entity), []).append(self._clock.now)

    def over(self, kind: str, entity: str) -> None:
        """Say that it is over: of several of one kind the first."""
        self.add(kind, entity, self._open[kind, entity].pop(0), self._clock.now)

    def add(self, kind: str, entity: str, start: float, end: float) -> None:
        """Say that something took place from ``start`` to ``end`` [s]."""
        self.rows.append((kind, entity, start, end))

    def cut(self) -> None:
        """End all that goes on: the training is over."""
        for (kind, entity), starts in self._open.items():
            for start in starts:
                self.add(kind, entity, start, self._clock.now)
        self._open.clear()
