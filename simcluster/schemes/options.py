"""Options that every scheme understands."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from simcluster.options import Duration, FieldError, Options, PositiveSize

#: Limit of updates of one run: far above what anybody waits for, and far below what overflows.
MOST_UPDATES = 10_000_000
MOST_ITERATIONS = 1_000_000


class SchemeOptions(Options):
    """The part of ``training`` that all schemes share."""

    #: Whether the scheme has parameter servers.
    uses_servers: ClassVar[bool] = False
    #: Whether gradients can be applied one update later, behind the next minibatch.
    buffers: ClassVar[bool] = False
    #: Whether all workers can agree on something before they encode, as some codecs need.
    agrees: ClassVar[bool] = False
    #: Whether the scheme goes on by itself when a worker crashes.
    goes_on: ClassVar[bool] = False
    #: Whether a worker never has two messages to encode or decode at a time, however many parts there are.
    one_at_a_time: ClassVar[bool] = False
    #: Whether parts can be exchanged while others are still computed.
    overlaps: ClassVar[bool] = True

    local_iterations: Annotated[int, Field(ge=1, le=MOST_ITERATIONS)] = Field(
        default=1, description="Minibatches that a worker computes for one update (i)."
    )
    updates: Annotated[int, Field(ge=1, le=MOST_UPDATES)] = Field(
        default=10, description="Global updates to simulate."
    )
    samples_per_epoch: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Samples of one pass over the training data; gives the time of an epoch."
    )
    exchange: Literal["parameters", "gradients"] = Field(
        default="parameters", description="What workers contribute; both have the same size."
    )
    overlap: Literal["none", "backward", "full"] = Field(
        default="none",
        description="Send layer by layer during the backward pass; full: begin the next forward pass so, too.",
    )
    bucket_size: PositiveSize | None = Field(
        default=None, description="Gradients that are sent together, with overlap; a layer each if not given."
    )
    bucket_time: Duration | None = Field(
        default=None, description="After which a bucket is sent even if it isn't full."
    )
    slice_size: PositiveSize | None = Field(
        default=None, description="Largest message: larger parts are sliced, to be encoded, sent and decoded in turns."
    )
    order: Literal["fifo", "priority"] = Field(
        default="fifo", description="Which part a connection sends next; priority: what the next forward needs first."
    )
    double_buffering: bool = Field(
        default=False, description="Apply each update one minibatch later, and communicate behind it: staleness 1."
    )

    @property
    def slices(self) -> bool:
        """Whether parameters are exchanged in several messages."""
        return self.overlap != "none" or self.slice_size is not None

    def contributions(self, workers: int) -> int:
        """Return how many workers' contributions one update has: all, unless the scheme says otherwise."""
        return workers

    def check_workers(self, workers: int) -> None:
        """See that the scheme can do with so many workers: any can, unless the scheme says otherwise.

        Raises
        ------
        FieldError
            If it can't, with the path of the field in the scenario.
        """

    def spectral_gap(self, workers: int) -> float | None:
        """Return the spectral gap of the matrix by which workers average; None in schemes that don't gossip."""
        return None

    @model_validator(mode="after")
    def _check_modifiers(self) -> Self:
        scheme = getattr(self, "scheme", "this scheme")
        if self.double_buffering and not self.buffers:
            raise FieldError(f"scheme '{scheme}' has no barrier that double buffering could hide", "double_buffering")
        if self.double_buffering and self.exchange == "parameters":
            raise FieldError(
                "parameters that are averaged one update late would undo the update between",
                "double_buffering",
                "say 'exchange: gradients'",
            )
        if self.overlap != "none" and not self.overlaps:
            raise FieldError(
                f"scheme '{scheme}' exchanges whole models behind the computation already", "overlap", "leave it out"
            )
        return self
