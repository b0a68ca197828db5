"""The sections of a scenario: frozen models that validate themselves.

The options of ``network`` and ``training`` belong to the chosen topology and scheme, which declare them in their own
files. Values are in base units: bytes, bytes per second, seconds, watts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag, model_validator

from simcluster.codecs import CodecProfile
from simcluster.options import (
    Duration,
    FieldError,
    NonNegativeNumber,
    Number,
    Options,
    PositiveDuration,
    PositiveNumber,
    PositiveSize,
    Power,
    Rate,
    Size,
)
from simcluster.scenario.names import Label, Name
from simcluster.scenario.places import nearest

#: The codec that does nothing: amending it makes another one.
NO_CODEC = "none"
MOST_WORKERS = 1_000_000
MOST_CORES = 1_000_000
MOST_LAYERS = 10_000
MOST_SAMPLES = 10**12
MOST_SEED = 2**63 - 1

Cores = Annotated[int, Field(ge=1, le=MOST_CORES)]
Fraction = Annotated[Number, Field(ge=0, le=1)]


class Layer(Options):
    """One layer of a model, for one minibatch on one device of speed 1."""

    name: Label = Field(description="Name of the layer, unique within the model.")
    parameters: Size = Field(description="Bytes of its parameters.")
    forward_time: Duration | None = Field(default=None, description="Time of its forward pass.")
    backward_time: Duration | None = Field(default=None, description="Time of its backward pass.")
    operation: Label | None = Field(default=None, description="What it does, a word of operation_shares.")


class Model(Options):
    """What is trained."""

    name: Name | None = Field(default=None, description="Name of the model.")
    parameters: PositiveSize = Field(default=0.0, description="Bytes of all parameters (W); the sum of the layers.")
    layers: Annotated[tuple[Layer, ...], Field(max_length=MOST_LAYERS)] = Field(
        default=(), description="Its layers, from the input on; their sizes add up to the parameters."
    )
    minibatch: Annotated[int, Field(ge=1, le=MOST_SAMPLES)] | None = Field(
        default=None, description="Samples of the minibatch that the layers' times are for; the usual one."
    )
    operation_shares: dict[Label, Fraction] = Field(
        default_factory=dict, description="Share of the minibatch time that each operation takes; at most 1 in all."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [layer.name for layer in self.layers]
        if len(set(names)) < len(names):
            twice = next(name for name, count in Counter(names).items() if count > 1)
            raise FieldError(f"two layers are called '{twice}'", "layers")
        if math.fsum(self.operation_shares.values()) > 1 + 1e-9:
            raise FieldError("the shares add up to more than 1", "operation_shares")
        return self

    @model_validator(mode="after")
    def _add_up(self) -> Self:
        size = math.fsum(layer.parameters for layer in self.layers)
        if not self.layers and not self.parameters:
            raise FieldError("missing key 'parameters'; expected a size, such as '232.6 MiB', or layers")
        if self.layers and self.parameters not in (0, size):
            raise FieldError("differs from the sum of the layers", "parameters", "give parameters or layers, not both")
        if self.layers and not size:
            raise FieldError("the layers have no parameters at all", "layers")
        object.__setattr__(self, "parameters", size or self.parameters)  # frozen for everybody else
        return self

    @property
    def layers_time(self) -> float | None:
        """Forward and backward time of all layers [s], or None unless every layer has a forward time."""
        if not self.layers or any(layer.forward_time is None for layer in self.layers):
            return None
        return math.fsum((layer.forward_time or 0.0) + (layer.backward_time or 0.0) for layer in self.layers)


class Jitter(Options):
    """Random factors of mean 1 that compute times are multiplied by."""

    distribution: Literal["lognormal", "gamma", "exponential", "uniform"] = Field(
        default="lognormal", description="Distribution of the factors."
    )
    cv: NonNegativeNumber = Field(
        default=1.0, description="Standard deviation / mean; 1 for exponential, at most 0.577 for uniform."
    )
    per: Literal["update", "minibatch"] = Field(
        default="update", description="Whether a factor holds for all minibatches of an update, or for one."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.distribution == "exponential" and self.cv != 1:
            raise FieldError("an exponential distribution has a cv of 1", "cv", "leave cv out, or take gamma")
        if self.distribution == "uniform" and self.cv > 1 / math.sqrt(3):
            raise FieldError("a uniform factor that can't be negative has a cv of at most 0.577", "cv", "take gamma")
        if self.distribution != "exponential" and "cv" not in self.model_fields_set:
            raise FieldError("missing key 'cv'; expected a number of at least 0, such as 0.1")
        return self


class Compute(Options):
    """How long one device computes."""

    minibatch_time: PositiveDuration = Field(description="Time of one minibatch on one device of speed 1 (C).")
    minibatch: Annotated[int, Field(ge=1, le=MOST_SAMPLES)] = Field(description="Samples of one minibatch (B).")
    scaling: Literal["strong", "weak"] = Field(
        default="strong", description="strong: the minibatch is split among the workers; weak: each has a whole one."
    )
    jitter: Jitter | None = Field(default=None, description="Randomness of compute times.")
    device: Name | None = Field(
        default=None, description="Catalogue entry that gives minibatch_time and minibatch for the model."
    )


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


class ServerMachine(Options):
    """The machine of the parameter server."""

    cores: Cores = Field(default=1, description="Cores that decode and encode; 1: the streams of the workers in turn.")
    aggregation_rate: Rate | None = Field(default=None, description="Bytes averaged per second; infinite if not given.")


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


def _overhead_kind(value: object) -> str:
    return "map" if isinstance(value, Mapping) else "number"


Overhead = Annotated[
    Annotated[PositiveNumber, Tag("number")] | Annotated[dict[Label, PositiveNumber], Tag("map")],
    Discriminator(_overhead_kind),
]


class Compression(Options):
    """What is compressed, when, and at what price."""

    codec: CodecProfile = Field(description="A name of the catalogue, or a cost profile.")
    usage: Literal["every-update", "homomorphic", "one-time"] = Field(
        default="every-update",
        description="Encode at every update; or once, and compute on compressed data; or once, at no overhead.",
    )
    direction: Literal["push", "pull", "both"] = Field(default="both", description="Which transfers are compressed.")
    operation_overhead: Overhead = Field(
        default=1.0, description="Factor of the minibatch time on compressed data (h): a number, or one by operation."
    )

    @property
    def is_plain(self) -> bool:
        """Whether the parameters travel as they are."""
        return self.codec.profile == NO_CODEC

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.usage != "every-update" and not self.codec.averages_compressed:
            name = f"'{self.codec.profile}'" if self.codec.profile else "this codec"
            raise FieldError(
                f"what {name} compressed can't be averaged and updated without decoding it",
                "usage",
                "take every-update; or say 'averages_compressed: true' in the codec, if that is the hypothesis",
            )
        if self.usage == "one-time" and self.operation_overhead != 1:
            raise FieldError(
                "one-time is the ideal without overhead", "operation_overhead", "leave it out, or take homomorphic"
            )
        return self


def _options(value: object) -> object:
    if not isinstance(value, Options):
        raise FieldError("expected the options of a scheme or topology")
    return value


#: Options of a model that is known at run time only.
Chosen = Annotated[Any, AfterValidator(_options)]


class Scenario(Options):
    """One question: this training, on that cluster."""

    name: Name = Field(description="Name of the scenario; the stem of its file if not given.")
    description: Annotated[str, StringConstraints(max_length=10_000)] = Field(
        default="", description="What it asks, for people."
    )
    model: Model
    compute: Compute
    cluster: Cluster
    #: Options of the topology: whatever its module declares as ``OPTIONS``.
    network: Chosen
    #: Options of the scheme: whatever its module declares as ``OPTIONS``.
    training: Chosen
    compression: Compression
    seed: Annotated[int, Field(ge=0, le=MOST_SEED)] = Field(default=0, description="Seed of all random streams.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        overheads = self.compression.operation_overhead
        if isinstance(overheads, dict):
            shares = self.model.operation_shares
            for operation in overheads:
                if operation not in shares:
                    raise FieldError(
                        f"the model has no share of operation '{operation}'"
                        + (f"; it has {', '.join(shares)}" if shares else ""),
                        ("compression", "operation_overhead", operation),
                        nearest(operation, shares) or "give model.operation_shares",
                    )
        return self

    @property
    def overhead(self) -> float:
        """Factor of the minibatch time (h); 1 unless the usage is homomorphic."""
        if self.compression.usage != "homomorphic":
            return 1.0
        return self.composed_overhead

    @property
    def composed_overhead(self) -> float:
        """The operation overhead as a number: h = 1 + sum of share_k * (h_k - 1)."""
        overhead = self.compression.operation_overhead
        if not isinstance(overhead, dict):
            return overhead
        shares = self.model.operation_shares
        return 1 + math.fsum(shares[operation] * (factor - 1) for operation, factor in overhead.items())
