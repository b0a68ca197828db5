"""The sections of a scenario: frozen models that validate themselves.

The options of ``network`` and ``training`` belong to the chosen topology and scheme, which declare them in their own
files. Values are in base units: bytes, bytes per second, seconds, watts.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from simcluster.cluster.faults import Fault
from simcluster.learning.options import LearningOptions
from simcluster.options import (
    Duration,
    FieldError,
    Label,
    Name,
    NonNegativeNumber,
    Number,
    Options,
    PositiveDuration,
    PositiveSize,
    Size,
)
from simcluster.scenario.compression import Compression
from simcluster.scenario.fitting import CHECKS
from simcluster.scenario.machines import Cluster
from simcluster.schemes.supervision import Recovery

MOST_LAYERS = 10_000
MOST_SAMPLES = 10**12
MOST_FAULTS = 10_000
MOST_EVENTS = 10**15
MOST_SEED = 2**63 - 1

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


def _options(value: object) -> object:
    if not isinstance(value, Options):
        raise FieldError("expected the options of a scheme or topology")
    return value


#: Options of a model that is known at run time only.
Chosen = Annotated[Any, AfterValidator(_options)]


class Budget(Options):
    """What a simulation may take; one that takes more is ended with what it has, as incomplete."""

    events: Annotated[int, Field(ge=1, le=MOST_EVENTS)] | None = Field(
        default=None, description="Events that it may process."
    )
    wall_time: PositiveDuration | None = Field(default=None, description="Time on the clock of the wall.")


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
    learning: LearningOptions | None = Field(default=None, description="Real training under the simulated clock.")
    faults: Annotated[tuple[Fault, ...], Field(max_length=MOST_FAULTS)] = Field(
        default=(), description="What goes wrong: crashes, slow phases, links that lose capacity."
    )
    recovery: Recovery = Field(default_factory=Recovery, description="What the training does about crashes.")
    budget: Budget = Field(default_factory=Budget, description="What the simulation may take, before it is ended.")
    seed: Annotated[int, Field(ge=0, le=MOST_SEED)] = Field(default=0, description="Seed of all random streams.")

    @model_validator(mode="after")
    def _learn(self) -> Self:
        if self.learning is not None:
            from simcluster.scenario.learned import settle  # it needs the sections above

            settle(self)
        return self

    @model_validator(mode="after")
    def _check(self) -> Self:
        for check in CHECKS:
            check(self)
        return self

    @property
    def servers(self) -> int:
        """Number of parameter servers, wherever they run; none in schemes without."""
        if not self.training.uses_servers:
            return 0
        machine = self.cluster.server
        return machine.shards or (self.cluster.total_workers if machine.placement == "colocated" else 1)

    @property
    def own_servers(self) -> int:
        """Number of parameter servers that are machines of their own."""
        return 0 if self.cluster.server.placement == "colocated" else self.servers

    @property
    def contributing_share(self) -> float:
        """Share of the workers that contributes to one update: schemes mean different things by an update."""
        workers = self.cluster.total_workers
        contributions: int = self.training.contributions(workers)
        return contributions / workers

    @property
    def can_crash(self) -> bool:
        """Whether machines may crash, or checkpoints are written."""
        return self.recovery.checkpoint_interval is not None or any(fault.kind == "crash" for fault in self.faults)

    @property
    def can_slow_down(self) -> bool:
        """Whether workers may be slow for a while."""
        return any(fault.kind == "slow" for fault in self.faults)

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
