"""Where the bytes of the clock's model lie in the vector of what is really learned.

Parts come from the clock: stretches of the bytes of its model. An edge at byte ``b`` of ``W`` lies at element
``b * n / W`` of the ``n`` that are learned, rounded to whole ones; since neighbouring parts share their edge, they tile
the vector exactly. With coupling ``own``, W is 4 n and edges between parameters are met exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from simcluster.cluster.messages import Part
from simcluster.learning.architecture import Tensor

#: Digits to which an edge is rounded first, so that the float error of a sum can't move it to another element.
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Stretch:
    """Elements of one tensor within a part.

    Parameters
    ----------
    low, high : int
        Elements, counted from the beginning of the part.
    shape : tuple of int
        The tensor's shape, or (high - low,) where the part cuts it.
    """

    low: int
    high: int
    shape: tuple[int, ...]


class Layout:
    """Maps parts to elements.

    Parameters
    ----------
    tensors : sequence of Tensor
        What is learned, in order.
    model_size : float [B]
        Bytes of the clock's model.
    """

    def __init__(self, tensors: Sequence[Tensor], model_size: float) -> None:
        self._tensors = tensors
        self.size = sum(tensor.size for tensor in tensors)
        self._elements_per_byte = self.size / model_size
        self._ranges: dict[tuple[float, float], tuple[int, int]] = {}
        self._stretches: dict[tuple[int, int], list[Stretch]] = {}

    def range_of(self, part: Part) -> tuple[int, int]:
        """Return the first element of a part, and the one behind its last."""
        key = (part.start, part.size)
        found = self._ranges.get(key)
        if found is None:
            found = self._ranges[key] = (self._element(part.start), self._element(part.start + part.size))
        return found

    def _element(self, byte: float) -> int:
        place = math.floor(round(byte * self._elements_per_byte, _DIGITS) + 0.5)
        return min(max(place, 0), self.size)

    def stretches(self, low: int, high: int) -> list[Stretch]:
        """Return the tensors, or pieces of them, of which a range of elements consists."""
        found = self._stretches.get((low, high))
        if found is None:
            found = self._stretches[low, high] = self._cut(low, high)
        return found

    def _cut(self, low: int, high: int) -> list[Stretch]:
        stretches, begin = [], 0
        for tensor in self._tensors:
            end = begin + tensor.size
            first, last = max(begin, low), min(end, high)
            if first < last:
                whole = last - first == tensor.size
                stretches.append(Stretch(first - low, last - low, tensor.shape if whole else (last - first,)))
            begin = end
        return stretches
