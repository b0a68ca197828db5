"""Checkpoints of a training, and how workers that begin again get their parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simcluster.learning.replica import WorkerReplica
from simcluster.learning.sgd import Sgd
from simcluster.learning.store import GlobalParameters
from simcluster.learning.vector import Array

#: Whoever has parameters, and an optimiser.
Holder = WorkerReplica | GlobalParameters


@dataclass(frozen=True)
class _Kept:
    """What one holder had."""

    values: Array
    optimiser: Sgd


class Checkpoint:
    """Parameters and optimisers of everybody, as they were at one moment.

    Parameters
    ----------
    update : int
        The last update that was applied.
    holders : mapping of int to Holder
        By a key of each.
    """

    def __init__(self, update: int, holders: Mapping[int, Holder]) -> None:
        self.update = update
        self._kept: dict[int, _Kept] = {}
        for key, holder in holders.items():
            optimiser = Sgd(holder.optimiser.options, len(holder.values))
            optimiser.take_over(holder.optimiser)
            self._kept[key] = _Kept(holder.values.copy(), optimiser)

    def restore(self, holders: Mapping[int, Holder]) -> None:
        """Give everybody back what it had; whoever came later has what the first one had."""
        for key, holder in holders.items():
            kept = self._kept.get(key) or self._kept[min(self._kept)]
            holder.values[...] = kept.values
            holder.optimiser.take_over(kept.optimiser)


def resume(replicas: Mapping[int, WorkerReplica], workers: Sequence[int], *, shared: bool) -> None:
    """Give workers that begin again parameters, where no server has any.

    Parameters
    ----------
    replicas : mapping of int to WorkerReplica
        Of all workers.
    workers : sequence of int
        Those that begin again.
    shared : bool
        Whether all are meant to have the same parameters: then they take over those of a worker that stayed or, if all
        begin again, of the one that has got furthest. Else, with gossip, they take the mean of those that stayed and,
        if all begin again, keep their own.
    """
    stayed = [replica for number, replica in sorted(replicas.items()) if number not in workers]
    again = [replicas[number] for number in workers]
    if shared:
        source = max(stayed or again, key=lambda replica: replica.begins)
        for replica in again:
            if replica is not source:
                replica.values[...] = source.values
                replica.optimiser.take_over(source.optimiser)
    elif stayed:
        for replica in again:
            replica.values[...] = np.mean([other.values for other in stayed], axis=0)
