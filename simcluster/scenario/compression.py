"""The section ``compression``: what is compressed, when, where, and at what price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from simcluster.codecs import CodecProfile
from simcluster.options import FieldError, Label, Options, PositiveNumber

#: The codec that does nothing: amending it makes another one.
NO_CODEC = "none"


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
    push: CodecProfile | None = Field(default=None, description="Codec of what workers send, if it is another one.")
    pull: CodecProfile | None = Field(default=None, description="Codec of what servers send, if it is another one.")
    runs_on: Literal["core", "device"] = Field(
        default="core", description="Where codecs of workers run: on a core, or on the device that computes."
    )
    operation_overhead: Overhead = Field(
        default=1.0, description="Factor of the minibatch time on compressed data (h): a number, or one by operation."
    )

    @property
    def push_codec(self) -> CodecProfile | None:
        """Codec of what workers send; None if they send it as it is."""
        return self._codec(self.push, "push")

    @property
    def pull_codec(self) -> CodecProfile | None:
        """Codec of what servers send; None if they send it as it is."""
        return self._codec(self.pull, "pull")

    def _codec(self, own: CodecProfile | None, direction: str) -> CodecProfile | None:
        codec = self.codec if own is None else own
        compressed = own is not None or self.usage != "every-update" or self.direction in (direction, "both")
        return codec if compressed and codec.profile != NO_CODEC else None

    @property
    def is_plain(self) -> bool:
        """Whether the parameters travel as they are in both directions."""
        return self.push_codec is None and self.pull_codec is None

    @model_validator(mode="after")
    def _check(self) -> Self:
        for direction in ("push", "pull"):
            if self.usage != "every-update" and getattr(self, direction) is not None:
                raise FieldError(
                    f"with usage {self.usage} the parameters stay compressed: both directions have one codec",
                    direction,
                    "leave it out, or take every-update",
                )
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
