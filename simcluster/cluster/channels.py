"""Channels: how a part of the parameters gets from one machine to another in one direction.

A channel joins codec, cost profile, engines and network: encode, send, decode. The usages of a codec are its variants,
so that schemes have no ``if`` about compression:

- :class:`PlainChannel`: the parameters travel as they are;
- :class:`RecodingChannel`: every message is encoded by its sender and decoded by its receiver (repetitive
  (de)compression of Jang et al. 2017, section 2);
- :class:`AgreeingChannel`: the same, after all workers have agreed on something (a shared scaler);
- :class:`CompressedChannel`: the parameters stay compressed from before the first update to after the last (one-time
  and homomorphic compression, sections 2 and 3).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Protocol

from simcluster.cluster.cores import Engine, Process
from simcluster.cluster.messages import Coder, Message, Part, PlainCoder, Values
from simcluster.codecs import CodecProfile
from simcluster.protocols import Network, PrivateRoute, Transfer
from simcluster.recording import DECODE, ENCODE, Follower, Nobody, words


class Machine(Protocol):
    """What a channel needs of the machines at its ends."""

    @property
    def name(self) -> str:
        """The endpoint in the network."""

    @property
    def engine(self) -> Engine:
        """Where codecs run."""


class PlainChannel:
    """Sends the parameters as they are.

    Parameters
    ----------
    network : Network
    coder : Coder
        Makes messages of values.
    model_size : float [B]
        Size of all uncompressed parameters.
    """

    #: Whether receivers can add messages up without decoding and encoding them.
    sums = True
    #: Whether all workers agree on something before they encode a part.
    agrees = False

    def __init__(self, network: Network, coder: Coder, model_size: float) -> None:
        self._network = network
        self._coder = coder
        self._model_size = model_size

    @property
    def passes_on(self) -> bool:
        """Whether values go through as they are, in messages of known size that nobody works on."""
        return self.sums and isinstance(self._coder, PlainCoder)

    def averaged_size(self, part: Part) -> float:
        """Return the bytes that the receiver reads when it averages one message of a part [B]."""
        return part.size

    def wire_size(self, part: Part) -> float:
        """Return the bytes of a message of a part on the wire, where values go through as they are [B]."""
        return part.size

    def private_routes(self, pairs: Sequence[tuple[Machine, Machine]]) -> Sequence[PrivateRoute] | None:
        """Return the ways from machines to others; see ``Network.private_routes``."""
        return self._network.private_routes([(source.name, destination.name) for source, destination in pairs])

    def machines(self, parts: Sequence[Machine]) -> Sequence[int] | None:
        """Return the number of the physical machine that each is a part of; None if each is one of its own."""
        return self._network.machines([part.name for part in parts])

    def propose(self, machine: Machine, part: Part, values: Values) -> float:
        """Return the bytes that a worker proposes to all before they encode a part [B], where they agree."""
        return 0.0

    def plain(self) -> PlainChannel:
        """Return a channel of the same machines that sends what it is given as it is."""
        return PlainChannel(self._network, PlainCoder(float), self._model_size)

    def send(self, source: Machine, destinations: Sequence[Machine], message: Message) -> Transfer:
        """Start to send one message; several destinations are served by one transfer.

        What a machine tells itself crosses no wire, and counts no byte.
        """
        names = [machine.name for machine in destinations]
        size = message.size if names != [source.name] else 0.0
        return self._network.transfer(source.name, names, size, 1.0, message.part.priority)

    def prepare(self, machine: Machine) -> Process:
        """Do what happens once, before a machine's first update: nothing."""
        yield from ()

    def encode(
        self, machine: Machine, part: Part, values: Values, follower: Follower, phase: int, to: str = ""
    ) -> Generator[Any, Any, Message]:
        """Make a message of the values of a part: at once.

        Parameters
        ----------
        machine : Machine
            The sender.
        part : Part
        values : Values
        follower : Follower
            Whose update depends on it.
        phase : int
            The phase of the update that the work is, from the moment when it is taken up.
        to : str
            Who receives it, if it is made for one receiver alone.
        """
        yield from ()
        return self._coder.message(machine.name, part, values, to)

    def decode(self, machine: Machine, message: Message, follower: Follower, phase: int) -> Process:
        """Do what a receiver does with what has arrived: nothing."""
        yield from ()

    def finish(self, machine: Machine) -> Process:
        """Do what happens once, after a machine's last update: nothing."""
        yield from ()


class _CodecChannel(PlainChannel):
    """A channel whose messages are smaller than the parameters.

    Parameters
    ----------
    network : Network
    coder : Coder
        Makes messages of values.
    model_size : float [B]
        Size of all uncompressed parameters.
    profile : CodecProfile
        What encoding and decoding cost, and what remains to be sent.
    """

    def __init__(self, network: Network, coder: Coder, model_size: float, profile: CodecProfile) -> None:
        super().__init__(network, coder, model_size)
        self._profile = profile

    def _encode(self, machine: Machine, size: float, follower: Follower, phase: int) -> Process:
        duration = self._profile.encode_time(size, self._model_size)
        return machine.engine.work(words.ENCODE, duration, size, follower, phase)

    def _decode(self, machine: Machine, size: float, follower: Follower, phase: int) -> Process:
        duration = self._profile.decode_time(size, self._model_size)
        return machine.engine.work(words.DECODE, duration, size, follower, phase)


class RecodingChannel(_CodecChannel):
    """Encodes and decodes every message, on engines of the machines at its ends."""

    sums = False

    def encode(
        self, machine: Machine, part: Part, values: Values, follower: Follower, phase: int, to: str = ""
    ) -> Generator[Any, Any, Message]:
        """Encode one message on the sender's engine; the parameters are those of :meth:`PlainChannel.encode`."""
        yield from self._encode(machine, part.size, follower, phase)
        return self._coder.message(machine.name, part, values, to)

    def decode(self, machine: Machine, message: Message, follower: Follower, phase: int) -> Process:
        """Decode one message on the receiver's engine."""
        return self._decode(machine, message.part.size, follower, phase)


class AgreeingChannel(RecodingChannel):
    """Encodes and decodes what the workers have agreed on before (see ``propose``)."""

    agrees = True

    def propose(self, machine: Machine, part: Part, values: Values) -> float:
        """Return the bytes that a worker proposes to all before they encode a part [B]."""
        return self._coder.propose(machine.name, part, values, self._profile.agreed_size(part.size))


class CompressedChannel(_CodecChannel):
    """Carries parameters that stay compressed: encoded once before the first update, decoded once after the last."""

    def wire_size(self, part: Part) -> float:
        """Return the bytes of a message of a part on the wire, by the cost profile [B]."""
        return self._profile.compressed_size(part.size)

    def averaged_size(self, part: Part) -> float:
        """Return the bytes of a compressed message, which is averaged as it is [B]."""
        return self.wire_size(part)

    def prepare(self, machine: Machine) -> Process:
        """Encode the machine's parameters, once."""
        return self._encode(machine, self._model_size, Nobody(), ENCODE)

    def finish(self, machine: Machine) -> Process:
        """Decode the machine's parameters, once."""
        return self._decode(machine, self._model_size, Nobody(), DECODE)


Channel = PlainChannel | RecodingChannel | AgreeingChannel | CompressedChannel
