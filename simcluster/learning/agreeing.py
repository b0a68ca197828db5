"""Agreements of several senders before they encode: a shared norm, PowerSGD's left factor.

Everybody proposes for a part; the first who encodes finds all proposals there, since schemes wait for them, and all
encode by the same agreement. When the last one has encoded, everybody learns from the average of all payloads, if the
codec can make it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from simcluster.codecs.protocol import Codec, Payload, State
from simcluster.learning.layout import Stretch

#: What a sender proposes for each stretch of a part; None where the codec needs no agreement.
Proposals = Sequence[NDArray[Any] | None]


@dataclass
class _Sent:
    """What those who agreed have encoded so far, a list for each of them."""

    payloads: list[Sequence[Payload]] = field(default_factory=list)
    states: list[Sequence[State]] = field(default_factory=list)


class Agreement:
    """The agreements about one part, one after the other.

    Parameters
    ----------
    codec : Codec
    stretches : sequence of Stretch
        Of which the part consists.
    """

    def __init__(self, codec: Codec, stretches: Sequence[Stretch]) -> None:
        self._codec = codec
        self._stretches = stretches
        self._proposed: dict[str, Proposals] = {}
        self._reached: Proposals = ()
        #: Those who have not encoded by it yet.
        self._bound: set[str] = set()
        self._sent = _Sent()

    def propose(self, sender: str, proposals: Proposals) -> None:
        """Take what a sender proposes."""
        self._proposed[sender] = proposals

    def of(self, sender: str) -> Proposals:
        """Return the agreement that a sender encodes by, stretch by stretch; nothing if it made no proposal."""
        if sender in self._proposed:
            columns = zip(*(proposals for _, proposals in sorted(self._proposed.items())), strict=True)
            self._reached = list(map(self._agreed, columns, self._stretches))
            self._bound, self._proposed, self._sent = set(self._proposed), {}, _Sent()
        return self._reached if sender in self._bound else ()

    def _agreed(self, proposals: Proposals, stretch: Stretch) -> NDArray[Any] | None:
        wanted = [own for own in proposals if own is not None]
        return self._codec.agree(wanted, stretch.shape) if wanted else None

    def encoded(self, sender: str, payloads: Sequence[Payload], states: Sequence[State]) -> None:
        """Take note of what one of them has encoded; the last one lets all of them learn."""
        self._bound.discard(sender)
        self._sent.payloads.append(payloads)
        self._sent.states.append(states)
        if self._bound or "add" not in self._codec.algebra:
            return
        for place in range(len(self._stretches)):
            average = self._codec.average([own[place] for own in self._sent.payloads])
            for own_states in self._sent.states:
                self._codec.observe(average, own_states[place])
