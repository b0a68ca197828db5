"""When a worker takes over what an exchange brought it: at once; or, with double buffering, one update late.

What is late is held until the worker has computed its next gradients, whenever it arrives: those are gradients of the
parameters without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from simcluster.schemes.options import SchemeOptions


class TakingOver(Protocol):
    """Takes over results."""

    def bring(self, worker: int, update: int, take: Callable[[], None]) -> None:
        """Say that a result of a worker's update is there; ``take`` takes it over."""

    def release(self, worker: int, update: int) -> None:
        """Say that a worker takes over now what is there of an update: all of it."""


class AtOnce:
    """Results are taken over when they are there."""

    def bring(self, worker: int, update: int, take: Callable[[], None]) -> None:
        """Take a result over."""
        take()

    def release(self, worker: int, update: int) -> None:
        """Do nothing: it has been taken over."""


class Late:
    """Results are taken over when the worker says so."""

    def __init__(self) -> None:
        self._held: dict[tuple[int, int], list[Callable[[], None]]] = {}

    def bring(self, worker: int, update: int, take: Callable[[], None]) -> None:
        """Hold a result."""
        self._held.setdefault((worker, update), []).append(take)

    def release(self, worker: int, update: int) -> None:
        """Take over what is held, in the order of its arrival."""
        for take in self._held.pop((worker, update), ()):
            take()


def build(options: SchemeOptions) -> TakingOver:
    """Return when results are taken over by the options of a scheme."""
    return Late() if options.double_buffering else AtOnce()
