"""The exact update of equal workers under ``sync-ps`` on one shared link (DESIGN.md, section 1, steps 1 to 7).

Equal workers without jitter do everything together: all pushes start at once, share the link fairly and so end at once,
which is why the parts of an update follow each other and add up. The simulator meets these times to rounding. As soon
as workers differ, decoding at the server overlaps with later arrivals, and no such formula holds.

Extends T_update = T_cmt + T_tnf of Jang et al. 2017 (arXiv 1711.10123, section 4.1) by latency, aggregation and the
steps of repetitive (de)compression (Fig. 2a and section 4.2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal

from simcluster.theory.sync_sgd import Pull, Scaling, computation_time

Usage = Literal["every-update", "homomorphic", "one-time"]
Direction = Literal["push", "pull", "both"]


@dataclass(frozen=True)
class UpdateParts:
    """The parts of one update [s], in their order."""

    computation: float
    encode: float
    push: float
    server_decode: float
    aggregate: float
    server_encode: float
    pull: float
    decode: float

    @property
    def total(self) -> float:
        """Time of the update [s]."""
        return math.fsum(getattr(self, part.name) for part in fields(self))

    @property
    def transfer(self) -> float:
        """T_tnf [s]: the time in which a worker doesn't compute (Fig. 2)."""
        return math.fsum(getattr(self, part.name) for part in fields(self) if part.name != "computation")


@dataclass(frozen=True, kw_only=True)
class SymmetricUpdate:
    """Equal workers, one parameter server, one link, one codec.

    Parameters
    ----------
    workers : int
        Number of workers M.
    iterations : int
        Local iterations i of an update.
    minibatch_time : float [s]
        Time C of a whole minibatch on one device.
    scaling : str
        ``strong`` (a worker's minibatch takes C/M) or ``weak`` (C).
    parameters : float [B]
        Size W of the parameters.
    bandwidth : float [B/s]
        Of the link, which all transfers of a moment share.
    latency : float [s]
        Of every transfer, before it takes its share of the bandwidth.
    pull : str
        ``unicast`` (M transfers), ``multicast`` (one for all) or ``free`` (no bytes and no latency).
    compressed_fraction : float
        rho, compressed size / original size; 1 without a codec.
    encode_time, decode_time : float [s]
        Of the whole parameters on one core.
    usage : str
        ``every-update``, ``homomorphic`` or ``one-time`` (the same with h = 1).
    direction : str
        ``push``, ``pull`` or ``both``: what is compressed at every update; the other usages always compress both.
    operation_overhead : float
        h of homomorphic compression; the other usages compute on plain parameters, or as fast.
    cores : int
        Of the server.
    aggregation_rate : float or None [B/s]
        Bytes that averaging reads a second; None takes no time.
    """

    workers: int
    iterations: int
    minibatch_time: float
    parameters: float
    bandwidth: float
    scaling: Scaling = "strong"
    latency: float = 0.0
    pull: Pull = "unicast"
    compressed_fraction: float = 1.0
    encode_time: float = 0.0
    decode_time: float = 0.0
    usage: Usage = "every-update"
    direction: Direction = "both"
    operation_overhead: float = 1.0
    cores: int = 1
    aggregation_rate: float | None = None

    def parts(self) -> UpdateParts:
        """Return the parts of one update."""
        recoded = self.usage == "every-update"
        up = recoded and self.direction != "pull"
        down = recoded and self.direction != "push"
        compressed = self.parameters * self.compressed_fraction
        overhead = self.operation_overhead if self.usage == "homomorphic" else 1.0
        return UpdateParts(
            computation=computation_time(self.workers, self.iterations, self.minibatch_time, self.scaling, overhead),
            encode=self.encode_time if up else 0.0,
            push=self._unicast(compressed if up or not recoded else self.parameters),
            server_decode=math.ceil(self.workers / self.cores) * self.decode_time if up else 0.0,
            aggregate=self._aggregate(self.parameters if recoded else compressed),
            server_encode=self.encode_time if down else 0.0,
            pull=self._pull(compressed if down or not recoded else self.parameters),
            decode=self.decode_time if down else 0.0,
        )

    def total_time(self, updates: int) -> float:
        """Return the time [s] of several updates, with what homomorphic and one-time compression do once.

        They encode before the first update and decode after the last (paper, section 4.3), each worker on a core of its
        own.
        """
        once = 0.0 if self.usage == "every-update" else self.encode_time + self.decode_time
        return once + updates * self.parts().total

    def _unicast(self, size: float) -> float:
        """Return the time [s] in which M transfers of ``size`` bytes [B] share the link."""
        return self.latency + self.workers * size / self.bandwidth

    def _pull(self, size: float) -> float:
        if self.pull == "unicast":
            return self._unicast(size)
        return self.latency + size / self.bandwidth if self.pull == "multicast" else 0.0

    def _aggregate(self, size: float) -> float:
        """Return the time [s] in which the server averages M messages of ``size`` bytes [B]."""
        return 0.0 if self.aggregation_rate is None else self.workers * size / self.aggregation_rate
