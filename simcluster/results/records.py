"""The raw records of a run, as the simulation hands them over."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from simcluster.learning.history import History
from simcluster.recording import LinkHistory, SpanHistory, TransferHistory


@dataclass(frozen=True)
class LinkTotals:
    """What one link carried in the whole run."""

    name: str
    #: Capacity at the start of the run, which a schedule may change later [B/s].
    capacity: float
    #: Bytes that crossed it [B].
    carried_bytes: float
    #: Time during which something moved [s].
    busy_s: float


@dataclass(frozen=True)
class Records:
    """Everything that was recorded."""

    #: Rows of the journal, flat, with the columns ``simcluster.recording.journal.COLUMNS``.
    rows: array[float]
    #: Simulated time of the whole run [s].
    total_time: float
    #: Bytes that arrived, those of transfers that were cancelled half way among them [B].
    carried_bytes: float
    #: Updates that were computed, and thrown away.
    discarded_updates: int
    #: Kind, entity, start [s] and end [s] of what went wrong, and of checkpoints and recoveries.
    incidents: list[tuple[str, str, float, float]]
    #: Why the run didn't finish; empty if it did.
    incomplete: str
    links: list[LinkTotals]
    spans: SpanHistory | None
    link_history: LinkHistory | None
    transfers: TransferHistory | None
    #: How the real training went, if there was one.
    learning: History | None = None


@dataclass(frozen=True)
class RunFacts:
    """The numbers of the scenario that the summary needs."""

    workers: int
    #: Sum of the speeds of all workers, in devices of speed 1.
    devices: float
    #: Machines that are paid for and draw power: workers and servers.
    nodes: int
    #: Samples that one update trains on, over all workers.
    samples_per_update: float
    #: Samples per second of one device of speed 1 that sends nothing: B/C.
    single_device_rate: float
    samples_per_epoch: int | None
    #: Money per node and hour.
    price: float | None
    #: Watts per node [W].
    power: float | None
    #: Of the mixing matrix; None in schemes that don't gossip.
    spectral_gap: float | None = None
