"""What a scheme gets, and what it gives: the seam between schemes and whoever builds a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import simpy

from simcluster.cluster.channels import Channel
from simcluster.cluster.machines import Server, Worker
from simcluster.recording import Journal


class StopRule(Protocol):
    """Says when the training is over."""

    def after(self, update: int) -> bool:
        """Say whether ``update`` was the last one."""


class UpdateLimit:
    """Stops after a number of updates.

    Parameters
    ----------
    updates : int
    """

    def __init__(self, updates: int) -> None:
        self._updates = updates

    def after(self, update: int) -> bool:
        """Say whether ``update`` was the last one."""
        return update >= self._updates


@dataclass(frozen=True)
class Cluster:
    """What a scheme orchestrates: who is in, the channels between them, and when to stop."""

    env: simpy.Environment
    workers: Sequence[Worker]
    servers: Sequence[Server]
    push: Channel
    pull: Channel
    stop: StopRule
    journal: Journal


class Scheme(Protocol):
    """How workers cooperate."""

    def start(self) -> simpy.Event:
        """Start all processes, and return the event at which the training is over."""
