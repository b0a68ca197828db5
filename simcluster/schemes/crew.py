"""The processes of the workers: begun for somebody, and dismissed when that worker is gone or the training is over."""

from __future__ import annotations

from typing import Any

import simpy
from simpy.events import Initialize

from simcluster.cluster.cores import Process


class Crew:
    """All processes of a scheme that can be dismissed.

    Parameters
    ----------
    env : simpy.Environment
    """

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        #: Those processes that run, by whose they are; dictionaries keep the order in which they began.
        self._at_work: dict[int, dict[Any, None]] = {}

    def begin(self, whose: int, life: Process, *, yields: bool = False) -> simpy.Process:
        """Start a process of a worker.

        Parameters
        ----------
        whose : int
            The worker.
        life : generator
            What the process does.
        yields : bool
            Whether it ends by itself when it is interrupted; else that is seen to here, at the cost of one more
            generator that every event goes through.
        """
        at_work = self._at_work.setdefault(whose, {})
        process = self._env.process(life if yields else _dismissable(life))
        at_work[process] = None
        if process.callbacks is not None:
            process.callbacks.append(at_work.pop)
        return process

    def dismiss(self, whose: int, cause: str) -> None:
        """Interrupt all processes of a worker, wherever they are: they end, and let go of what they hold."""
        for process in list(self._at_work.pop(whose, {})):
            if isinstance(process.target, Initialize):
                # Not begun yet: it never will.
                process.target.callbacks = []
            elif process.is_alive:
                process.interrupt(cause)

    def dismiss_all(self, cause: str) -> None:
        """Interrupt all processes."""
        for whose in list(self._at_work):
            self.dismiss(whose, cause)


def _dismissable(life: Process) -> Process:
    """Live a life until its end, or until it is interrupted."""
    try:
        yield from life
    except simpy.Interrupt:
        life.close()
