"""The tensors of a problem: how many there are, of which shape, and how much work each layer is.

Known without numpy, so that a scenario can say how large its model is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from simcluster.learning.options import ProblemOptions

#: Bytes of a parameter on the wire [B]: float32.
PARAMETER_BYTES = 4
#: Side of the convolution's filters, and of what is averaged behind them.
KERNEL, POOL = 3, 2


@dataclass(frozen=True)
class Tensor:
    """A tensor of parameters.

    Parameters
    ----------
    name : str
    shape : tuple of int
        Weights are outputs x inputs.
    """

    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of its elements."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class LayerSpec:
    """A layer.

    Parameters
    ----------
    name : str
    tensors : tuple of Tensor
    work : float
        Multiplications of one sample's forward pass.
    """

    name: str
    tensors: tuple[Tensor, ...]
    work: float

    @property
    def size(self) -> int:
        """Number of its parameters."""
        return sum(tensor.size for tensor in self.tensors)


def layers_of(problem: ProblemOptions, features: int, outputs: int) -> tuple[LayerSpec, ...]:
    """Return the layers of a problem, from the input on.

    Parameters
    ----------
    problem : ProblemOptions
    features : int
        Numbers of one sample; for ``cnn`` the pixels of a square picture.
    outputs : int
        Classes, or 1 for a regression or two classes told apart by one number.

    Raises
    ------
    ValueError
        If ``cnn`` is to see samples that are no square pictures of at least 4 x 4.
    """
    if problem.kind == "quadratic":
        return (LayerSpec("vector", (Tensor("vector", (problem.dimension,)),), problem.dimension),)
    if problem.kind == "cnn":
        side = math.isqrt(features)
        pooled = (side - KERNEL + 1) // POOL
        if side * side != features or not pooled:
            raise ValueError(f"a cnn takes square pictures of at least 4 x 4, not samples of {features} numbers")
        filters = problem.filters
        weights = (Tensor("filters", (filters, KERNEL * KERNEL)), Tensor("filters-bias", (filters,)))
        convolution = LayerSpec("convolution", weights, weights[0].size * (side - KERNEL + 1) ** 2)
        return (convolution, _dense("dense", filters * pooled * pooled, outputs))
    widths = [features, *(problem.hidden if problem.kind == "mlp" else ()), outputs]
    return tuple(_dense(f"dense-{place}", before, after) for place, (before, after) in enumerate(pairwise(widths)))


def _dense(name: str, inputs: int, outputs: int) -> LayerSpec:
    return LayerSpec(name, (Tensor(f"{name}-weights", (outputs, inputs)), Tensor(f"{name}-bias", (outputs,))),
                     inputs * outputs)


def tensors_of(layers: Sequence[LayerSpec]) -> tuple[Tensor, ...]:
    """Return all tensors in the order in which they lie in the vector of parameters."""
    return tuple(tensor for layer in layers for tensor in layer.tensors)
