"""A network that knows which transfers are under way, so that all can be cancelled when a training is interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from simcluster.protocols import LinkUsage, Network, Transfer


class TrackedNetwork:
    """Keeps books of the transfers of another network.

    Parameters
    ----------
    network : Network
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        #: A dictionary, for the order in which they began. The network holds what it moves; what was cancelled never
        #: calls back, and is let go of here when nobody else holds it.
        self._under_way: WeakKeyDictionary[Transfer, None] = WeakKeyDictionary()

    def transfer(
        self, source: str, destinations: Sequence[str], size: float, weight: float = 1.0, priority: int = 0
    ) -> Transfer:
        """Start to move bytes; see :meth:`Network.transfer`."""
        transfer = self._network.transfer(source, destinations, size, weight, priority)
        if not transfer.triggered:
            self._under_way[transfer] = None
            transfer.callbacks.append(self._arrived)
        return transfer

    def abort(self) -> None:
        """Cancel all transfers that are under way."""
        for transfer in self._under_way:
            if not transfer.triggered:
                transfer.cancel()
        self._under_way.clear()

    def _arrived(self, transfer: Any) -> None:
        self._under_way.pop(transfer, None)

    def machines(self, nodes: Sequence[str]) -> Sequence[int] | None:
        """Return the number of the machine that each node is a part of; see :meth:`Network.machines`."""
        return self._network.machines(nodes)

    def usage(self) -> Sequence[LinkUsage]:
        """Return all links with what they carried until now."""
        return self._network.usage()

    @property
    def sent_bytes(self) -> float:
        """Bytes of all transfers that were started [B]."""
        return self._network.sent_bytes

    @property
    def delivered_bytes(self) -> float:
        """Bytes that arrived [B]."""
        return self._network.delivered_bytes

    @property
    def discarded_bytes(self) -> float:
        """Bytes of cancelled transfers that never arrived [B]."""
        return self._network.discarded_bytes

    def private_routes(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Return none: what is computed in bulk can't be interrupted."""
