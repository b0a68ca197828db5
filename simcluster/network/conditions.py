"""What real networks add to an ideal one, whatever the topology: the options, and what they do to each transfer.

Modelled: goodput (headers, or a measured effective bandwidth), bytes that each message costs besides, a window that
caps a transfer at window / round-trip time, unfairness of flows that share a bottleneck (real TCP flows don't share
equally over seconds), disciplines, background traffic and bandwidth that changes (``variation``). Left out: loss and
slow start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from simcluster.network.variation import Background, Change
from simcluster.options import FieldError, NonNegativeNumber, Number, Options, PositiveSize, Size
from simcluster.rng import stream

if TYPE_CHECKING:
    import numpy as np

    from simcluster.network.flow import Flow

#: A source and its destinations.
Ends = tuple[str, tuple[str, ...]]
#: What happens to each transfer before it starts: called with the flow, its ends and the priority that was asked for.
Treatment = Callable[["Flow", Ends, int], None]


class NetworkOptions(Options):
    """Options that all topologies share."""

    discipline: Annotated[
        Literal["fair", "fifo", "priority"],
        Field(description="Who goes first on a link that can't serve all: fair, fifo, or strictly by priority."),
    ] = "fair"
    goodput: Annotated[
        Number,
        Field(gt=0, le=1, description="Payload as a fraction of the wire rate; 0.9415 for TCP over Ethernet."),
    ] = 1.0
    message_overhead: Annotated[Size, Field(description="Bytes that each transfer moves besides its own.")] = 0.0
    window: Annotated[
        PositiveSize | None, Field(description="Bytes in flight at most: caps a transfer at window / (2 x latency).")
    ] = None
    unfairness: Annotated[
        NonNegativeNumber,
        Field(le=10, description="Coefficient of variation of the shares that flows get of a common bottleneck."),
    ] = 0.0
    background: Annotated[tuple[Background, ...], Field(description="Traffic of others, by link.")] = ()
    schedule: Annotated[tuple[Change, ...], Field(description="Changes of bandwidth, by link.")] = ()

    @property
    def ideal(self) -> bool:
        """Whether none of these options departs from its default."""
        return all(getattr(self, name) == field.default for name, field in NetworkOptions.model_fields.items())

    @property
    def has_latency(self) -> bool:
        """Whether a transfer may wait before its first byte moves."""
        return any(getattr(self, name) > 0 for name in type(self).model_fields if name.endswith("latency"))

    @model_validator(mode="after")
    def _window_needs_latency(self) -> Self:
        if self.window is not None and not self.has_latency:
            raise FieldError("has no effect without latency", "window", "give the network a latency")
        return self

    @model_validator(mode="after")
    def _unfair_only_if_shared(self) -> Self:
        if self.unfairness and self.discipline == "fifo":
            raise FieldError("has no effect with the discipline fifo, which shares nothing", "unfairness", "remove one")
        return self


def treatments(options: NetworkOptions, seed: int) -> Sequence[Treatment]:
    """Return what happens to each transfer; nothing at all under ideal conditions."""
    found: list[Treatment] = []
    if options.discipline == "priority":
        found.append(_by_priority)
    if options.discipline == "fifo":
        found.append(_in_order)
    if options.message_overhead:
        found.append(Overhead(options.message_overhead))
    if options.unfairness:
        found.append(Unfairness(options.unfairness, seed))
    return found


def _by_priority(flow: Flow, ends: Ends, priority: int) -> None:
    flow.priority = priority


def _in_order(flow: Flow, ends: Ends, priority: int) -> None:
    flow.priority = flow.rank


class Overhead:
    """Adds bytes to what a transfer moves.

    Parameters
    ----------
    size : float [B]
        Bytes of each message besides its own.
    """

    def __init__(self, size: float) -> None:
        self._size = size

    def __call__(self, flow: Flow, ends: Ends, priority: int) -> None:
        """Add the overhead to a flow."""
        flow.wire += self._size


class Unfairness:
    """Draws the weight of each transfer from a gamma distribution of mean 1.

    Parameters
    ----------
    cv : float
        Coefficient of variation.
    seed : int
        The scenario's seed; each pair of endpoints has its own stream: one more worker changes no other's draws.
    """

    def __init__(self, cv: float, seed: int) -> None:
        self._shape = cv**-2
        self._seed = seed
        self._streams: dict[Ends, np.random.Generator] = {}

    def __call__(self, flow: Flow, ends: Ends, priority: int) -> None:
        """Multiply the weight of a flow by a draw."""
        generator = self._streams.get(ends)
        if generator is None:
            name = f"{ends[0]}>{','.join(ends[1])}"
            generator = self._streams[ends] = stream(self._seed, name, "unfairness")
        # A draw of (nearly) zero would stop a flow for ever.
        flow.weight *= max(float(generator.gamma(self._shape)) / self._shape, 1e-3)
