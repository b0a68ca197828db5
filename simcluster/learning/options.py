"""The ``learning`` section of a scenario: what is really trained while the clock is simulated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from simcluster.learning.conditions import Condition, Goal
from simcluster.options import DataFile, FieldError, NonNegativeNumber, Options, PositiveNumber

MOST_WIDTH = 10_000
MOST_LAYERS = 20
MOST_SAMPLES = 1_000_000
#: Most numbers of all synthetic samples together.
MOST_NUMBERS = 50_000_000
#: Most samples of a worker's minibatch: the values of all layers are held for each.
MOST_BATCH = 16_384
#: Most parameters of a problem: a run computes them in this process, for every worker.
MOST_PARAMETERS = 20_000_000
#: Most parameters of all workers together; each holds them three times, and more with a codec.
MOST_HELD = 50_000_000


def _listed(given: object) -> object:
    """Return one condition that stands alone as a list of one."""
    return [given] if isinstance(given, str) else given


_AtMostThree = Annotated[tuple[Condition, ...], Field(max_length=3, strict=False)]
Conditions = Annotated[
    _AtMostThree,
    BeforeValidator(_listed, json_schema_input_type=Condition | _AtMostThree),
]
Width = Annotated[int, Field(ge=1, le=MOST_WIDTH)]
Share = Annotated[PositiveNumber, Field(lt=1)]

Kind = Literal["quadratic", "linear", "logistic", "softmax", "mlp", "cnn"]
#: Problems that tell classes apart.
CLASSIFIERS = ("logistic", "softmax", "mlp", "cnn")


class ProblemOptions(Options):
    """What is learned."""

    kind: Kind = Field(default="mlp", description="The function that is fitted.")
    hidden: Annotated[tuple[Width, ...], Field(min_length=1, max_length=MOST_LAYERS, strict=False)] = Field(
        default=(64,), description="Units of each hidden layer (mlp)."
    )
    activation: Literal["relu", "tanh"] = Field(default="relu", description="What hidden units do (mlp).")
    filters: Width = Field(default=8, description="Filters of the convolution (cnn).")
    dimension: Width = Field(default=100, description="Parameters (quadratic).")
    condition: Annotated[PositiveNumber, Field(ge=1)] = Field(
        default=10.0, description="Largest curvature / smallest; the largest is 1 (quadratic)."
    )
    noise: NonNegativeNumber = Field(
        default=1.0, description="Standard deviation of each element of one sample's gradient (quadratic)."
    )
    spread: NonNegativeNumber = Field(
        default=0.0, description="Standard deviation of the workers' own optima about the common one (quadratic)."
    )


class DataOptions(Options):
    """What it is learned from."""

    source: Literal["digits", "synthetic", "file"] = Field(
        default="digits", description="scikit-learn's packaged digits, random samples, or an own file."
    )
    file: DataFile | None = Field(
        default=None, description="An .npz file with the arrays 'inputs' and 'targets', a row a sample (file)."
    )
    samples: Annotated[int, Field(ge=2, le=MOST_SAMPLES)] = Field(default=2000, description="Samples (synthetic).")
    features: Width = Field(default=20, description="Numbers of a sample (synthetic).")
    classes: Annotated[int, Field(ge=2, le=1000)] = Field(default=4, description="Classes (synthetic).")
    separation: PositiveNumber = Field(
        default=3.0, description="Distance of a class's mean from 0, in standard deviations of a feature (synthetic)."
    )
    noise: NonNegativeNumber = Field(
        default=0.1, description="Standard deviation of what a linear function can't explain (synthetic, linear)."
    )
    test_share: Share = Field(default=0.2, description="Share of the samples that is kept for evaluation.")
    seed: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Seed of synthetic samples and of the split; replications share the data."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.source == "file" and self.file is None:
            raise FieldError("missing key 'file'; expected the name of an .npz file")
        if self.samples * self.features > MOST_NUMBERS:
            raise FieldError(f"samples of more than {MOST_NUMBERS:,} numbers in all", "samples")
        return self


class ShardOptions(Options):
    """Who has which samples."""

    kind: Literal["iid", "dirichlet", "classes"] = Field(
        default="iid", description="At random; each class divided at random shares; or few classes for each worker."
    )
    alpha: PositiveNumber = Field(default=0.5, description="The smaller, the more unequal the shares (dirichlet).")
    classes: Annotated[int, Field(ge=1, le=1000)] = Field(default=2, description="Classes of each worker (classes).")


class OptimiserOptions(Options):
    """Stochastic gradient descent."""

    rate: PositiveNumber = Field(default=0.1, description="Learning rate.")
    momentum: Annotated[NonNegativeNumber, Field(lt=1)] = Field(default=0.0, description="Factor of the last step.")
    nesterov: bool = Field(default=False, description="Whether the momentum looks ahead.")
    weight_decay: NonNegativeNumber = Field(default=0.0, description="Added to the gradient, times the parameters.")
    schedule: Literal["constant", "step", "cosine", "inverse"] = Field(
        default="constant", description="How the rate changes over the steps."
    )
    factor: Annotated[PositiveNumber, Field(lt=1)] = Field(default=0.1, description="Of each fall (step).")
    period: Annotated[int, Field(ge=1)] = Field(
        default=1000, description="Steps to a fall (step), to 0 (cosine), or to half the rate (inverse)."
    )
    warm_up: Annotated[int, Field(ge=0)] = Field(default=0, description="Steps in which the rate rises linearly.")


class LearningOptions(Options):
    """Real training under the simulated clock."""

    coupling: Literal["own", "stand-in"] = Field(
        description="own: the clock moves this problem's own bytes; stand-in: those of the scenario's model."
    )
    problem: ProblemOptions = Field(default_factory=ProblemOptions, description="What is learned.")
    data: DataOptions = Field(default_factory=DataOptions, description="What it is learned from.")
    shards: ShardOptions = Field(default_factory=ShardOptions, description="Who has which samples.")
    batch: Annotated[int, Field(ge=1, le=MOST_BATCH)] | None = Field(
        default=None, description="Samples of a worker's minibatch; as compute.minibatch and scaling say if not given."
    )
    sampling: Literal["shuffle", "replacement"] = Field(
        default="shuffle", description="Every sample once before any comes again, or each drawn at random."
    )
    optimiser: OptimiserOptions = Field(default_factory=OptimiserOptions, description="How it is learned.")
    error_feedback: bool = Field(
        default=True, description="Whether codecs that feed back what they lost may do so; false shows what it is for."
    )
    evaluate_every: Annotated[int, Field(ge=1)] = Field(default=10, description="Updates between two evaluations.")
    every_worker: bool = Field(default=False, description="Whether each worker's parameters are evaluated, too.")
    target: Goal | None = Field(
        default=None, description="What time_to_target_s is for; the first goal of stop_when if not given."
    )
    stop_when: Conditions = Field(
        default=(), description="Ends the training before training.updates, as soon as one of these holds."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        kind = self.problem.kind
        goals = [("target", self.target), *(("stop_when", one) for one in self.stop_when)]
        for field, goal in goals:
            if goal is not None and goal.quantity == "accuracy" and kind not in CLASSIFIERS:
                raise FieldError(f"problem '{kind}' has no accuracy", field, "give a bound on the loss")
        if kind == "linear" and self.data.source == "digits":
            raise FieldError("the digits are classes", ("problem", "kind"), "take softmax, or synthetic data")
        if kind == "logistic" and (self.data.source == "digits" or self._classes not in (None, 2)):
            raise FieldError("logistic regression tells two classes apart", ("problem", "kind"), "take softmax")
        if kind == "quadratic" and self.shards.kind != "iid":
            raise FieldError("the quadratic has no samples to share out", ("shards", "kind"), "give problem.spread")
        return self

    @property
    def _classes(self) -> int | None:
        return self.data.classes if self.data.source == "synthetic" else None

    @property
    def goal(self) -> Condition | None:
        """What the time to target is for."""
        if self.target is not None:
            return self.target
        return next((one for one in self.stop_when if one.quantity != "time"), None)


_OF_PROBLEM = {
    "hidden": ("mlp",),
    "activation": ("mlp",),
    "filters": ("cnn",),
    "dimension": ("quadratic",),
    "condition": ("quadratic",),
    "noise": ("quadratic",),
    "spread": ("quadratic",),
}
_OF_DATA = {
    "file": ("file",),
    "samples": ("synthetic",),
    "features": ("synthetic",),
    "classes": ("synthetic",),
    "separation": ("synthetic",),
    "noise": ("synthetic",),
}
_OF_SHARDS = {"alpha": ("dirichlet",), "classes": ("classes",)}
_OF_SCHEDULE = {"factor": ("step",), "period": ("step", "cosine", "inverse")}


def idle_keys(options: LearningOptions) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the settings that have no effect beside the others, as paths below ``learning``, each with the reason."""
    chosen = (
        ("problem", "kind", options.problem.kind, _OF_PROBLEM),
        ("data", "source", options.data.source, _OF_DATA),
        ("shards", "kind", options.shards.kind, _OF_SHARDS),
        ("optimiser", "schedule", options.optimiser.schedule, _OF_SCHEDULE),
    )
    for section, choice, value, owners in chosen:
        for key, takers in owners.items():
            if value not in takers:
                yield (section, key), f"{section}.{choice} '{value}' doesn't take it"
    kind = options.problem.kind
    if kind == "quadratic":
        yield ("data",), "problem 'quadratic' has no samples"
        yield ("sampling",), "problem 'quadratic' has no samples"
    if options.data.source == "synthetic":
        for key in ("classes", "separation") if kind == "linear" else ("noise",):
            yield ("data", key), f"problem '{kind}' doesn't take it"
    if options.optimiser.nesterov and not options.optimiser.momentum:
        yield ("optimiser", "nesterov"), "there is no momentum"
