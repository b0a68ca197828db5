"""A transfer, and the books of the bytes that a network moves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any

from simpy.core import StopSimulation
from simpy.events import PENDING, Event, EventPriority

if TYPE_CHECKING:
    from simpy import Environment

    from simcluster.protocols import PrivateRoute

#: Bytes are booked in whole units of 2**-20 B: sums of whole numbers don't depend on the order of their terms, so that
#: bytes sent are exactly bytes delivered plus bytes discarded.
_UNITS = float(2**20)


def units_of(size: float) -> int:
    """Return bytes [B] as they are booked."""
    return int(size * _UNITS)


class Transfer(Event):
    """Bytes on their way: an event that succeeds when the last byte has arrived everywhere.

    Parameters
    ----------
    network : Traffic
        Who moves it, and books its bytes as sent.
    carrier : object
        The part of the network that moves it; the network's own business. None once the transfer is cancelled.
    size : float [B]
        How much is moved.
    weight : float
        Its share against others' on a saturated link.

    Attributes
    ----------
    priority : int
        Lower goes first; the network's discipline sets it.
    wire : float [B]
        What the links carry for it: its size and the overhead of a message.

    Raises
    ------
    ValueError
        If the size isn't finite and at least 0, or the weight isn't finite and above 0.
    """

    # Slots for SimPy's own attributes too: a waiting transfer then carries no dictionary.
    __slots__ = (
        "_ok",
        "_value",
        "callbacks",
        "carrier",
        "clock",
        "env",
        "network",
        "priority",
        "rank",
        "size",
        "tag",
        "weight",
        "wire",
    )

    def __init__(self, network: Traffic, carrier: Any, size: float, weight: float) -> None:
        if not (0.0 <= size < inf and 0.0 < weight < inf):
            raise ValueError(f"a transfer needs a finite size >= 0 and weight > 0, got {size!r} and {weight!r}")
        self.env = network.env
        self.callbacks: Any = []
        self._value = PENDING
        self._ok = True
        self.network = network
        self.carrier = carrier
        self.size = self.wire = size
        self.weight = weight
        self.priority = 0
        self.rank = next(network.ranks)
        self.tag = inf
        #: What moves it now: a clock of the network.
        self.clock: Any = None
        network.sent_units += int(size * _UNITS)
        network.under_way += 1

    def cancel(self) -> float:
        """Take the transfer off the network and return the bytes that did not arrive; 0 if it is over [B]."""
        if self._value is not PENDING or self.carrier is None:
            return 0.0
        return self.network.cancel(self)


class Traffic(ABC):
    """What all networks share: the books of their bytes, and the arrival of transfers.

    Parameters
    ----------
    env : simpy.Environment
        Where time passes.

    Attributes
    ----------
    ranks : iterator of int
        Numbers the transfers: of two that tie, the one that was started first goes first.
    sent_units : int
        Bytes of all transfers that were started, in units of 2**-20 B.
    under_way : int
        Transfers that were started, and have neither arrived nor been cancelled.
    """

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.ranks = count()
        self.sent_units = 0
        self.under_way = 0
        self._delivered = 0
        self._discarded = 0
        self._machines: Mapping[str, int] = {}

    def place(self, machines: Mapping[str, int]) -> None:
        """Say which nodes are parts of which machine, in a topology that has machines of several nodes."""
        self._machines = machines

    def machines(self, nodes: Sequence[str]) -> Sequence[int] | None:
        """Return the number of the machine that each node is a part of; None if there are no such machines."""
        return [self._machines[node] for node in nodes] if self._machines else None

    def private_routes(self, pairs: Sequence[tuple[str, str]]) -> Sequence[PrivateRoute] | None:
        """Return the ways from nodes to others that feel nothing of each other: here there are none."""
        return None

    def moved(self, units: int) -> None:
        """Book bytes that were sent and have arrived, in units of 2**-20 B."""
        self.sent_units += units
        self._delivered += units

    def arrive(self, transfer: Transfer) -> None:
        """Book a transfer as delivered, and let those who wait for it know after what happens now."""
        self._delivered += int(transfer.size * _UNITS)
        self.under_way -= 1
        transfer.succeed()

    def deliver(self, transfers: Sequence[Transfer]) -> None:
        """Book transfers as delivered, and let those who wait for them go on at once.

        Does what SimPy's ``step`` would do for each, without a second event for each in its queue. Only to be called
        from an event of the network's own, never while a process runs.
        """
        self.under_way -= len(transfers)
        for transfer in transfers:
            self._delivered += int(transfer.size * _UNITS)
            transfer._value = None
        for position, transfer in enumerate(transfers):
            callbacks, transfer.callbacks = transfer.callbacks, None
            try:
                for callback in callbacks:
                    callback(transfer)
            except StopSimulation:
                # As in SimPy's step: what is left happens first when the simulation goes on.
                transfer.callbacks = callbacks[callbacks.index(callback) + 1 :]
                for late in transfers[position:]:
                    self.env.schedule(late, EventPriority(-1))
                raise

    def cancel(self, transfer: Transfer) -> float:
        """Take a transfer that is under way off the network and return the bytes that did not arrive [B]."""
        left = self.withdraw(transfer)
        discarded = int(left * _UNITS)
        self._discarded += discarded
        self.under_way -= 1
        self._delivered += int(transfer.size * _UNITS) - discarded
        transfer.carrier = None
        return left

    @abstractmethod
    def withdraw(self, transfer: Transfer) -> float:
        """Stop moving a transfer and return the bytes that did not arrive [B]."""

    @property
    def idle(self) -> bool:
        """Whether no transfer is under way, not even one of no bytes."""
        return not self.under_way

    @property
    def sent_bytes(self) -> float:
        """Bytes of all transfers that were started [B]; a multicast counts once."""
        return self.sent_units / _UNITS

    @property
    def delivered_bytes(self) -> float:
        """Bytes that arrived [B], those that a transfer had delivered when it was cancelled among them."""
        return self._delivered / _UNITS

    @property
    def discarded_bytes(self) -> float:
        """Bytes of cancelled transfers that never arrived [B]."""
        return self._discarded / _UNITS


def remote(source: str, destinations: Sequence[str]) -> list[str]:
    """Return the destinations other than the source itself: what a node tells itself crosses no network."""
    return [destination for destination in destinations if destination != source]
