"""What travels: parts of the parameters, the values in them, and the messages that carry them.

A simulation without real training moves no values, only their sizes: :data:`NOTHING` stands for them then.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, Self


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the parameters that is sent as one message.

    Parameters
    ----------
    start : float [B]
        Where in the model it begins.
    size : float [B]
        Its uncompressed size.
    priority : int
        Who goes first where messages wait for their turn: lower goes first. The parts that the next forward pass needs
        first have the lowest.
    """

    start: float
    size: float
    priority: int = 0

    def split(self, count: int) -> list[Part]:
        """Return so many stretches of it, all of ceil(size / count) bytes but the last ones, which may be empty."""
        if count == 1:
            return [self]
        each = math.ceil(self.size / count)
        edges = [min(place * each, self.size) for place in range(count + 1)]
        return [
            Part(self.start + low, high - low, self.priority)
            for low, high in pairwise(edges)
        ]


class Values(Protocol):
    """The values of one part: parameters, gradients, or what became of them on their way."""

    def __add__(self, other: Any) -> Self:
        """Return the sum with other values of the same part."""

    def __mul__(self, factor: float) -> Self:
        """Return all values times a number."""

    def piece(self, part: Part) -> Values:
        """Return the values of a stretch of the part that these are."""

    def join(self, others: Iterable[Values]) -> Values:
        """Return these values and those of the stretches that follow, as one."""


class Nothing:
    """The values that a simulation without real training moves."""

    __slots__ = ()

    def __add__(self, other: object) -> Self:
        return self

    def __mul__(self, factor: float) -> Self:
        return self

    def piece(self, part: Part) -> Nothing:
        """Return nothing."""
        return self

    def join(self, others: Iterable[Values]) -> Nothing:
        """Return nothing."""
        return self


NOTHING = Nothing()


def mean(contributions: Sequence[Values]) -> Values:
    """Return the mean of several values of one part, added up in their order."""
    total = contributions[0]
    for one in contributions[1:]:
        total = total + one
    return total * (1 / len(contributions))


@dataclass(frozen=True, slots=True)
class Message:
    """A part on its way.

    Parameters
    ----------
    part : Part
    size : float [B]
        Bytes on the wire.
    values : Values
        What the receiver has when it has decoded the message.
    """

    part: Part
    size: float
    values: Values = NOTHING


class Coder(Protocol):
    """Makes messages of values: says how many bytes they are, and what a receiver gets out of them.

    It knows no time: what encoding costs is in the profile.
    """

    def message(self, sender: str, part: Part, values: Values, to: str) -> Message:
        """Return the message that ``sender`` makes of the values of a part.

        Parameters
        ----------
        sender : str
            The machine that encodes.
        part : Part
        values : Values
        to : str
            Who receives it, if its content depends on what the receiver has already; empty if all receivers have the
            same.
        """

    def propose(self, sender: str, part: Part, values: Values, size: float) -> float:
        """Take what ``sender`` contributes to an agreement about a part, before all encode it.

        Parameters
        ----------
        sender : str
        part : Part
        values : Values
            What it is about to encode.
        size : float [B]
            Bytes of the proposal, by the cost profile.

        Returns
        -------
        float [B]
            Bytes on the wire.
        """


class PlainCoder:
    """Passes values on as they are, in messages of the size that somebody says.

    Parameters
    ----------
    size_of : callable
        Returns the bytes on the wire [B] of so many uncompressed bytes [B].
    """

    def __init__(self, size_of: Callable[[float], float]) -> None:
        self._size_of = size_of
        #: The last message; without values, many workers send the same one after the other.
        self._last = Message(Part(0.0, 0.0), 0.0)

    def message(self, sender: str, part: Part, values: Values, to: str) -> Message:
        """Return a message of that size."""
        last = self._last
        if last.part is not part or last.values is not values:
            self._last = last = Message(part, self._size_of(part.size), values)
        return last

    def propose(self, sender: str, part: Part, values: Values, size: float) -> float:
        """Return the size that the profile says."""
        return size
