"""The values of a part: a stretch of the vector of parameters, or of a gradient.

Numbers are float64, so that schemes that are equal on paper are equal to rounding; on the wire a parameter counts as
float32. Arrays are never changed once they are values: whoever holds one may keep it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from simcluster.cluster.messages import Part
from simcluster.learning.layout import Layout

Array = NDArray[np.float64]
#: A gradient; parameters that a worker contributes after local steps; parameters as they are.
Kind = Literal["gradient", "contribution", "parameters"]


#: What schemes hand back: a Vector, although their protocol of values doesn't say so.
Given = Any


class Vector:
    """Values of a part.

    Parameters
    ----------
    layout : Layout
    low : int
        The first element, in the whole vector.
    array : ndarray, shape (n,)
    kind : str
    known : ndarray, shape (n,), optional
        Of a contribution: the parameters before the local steps, which the receiver knows.
    terms : int
        How many contributions were added up.
    """

    __slots__ = ("_layout", "array", "kind", "known", "low", "terms")

    def __init__(
        self, layout: Layout, low: int, array: Array, kind: Kind, known: Array | None = None, terms: int = 1
    ) -> None:
        self._layout = layout
        self.low = low
        self.array = array
        self.kind = kind
        self.known = known
        self.terms = terms

    @property
    def high(self) -> int:
        """The element behind the last."""
        return self.low + len(self.array)

    @property
    def change(self) -> Array:
        """What a contribution changes, or the values themselves."""
        return self.array if self.known is None else self.array - self.known

    def __add__(self, other: Given) -> Vector:
        """Return the sum with other values of the same part."""
        known = None if self.known is None or other.known is None else self.known + other.known
        return self._having(self.array + other.array, known, self.terms + other.terms)

    def __mul__(self, factor: float) -> Vector:
        """Return all values times a number."""
        return self._having(self.array * factor, None if self.known is None else self.known * factor, self.terms)

    def piece(self, part: Part) -> Vector:
        """Return the values of a stretch of the part that these are."""
        low, high = self._layout.range_of(part)
        inside = slice(low - self.low, high - self.low)
        known = None if self.known is None else self.known[inside]
        return Vector(self._layout, low, self.array[inside], self.kind, known, self.terms)

    def join(self, others: Iterable[Given]) -> Vector:
        """Return these values and those of the stretches that follow, as one."""
        pieces: list[Vector] = [self, *others]
        known = [piece.known for piece in pieces if piece.known is not None]
        return self._having(
            np.concatenate([piece.array for piece in pieces]),
            np.concatenate(known) if len(known) == len(pieces) else None,
            self.terms,
        )

    def replaced(self, array: Array) -> Vector:
        """Return other values in the place of these: what became of them on the wire."""
        return self._having(array, self.known, self.terms)

    def _having(self, array: Array, known: Array | None, terms: int) -> Vector:
        return Vector(self._layout, self.low, array, self.kind, known, terms)
