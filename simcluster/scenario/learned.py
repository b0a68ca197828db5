"""What real training means for the rest of a scenario: its codecs must really encode, and its model may be its own.

With ``learning.coupling: own`` the clock moves the bytes of what is learned: the model's layers are those of the
problem. The minibatch time of ``compute`` is divided among them by their multiplications: a third of each layer's share
is its forward pass, two thirds its backward pass, which computes two products where the forward pass computes one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from simcluster.errors import UserInputError
from simcluster.learning.architecture import PARAMETER_BYTES, LayerSpec
from simcluster.learning.options import MOST_BATCH, MOST_HELD, LearningOptions
from simcluster.learning.sizing import layers_for
from simcluster.options import FieldError
from simcluster.scenario.compression import Compression
from simcluster.scenario.schema import Layer, Model, Scenario

_FORWARD = 1 / 3


def settle(scenario: Scenario) -> None:
    """Give a scenario that learns its own model, if that is what the clock moves, and see that its codecs encode.

    Raises
    ------
    FieldError
        If a codec is a cost profile alone, the samples can't be read or don't suit the problem, or a worker's
        minibatch or all workers' parameters are too large to be computed here.
    """
    learning = scenario.learning
    if learning is None:
        return
    check_encoders(scenario.compression)
    _check_batch(learning, scenario)
    specs = _specs(learning)
    _check_held(specs, scenario)
    if learning.coupling == "own":
        model = _learned_model(learning, specs, scenario.compute.minibatch_time)
        object.__setattr__(scenario, "model", model)  # frozen for everybody else


def batch_of(scenario: Scenario) -> int:
    """Return the samples of a worker's minibatch: with strong scaling its share of the whole one, at least one."""
    split = scenario.cluster.total_workers if scenario.compute.scaling == "strong" else 1
    return max(1, scenario.compute.minibatch // split)


def _check_batch(learning: LearningOptions, scenario: Scenario) -> None:
    if learning.batch is None and batch_of(scenario) > MOST_BATCH:
        raise FieldError(
            f"a worker's minibatch has {batch_of(scenario):,} samples, and at most {MOST_BATCH:,} can be learned from",
            ("learning",),
            "give learning.batch",
        )


def _check_held(specs: Sequence[LayerSpec], scenario: Scenario) -> None:
    size, workers = sum(spec.size for spec in specs), scenario.cluster.total_workers
    if size * workers > MOST_HELD:
        raise FieldError(
            f"{workers:,} workers with {size:,} parameters each; together at most {MOST_HELD:,} can be learned",
            ("learning",),
            "take fewer workers, or a smaller problem",
        )


def _specs(learning: LearningOptions) -> Sequence[LayerSpec]:
    try:
        return layers_for(learning)
    except UserInputError as error:
        raise FieldError(str(error), ("learning",)) from error


def _learned_model(learning: LearningOptions, specs: Sequence[LayerSpec], minibatch_time: float) -> Model:
    """Return the model whose bytes are those of what is learned.

    Parameters
    ----------
    learning : LearningOptions
    specs : sequence of LayerSpec
        Its layers.
    minibatch_time : float [s]
        Of the whole minibatch on one device of speed 1.
    """
    work = math.fsum(spec.work for spec in specs)
    layers = [
        Layer(
            name=spec.name,
            parameters=float(PARAMETER_BYTES * spec.size),
            forward_time=minibatch_time * spec.work / work * _FORWARD,
            backward_time=minibatch_time * spec.work / work * (1 - _FORWARD),
        )
        for spec in specs
    ]
    return Model(name=f"learned {learning.problem.kind}", layers=tuple(layers))


def check_encoders(compression: Compression) -> None:
    """See that every codec really encodes, so that values can pass through it.

    Raises
    ------
    FieldError
        If one is a cost profile alone, or parameters are to stay compressed.
    """
    if compression.is_plain:
        return
    if compression.usage != "every-update":
        raise FieldError(
            f"usage {compression.usage} is a hypothesis about costs: nothing can be learned through it",
            ("compression", "usage"),
            "take every-update, or leave out learning",
        )
    for field, codec in (("push", compression.push_codec), ("pull", compression.pull_codec)):
        if codec is not None and codec.encoder is None:
            own = getattr(compression, field) is not None
            raise FieldError(
                "learning needs a codec that really encodes, and this is a cost profile alone",
                ("compression", field if own else "codec"),
                "give it an 'encoder', such as {codec: 1-bit}, or take a codec of the catalogue",
            )
