"""The section ``cluster``: the machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simcluster.options import FieldError, NonNegativeNumber, Options, PositiveNumber, Power, Rate

MOST_WORKERS = 1_000_000
MOST_CORES = 1_000_000

Cores = Annotated[int, Field(ge=1, le=MOST_CORES)]


class Group(Options):
    """Workers that are alike."""

    count: Annotated[int, Field(ge=1, le=MOST_WORKERS)] = Field(description="Workers of the group.")
    speed: PositiveNumber = Field(default=1.0, description="Speed of their devices; 2 computes in half the time.")
    cores: Cores | None = Field(default=None, description="Cores of each for codecs; those of worker if not given.")
    bandwidth: Rate | None = Field(default=None, description="Of each one's network interface, in each direction.")


@dataclass(frozen=True, slots=True)
class WorkerGroup:
    """Workers that are alike, with nothing left to defaults."""

    count: int
    speed: float
    cores: int
    #: Of the network interface [B/s]; None leaves it to the network.
    bandwidth: float | None


class WorkerMachine(Options):
    """The machine of a worker."""

    cores: Cores = Field(default=1, description="Cores that encode and decode.")
    device_sharing: Literal["fair", "fifo"] = Field(
        default="fair", description="How computing and codecs that run on the device share it: equally, or in turn."
    )
    aggregation_rate: Rate | None = Field(
        default=None, description="Bytes received that it adds up per second, where codecs run; infinite if not given."
    )


class ServerMachine(Options):
    """The machine of a parameter server."""

    cores: Cores = Field(default=1, description="Cores that decode and encode; 1: the streams of the workers in turn.")
    aggregation_rate: Rate | None = Field(default=None, description="Bytes averaged per second; infinite if not given.")
    shards: Annotated[int, Field(ge=1, le=MOST_WORKERS)] | None = Field(
        default=None, description="Servers, each with an equal share; 1, or one on each worker's machine, if not given."
    )
    placement: Literal["separate", "colocated"] = Field(
        default="separate", description="Whether servers are machines of their own, or run on those of the workers."
    )


class Cluster(Options):
    """The machines."""

    workers: Annotated[int, Field(ge=1, le=MOST_WORKERS)] | None = Field(
        default=None, description="Equal workers (M); or groups."
    )
    groups: Annotated[tuple[Group, ...], Field(min_length=1, max_length=MOST_WORKERS)] | None = Field(
        default=None, description="Groups of workers of different speed; instead of workers."
    )
    worker: WorkerMachine = Field(default_factory=WorkerMachine, description="Machine of every worker.")
    server: ServerMachine = Field(default_factory=ServerMachine, description="Machine of the parameter server.")
    price: NonNegativeNumber | None = Field(default=None, description="Money per node and hour.")
    power: Power | None = Field(default=None, description="Power that a node draws.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.workers is None and self.groups is None:
            raise FieldError("missing key 'workers'; expected a whole number, such as 16, or groups")
        if self.workers is not None and self.groups is not None:
            raise FieldError("exactly one of workers and groups can be given", "workers", "remove one of them")
        if self.total_workers > MOST_WORKERS:
            raise FieldError(f"more than {MOST_WORKERS} workers in all", "groups")
        return self

    @property
    def total_workers(self) -> int:
        """Number of workers: the paper's M."""
        return sum(group.count for group in self.groups) if self.groups else self.workers or 0

    @property
    def worker_groups(self) -> Sequence[WorkerGroup]:
        """The groups of workers, in order; one if all workers are equal."""
        if not self.groups:
            return [WorkerGroup(self.workers or 0, 1.0, self.worker.cores, None)]
        cores = self.worker.cores
        return [WorkerGroup(one.count, one.speed, one.cores or cores, one.bandwidth) for one in self.groups]
