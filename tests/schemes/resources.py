"""Keeps an eye on all cores, lanes, devices, locks and connections of a run, to see that nobody is lost in the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import simpy

from simcluster.cluster.cores import Cores
from simcluster.cluster.devices import VariableDevice
from simcluster.cluster.traffic import CountingLane


class Inventory:
    """All of them, as they are made."""

    def __init__(self) -> None:
        self.made: dict[type, list[Any]] = {}

    def held(self) -> list[str]:
        """Return what is held, or busy."""
        found = [f"{len(one.users)} users, {len(one.queue)} queued" for one in self._all(simpy.Resource) if one.count]
        found += ["a busy core" for one in self._all(Cores) if len(one._free) < one._count]
        found += ["a busy lane" for one in self._all(CountingLane) if one._busy]
        found += ["a job on a device" for one in self._all(VariableDevice) if one._clock.jobs()]
        return found

    def _all(self, kind: type) -> list[Any]:
        return [one for made, them in self.made.items() if issubclass(made, kind) for one in them]


@contextmanager
def inventory() -> Iterator[Inventory]:
    """Watch all that is made inside."""
    kept = Inventory()
    patches = []
    for kind in (simpy.Resource, Cores, CountingLane, VariableDevice):
        patches.append(patch.object(kind, "__init__", _keeping(kind, kind.__init__, kept)))
    for each in patches:
        each.start()
    try:
        yield kept
    finally:
        for each in patches:
            each.stop()


def _keeping(kind: type, original: Any, kept: Inventory) -> Any:
    def init(self: Any, *args: Any, **options: Any) -> None:
        original(self, *args, **options)
        kept.made.setdefault(kind, []).append(self)

    return init
