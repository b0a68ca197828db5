"""What is exchanged when: the parts of the parameters, and their places in the forward and the backward pass.

Without overlap the parts are ready when the last backward pass is over, and all must be back before the next forward
pass. With overlap, gradients become ready layer by layer in the backward pass, from the last layer to the first
(wait-free back-propagation), and are sent in buckets; the next forward pass may start layer by layer too, each as soon
as its own parameters are back. How much of the communication that hides is nowhere said: it emerges.

Buckets are filled in the order of the backward pass until they hold ``bucket_size`` bytes (of whole layers, so that
they may hold more), ``bucket_time`` has passed since their first gradient (in the middle of a layer, if need be), or
the pass is over. The times are those of the layers on a device of speed 1 without jitter: so all workers fill the same
buckets, as collective operations need.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from simcluster.cluster.messages import Part
from simcluster.schemes.options import SchemeOptions

#: Shares of a minibatch that are the same, but for rounding.
_TIE = 1e-12


@dataclass(frozen=True)
class LayerTimes:
    """What a plan needs of a layer.

    Parameters
    ----------
    size : float [B]
        Its parameters.
    forward, backward : float
        Its passes, as shares of the time of a minibatch.
    """

    size: float
    forward: float
    backward: float


@dataclass(frozen=True)
class ModelShape:
    """What a plan needs of a model.

    Parameters
    ----------
    size : float [B]
        All its parameters.
    minibatch_time : float [s]
        On a device of speed 1.
    layers : sequence of LayerTimes
        From the input on; empty if their times are unknown.
    """

    size: float
    minibatch_time: float
    layers: Sequence[LayerTimes] = ()


@dataclass(frozen=True)
class Step:
    """A stretch of a pass.

    Parameters
    ----------
    share : float
        Its share of the time of a minibatch.
    parts : tuple of int
        Forward: what must be back before it; backward: what is ready after it. Indices into ``Plan.parts``.
    """

    share: float
    parts: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """What is exchanged when.

    Parameters
    ----------
    parts : tuple of Part
        In the order in which they become ready.
    forward, backward : tuple of Step
        The passes of one minibatch.
    """

    parts: tuple[Part, ...]
    forward: tuple[Step, ...]
    backward: tuple[Step, ...]

    @property
    def is_single(self) -> bool:
        """Whether everything is exchanged at once, after computing."""
        return len(self.parts) == 1


def build_plan(options: SchemeOptions, model: ModelShape) -> Plan:
    """Return the plan of a scheme for a model.

    Raises
    ------
    ValueError
        If the options ask for overlap, and the times of the layers are unknown.
    """
    if options.overlap == "none":
        return _all_at_once(options, model)
    if not model.layers:
        raise ValueError("overlap needs the forward and backward time of every layer")
    return _layer_by_layer(options, model)


def _all_at_once(options: SchemeOptions, model: ModelShape) -> Plan:
    parts = tuple(_slices(Part(0.0, model.size), options.slice_size))
    everything = tuple(range(len(parts)))
    return Plan(parts, (Step(1.0, everything),), (Step(0.0, everything),))


def _layer_by_layer(options: SchemeOptions, model: ModelShape) -> Plan:
    layers = model.layers
    starts = [0.0, *accumulate(layer.size for layer in layers)]
    parts: list[Part] = []
    backward: list[Step] = []
    #: Parts that hold parameters of a layer, by layer.
    holders: list[list[int]] = [[] for _ in layers]
    for first, last, share in _buckets(options, model):
        priority = first if options.order == "priority" else 0
        bucket = Part(starts[first], starts[last + 1] - starts[first], priority)
        numbers = []
        for part in _slices(bucket, options.slice_size) if bucket.size else ():
            numbers.append(len(parts))
            for place in range(first, last + 1):
                if layers[place].size and starts[place] < part.start + part.size and part.start < starts[place + 1]:
                    holders[place].append(len(parts))
            parts.append(part)
        backward.append(Step(share, tuple(numbers)))
    return Plan(tuple(parts), tuple(_forward(options, layers, holders, len(parts))), tuple(backward))


def _buckets(options: SchemeOptions, model: ModelShape) -> Iterator[tuple[int, int, float]]:
    """Yield the first and last layer of each bucket, in the order of the backward pass; they tile the layers.

    The third is the share of a minibatch from when the bucket before is ready until this one is.
    """
    limit = math.inf if options.bucket_time is None else options.bucket_time / model.minibatch_time
    unlimited = options.bucket_size is None and options.bucket_time is None
    last, size, waited = len(model.layers) - 1, 0.0, 0.0
    #: What computes from when the bucket before is ready until this one is [shares of a minibatch].
    pieces: list[float] = []
    for place in reversed(range(len(model.layers))):
        layer = model.layers[place]
        left = layer.backward
        if size and limit - waited < left - _TIE:
            # Its time is over in the middle of this layer, whose gradient comes too late for it.
            yield place + 1, last, math.fsum([*pieces, limit - waited])
            left -= limit - waited
            last, size, waited, pieces = place, 0.0, 0.0, []
        pieces.append(left)
        waited += left if size else 0.0
        size += layer.size
        full = options.bucket_size is not None and size >= options.bucket_size
        if place == 0 or (size and (unlimited or full or waited >= limit)):
            yield place, last, math.fsum(pieces)
            last, size, waited, pieces = place - 1, 0.0, 0.0, []


def _slices(part: Part, size: float | None) -> list[Part]:
    """Return a part in equal stretches of at most a size [B], without those that rounding up leaves empty."""
    slices = part.split(1 if size is None else max(1, math.ceil(part.size / size)))
    return [one for one in slices if one.size] or [part]


def _forward(
    options: SchemeOptions, layers: Sequence[LayerTimes], holders: Sequence[Sequence[int]], count: int
) -> Iterator[Step]:
    """Yield the steps of the forward pass: a new one wherever another part is needed."""
    if options.overlap == "backward":
        yield Step(math.fsum(layer.forward for layer in layers), tuple(range(count)))
        return
    seen: set[int] = set()
    share = 0.0
    needs: tuple[int, ...] = ()
    for layer, parts in zip(layers, holders, strict=True):
        new = tuple(part for part in parts if part not in seen)
        if new:
            if share or needs:
                yield Step(share, needs)
            share, needs = 0.0, new
            seen.update(new)
        share += layer.forward
    yield Step(share, needs)
