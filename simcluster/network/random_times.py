"""Times that are random, by their distribution and mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from simcluster.options import FieldError, Options, PositiveDuration, PositiveNumber

if TYPE_CHECKING:
    import numpy as np

#: Parameters of the distributions besides their mean: what they are called in the literature, and from where on.
_SHAPES = {
    "exponential": None,
    "weibull": ("its shape k", 0.0),
    "lognormal": ("the sigma of its logarithm", 0.0),
    "pareto": ("its exponent alpha", 1.0),
}


class RandomTime(Options):
    """A random time, by its mean."""

    distribution: Literal["exponential", "weibull", "lognormal", "pareto"] = Field(description="Its distribution.")
    mean: PositiveDuration = Field(description="Its mean.")
    shape: PositiveNumber | None = Field(
        default=None, description="weibull: k; lognormal: sigma of the logarithm; pareto: alpha, above 1."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        shape = _SHAPES[self.distribution]
        if shape is None and self.shape is not None:
            raise FieldError("an exponential time has no shape", "shape", "leave it out")
        if shape is not None and (self.shape is None or self.shape <= shape[1]):
            raise FieldError(f"a {self.distribution} time needs {shape[0]}, above {shape[1]:g}", "shape")
        return self

    def draw(self, rng: np.random.Generator) -> float:
        """Return one time [s]."""
        shape = self.shape or 1.0
        match self.distribution:
            case "exponential":
                return float(rng.exponential(self.mean))
            case "weibull":
                return float(rng.weibull(shape)) * self.mean / math.gamma(1 + 1 / shape)
            case "lognormal":
                return float(rng.lognormal(math.log(self.mean) - shape * shape / 2, shape))
            case "pareto":
                return (1 + float(rng.pareto(shape))) * self.mean * (shape - 1) / shape


def _kind(value: object) -> str:
    return "random" if isinstance(value, Mapping | RandomTime) else "fixed"


#: A time that is always the same, or random.
SomeTime = Annotated[
    Annotated[PositiveDuration, Tag("fixed")] | Annotated[RandomTime, Tag("random")], Discriminator(_kind)
]
