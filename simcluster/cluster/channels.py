"""Channels: how parameters get from one machine to another in one direction.

A channel joins codec, cost profile, cores and network: encode, send, decode. The usages of a codec are its variants, so
that schemes have no ``if`` about compression:

- :class:`PlainChannel`: the parameters travel as they are;
- :class:`RecodingChannel`: every message is encoded by its sender and decoded by its receiver (repetitive
  (de)compression of Jang et al. 2017, section 2);
- :class:`CompressedChannel`: the parameters stay compressed from before the first update to after the last (one-time
  and homomorphic compression, sections 2 and 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from simcluster.cluster.cores import Cores, Process
from simcluster.codecs import CodecProfile
from simcluster.protocols import Network, Transfer
from simcluster.recording import DECODE, ENCODE, Follower, Nobody, words


class Machine(Protocol):
    """What a channel needs of the machines at its ends."""

    @property
    def name(self) -> str:
        """The endpoint in the network."""

    @property
    def cores(self) -> Cores:
        """Where codecs run."""


class PlainChannel:
    """Sends the parameters as they are.

    Parameters
    ----------
    network : Network
    model_size : float [B]
        Size of the uncompressed parameters.
    """

    def __init__(self, network: Network, model_size: float) -> None:
        self._network = network
        self._model_size = model_size
        #: Bytes of one message on the wire [B].
        self.wire_size = model_size
        #: Bytes that the receiver reads when it averages one message [B].
        self.averaged_size = model_size

    def send(self, source: Machine, destinations: Sequence[Machine]) -> Transfer:
        """Start to send one message; several destinations are served by one transfer."""
        return self._network.transfer(source.name, [machine.name for machine in destinations], self.wire_size)

    def prepare(self, machine: Machine) -> Process:
        """Do what happens once, before a machine's first update: nothing."""
        yield from ()

    def encode(self, machine: Machine, follower: Follower, phase: int) -> Process:
        """Do what a sender does before it sends: nothing."""
        yield from ()

    def decode(self, machine: Machine, follower: Follower, phase: int) -> Process:
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
    model_size : float [B]
        Size of the uncompressed parameters.
    profile : CodecProfile
        What encoding and decoding cost, and what remains to be sent.
    """

    def __init__(self, network: Network, model_size: float, profile: CodecProfile) -> None:
        super().__init__(network, model_size)
        self.wire_size = profile.compressed_size(model_size)
        self._encode_time = profile.encode_time(model_size, model_size)
        self._decode_time = profile.decode_time(model_size, model_size)

    def _encode(self, machine: Machine, follower: Follower, phase: int) -> Process:
        return machine.cores.work(words.ENCODE, self._encode_time, self._model_size, follower, phase)

    def _decode(self, machine: Machine, follower: Follower, phase: int) -> Process:
        return machine.cores.work(words.DECODE, self._decode_time, self._model_size, follower, phase)


class RecodingChannel(_CodecChannel):
    """Encodes and decodes every message, on cores of the machines at its ends."""

    def encode(self, machine: Machine, follower: Follower, phase: int) -> Process:
        """Encode one message on a core of the sender.

        Parameters
        ----------
        machine : Machine
            The sender.
        follower : Follower
            Whose update depends on it.
        phase : int
            The phase of the update that the work is, from the moment when a core takes it up.
        """
        return self._encode(machine, follower, phase)

    def decode(self, machine: Machine, follower: Follower, phase: int) -> Process:
        """Decode one message on a core of the receiver; the parameters are those of :meth:`encode`."""
        return self._decode(machine, follower, phase)


class CompressedChannel(_CodecChannel):
    """Carries parameters that stay compressed: encoded once before the first update, decoded once after the last."""

    def __init__(self, network: Network, model_size: float, profile: CodecProfile) -> None:
        super().__init__(network, model_size, profile)
        self.averaged_size = self.wire_size

    def prepare(self, machine: Machine) -> Process:
        """Encode the machine's parameters, once."""
        return self._encode(machine, Nobody(), ENCODE)

    def finish(self, machine: Machine) -> Process:
        """Decode the machine's parameters, once."""
        return self._decode(machine, Nobody(), DECODE)


Channel = PlainChannel | RecodingChannel | CompressedChannel

