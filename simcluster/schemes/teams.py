"""Which workers share a machine, in schemes that treat them as a team."""

from __future__ import annotations

from collections.abc import Sequence

from simcluster.errors import UserInputError
from simcluster.schemes.seams import Cluster


def teams(cluster: Cluster, size: int | None) -> list[list[int]]:
    """Return the places of the workers of each machine.

    Parameters
    ----------
    cluster : Cluster
        Its network may know who shares a machine (topology ``machines``).
    size : int or None
        How many workers share a machine, in the order of their numbers; None if the network has to know.

    Raises
    ------
    UserInputError
        If neither the network nor ``size`` says who shares a machine, or both do and differ.
    """
    known = cluster.push.machines(cluster.workers)
    said = None if size is None else [worker.index // size for worker in cluster.workers]
    numbers = known or said
    if numbers is None:
        raise UserInputError(
            "training.workers_per_machine: missing; expected a whole number, such as 8, since only the topology "
            "'machines' knows which workers share a machine"
        )
    found = _grouped(numbers)
    if said is not None and _grouped(said) != found:
        raise UserInputError(
            "training.workers_per_machine: the network's machines hold other workers (change one of it and "
            "network.nodes_per_machine)"
        )
    return found


def _grouped(numbers: Sequence[int]) -> list[list[int]]:
    """Return the places of those who have the same number, in the order of their first ones."""
    groups: dict[int, list[int]] = {}
    for place, number in enumerate(numbers):
        groups.setdefault(number, []).append(place)
    return list(groups.values())
