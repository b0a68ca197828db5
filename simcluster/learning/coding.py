"""Messages of values by a real codec: their bytes are the payload's, their values what the payload decodes to.

Every tensor of a part is encoded on its own; a piece of a tensor that a part cuts is a vector. Every stream - a sender,
a receiver, a part - has its own state.

- Gradients, and what local steps changed, are encoded as they are. A codec that feeds back errors or keeps a momentum
  does so in the state of the stream.
- Parameters are encoded as their difference from what the receiver has, which the sender knows: it is the sum of all
  that was sent. What one message lost is in the next difference, so that errors feed back by themselves, and the
  codec's own feedback is off. An unbiased codec may lose more than there was; then the differences would grow. So the
  receiver goes the share of the way that brings it nearest; the share is a float32 on the wire for each tensor.
- A lossless codec gives the bytes of the values as float32, and changes nothing.

Codecs whose workers agree on something before they encode (a shared norm, PowerSGD's left factor) do so where a
scheme lets them propose. Elsewhere a sender agrees with itself alone, and sends the agreement along: its bytes count.
Values are always added up decoded: a sum of payloads is the same but for the last bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from simcluster.cluster.messages import Message, Part
from simcluster.codecs.protocol import Codec, State
from simcluster.learning.agreeing import Agreement
from simcluster.learning.architecture import PARAMETER_BYTES
from simcluster.learning.layout import Layout, Stretch
from simcluster.learning.vector import Array, Given, Vector
from simcluster.rng import stream

#: States by which codecs make good later what a payload lost, or build up a momentum.
_FEEDBACK = ("residual", "unsent", "momentum")
#: Bytes of the share of the way [B].
_SHARE_BYTES = 4


@dataclass(slots=True)
class _Stream:
    """What a sender remembers about messages of one part to one receiver."""

    states: list[State]
    #: What the receiver of parameters has.
    received: Array


class CodecCoder:
    """Encodes values.

    Parameters
    ----------
    codec : Codec
    layout : Layout
    initial : ndarray, shape (size,)
        Parameters that everybody begins with.
    direction : str
        ``push`` or ``pull``.
    own_bytes : bool
        Whether a payload's bytes are those on the wire; else they scale with the size of the part.
    feedback : bool
        Whether the codec may feed back what it lost.
    seed : int
    size_of : callable
        Bytes on the wire [B] of a part [B] that holds no element, by the cost profile.
    """

    def __init__(
        self, codec: Codec, layout: Layout, initial: Array, *, direction: str, own_bytes: bool, feedback: bool,
        seed: int, size_of: Callable[[float], float],
    ) -> None:
        self._codec = codec
        self._layout = layout
        self._initial = initial
        self._direction = direction
        self._own_bytes = own_bytes
        self._feedback = feedback
        self._seed = seed
        self._size_of = size_of
        self._streams: dict[tuple[str, str, int, int, str, int], _Stream] = {}
        self._agreements: dict[tuple[int, int], Agreement] = {}
        self._rngs: dict[str, np.random.Generator] = {}

    def message(self, sender: str, part: Part, values: Given, to: str) -> Message:
        """Return the message that ``sender`` makes of the values of a part."""
        if not len(values.array):
            return Message(part, self._size_of(part.size), values)
        if self._codec.lossless:
            nbytes, decoded = self._lossless(sender, values), values.array
        elif values.kind == "parameters":
            nbytes, decoded = self._difference(sender, values, to)
        else:
            nbytes, decoded = self._change(sender, values, to)
        size = nbytes if self._own_bytes else part.size * nbytes / (PARAMETER_BYTES * len(values.array))
        return Message(part, float(size), values.replaced(decoded))

    def _lossless(self, sender: str, values: Vector) -> int:
        rng, total = self._rng(sender), 0
        wire = values.array.astype(np.float32)
        for stretch in self._layout.stretches(values.low, values.high):
            tensor = wire[stretch.low : stretch.high].reshape(stretch.shape)
            total += self._codec.encode(tensor, self._codec.new_state(stretch.shape), rng).nbytes
        return total

    def propose(self, sender: str, part: Part, values: Given, size: float) -> float:
        """Take what a worker contributes to an agreement, and return its bytes on the wire [B]."""
        rng, total = self._rng(sender), 0
        proposals = []
        for state, tensor in self._pieces(values, self._stream(sender, values, "")):
            rounds = self._codec.rounds(tensor.shape)
            proposals.append(self._codec.propose(tensor, state, rng) if rounds else None)
            total += sum(one.nbytes for one in rounds)
        self._agreement(values).propose(sender, proposals)
        return float(total) if self._own_bytes else size

    def _change(self, sender: str, values: Vector, to: str) -> tuple[int, Array]:
        """Encode a gradient, or what local steps changed."""
        stream_, agreement = self._stream(sender, values, to), self._agreement(values)
        reached = agreement.of(sender)
        payloads = []
        for place, (state, tensor) in enumerate(self._pieces(values, stream_)):
            payloads.append(
                self._codec.encode(tensor, state, self._rng(sender), reached[place] if reached else None)
            )
        if reached:
            agreement.encoded(sender, payloads, stream_.states)
        else:
            for payload, state in zip(payloads, stream_.states, strict=True):
                self._codec.observe(payload, state)
        decoded = np.concatenate([self._codec.decode(payload).reshape(-1) for payload in payloads])
        if values.known is not None:
            decoded += values.known
        agreed = 0 if reached else sum(len(payload.agreed) for payload in payloads)
        return sum(payload.nbytes for payload in payloads) + agreed, decoded

    def _pieces(self, values: Vector, stream_: _Stream) -> Iterator[tuple[State, Array]]:
        """Yield each tensor of a gradient or change, or piece of one, with its state."""
        change = values.change
        for state, stretch in zip(stream_.states, self._stretches(values), strict=True):
            if not self._feedback:
                _forget(state)
            yield state, change[stretch.low : stretch.high].reshape(stretch.shape)

    def _difference(self, sender: str, values: Vector, to: str) -> tuple[int, Array]:
        """Encode the difference of parameters from what the receiver has."""
        stream_ = self._stream(sender, values, to)
        rng, total = self._rng(sender), 0
        difference = values.array - stream_.received
        decoded = np.empty(len(difference))
        for state, stretch in zip(stream_.states, self._stretches(values), strict=True):
            _forget(state)
            total += self._code(difference, decoded, stretch, state, rng)
            if self._codec.unbiased:
                total += _SHARE_BYTES
                inside = slice(stretch.low, stretch.high)
                decoded[inside] *= _share(difference[inside], decoded[inside])
        stream_.received = stream_.received + decoded
        return total, stream_.received

    def _code(self, values: Array, decoded: Array, stretch: Stretch, state: State, rng: np.random.Generator) -> int:
        """Encode and decode a tensor, or a piece of one, and return the bytes on the wire [B]."""
        tensor = values[stretch.low : stretch.high].reshape(stretch.shape)
        payload = self._codec.encode(tensor, state, rng)
        self._codec.observe(payload, state)
        decoded[stretch.low : stretch.high] = self._codec.decode(payload).reshape(-1)
        return payload.nbytes + len(payload.agreed)

    def _stretches(self, values: Vector) -> list[Stretch]:
        return self._layout.stretches(values.low, values.high)

    def _agreement(self, values: Vector) -> Agreement:
        key = values.low, values.high
        found = self._agreements.get(key)
        if found is None:
            found = self._agreements[key] = Agreement(self._codec, self._stretches(values))
        return found

    def _stream(self, sender: str, values: Vector, to: str) -> _Stream:
        key = (sender, to, values.low, values.high, values.kind, values.terms)
        found = self._streams.get(key)
        if found is None:
            states = [self._codec.new_state(stretch.shape) for stretch in self._stretches(values)]
            found = self._streams[key] = _Stream(states, self._initial[values.low : values.high])
        return found

    def _rng(self, sender: str) -> np.random.Generator:
        found = self._rngs.get(sender)
        if found is None:
            found = self._rngs[sender] = stream(self._seed, sender, f"codec-{self._direction}")
        return found


def _forget(state: State) -> None:
    """Forget what was lost."""
    for name in _FEEDBACK:
        if name in state:
            state[name][...] = 0


def _share(wanted: Array, decoded: Array) -> float:
    """Return the factor from 0 to 1 that brings what was decoded nearest to what was wanted, as a float32."""
    power = float(decoded @ decoded)
    return float(np.float32(min(max(float(wanted @ decoded) / power, 0.0), 1.0))) if power else 0.0
