"""What a network knows of the machines at its ends."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """An endpoint of the network.

    Parameters
    ----------
    name : str
        Its name, by which transfers address it, for example ``worker-0``.
    bandwidth : float or None [B/s]
        What its own network interface carries in each direction; None leaves it to the topology. Topologies without
        interfaces (the shared link) ignore it.
    """

    name: str
    bandwidth: float | None = None
