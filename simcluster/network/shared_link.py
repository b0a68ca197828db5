"""One link that all nodes share: the network of the seed paper, an Ethernet segment or a saturated switch.

Modelled: latency, charged once a transfer and before its first byte; the bandwidth, shared by all transfers in flight
in proportion to their weights (processor sharing in virtual time, O(log n) a transfer). A multicast is one transfer.
A full-duplex link carries its bandwidth in both directions at once. The network knows no sides, so the direction is a
matter of order: a transfer to a node that comes later in the list of nodes goes ``forward``, one to an earlier node
``backward``; a multicast goes where its first destination lies. Opposite transfers thus always use opposite directions.

Under ideal conditions one clock does it all (the fast path below); goodput, background traffic and the like (see
``conditions``) take the general network, with the same link in it. Left out: network interfaces (see ``star``).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, inf
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from simcluster.network.building import Assembly
from simcluster.network.conditions import NetworkOptions
from simcluster.network.node import Node
from simcluster.network.transfer import Traffic, Transfer, remote
from simcluster.network.wake import Alarm, DelayLine
from simcluster.options import Duration, Rate
from simcluster.protocols import LinkLog, LinkUsage, Network, Recorder
from simcluster.sharing import ProcessorSharing

if TYPE_CHECKING:
    from simpy import Environment


class SharedLinkOptions(NetworkOptions):
    """Options of the topology ``shared-link``."""

    topology: Literal["shared-link"] = "shared-link"
    bandwidth: Rate = Field(description="What the link carries; in each direction if it is full duplex.")
    latency: Duration = Field(default=0.0, description="What a transfer waits before its first byte moves.")
    duplex: Literal["half", "full"] = Field(
        default="half", description="Whether opposite transfers share the bandwidth, or each direction has it all."
    )


OPTIONS = SharedLinkOptions


def build(
    env: Environment, options: SharedLinkOptions, nodes: Sequence[Node], recorder: Recorder, seed: int = 0
) -> Network:
    """Return the live network of a scenario.

    Parameters
    ----------
    env : simpy.Environment
        Where time passes.
    options : SharedLinkOptions
        What the scenario says of the network.
    nodes : sequence of Node
        The endpoints.
    recorder : Recorder
        Takes the history of the links.
    seed : int
        The scenario's seed; only unfairness and random background traffic draw from it.
    """
    if options.ideal:
        return SharedLinkNetwork(env, options, nodes, recorder)
    assembly = Assembly(env, options, recorder, seed)
    links = [assembly.link(name, options.bandwidth, options.latency) for name in _names(options)]
    position = {node.name: position for position, node in enumerate(nodes)}
    forward, backward = links[0], links[-1]
    return assembly.network(lambda a, b: (forward if position[b] > position[a] else backward,))


def _names(options: SharedLinkOptions) -> Sequence[str]:
    return ("link",) if options.duplex == "half" else ("link/forward", "link/backward")


class SharedLinkNetwork(Traffic):
    """All nodes on one link; see the module and :func:`build`."""

    def __init__(self, env: Environment, options: SharedLinkOptions, nodes: Sequence[Node], recorder: Recorder) -> None:
        super().__init__(env)
        self._links = [SharedLink(self, name, options.bandwidth, recorder.link(name)) for name in _names(options)]
        self._forward, self._backward = self._links[0], self._links[-1]
        self._position = {node.name: position for position, node in enumerate(nodes)}
        self._line = DelayLine(env, options.latency, self._admit) if options.latency else None

    def transfer(
        self, source: str, destinations: Sequence[str], size: float, weight: float = 1.0, priority: int = 0
    ) -> Transfer:
        """Start to move ``size`` bytes [B] from one endpoint to others; the priority has no effect on a fair link.

        Raises
        ------
        KeyError
            If an endpoint is unknown.
        ValueError
            If the size isn't finite and at least 0, or the weight isn't finite and above 0.
        """
        position = self._position
        towards = position[destinations[0]]
        if source in destinations:
            elsewhere = remote(source, destinations)
            towards = position[elsewhere[0]] if elsewhere else -1
        link = self._forward if towards > position[source] else self._backward
        transfer = Transfer(self, link, size, weight)
        if towards < 0:
            self.arrive(transfer)
        elif self._line is not None:
            self._line.enter(transfer)
        elif size:
            link.admit(transfer)
        else:
            self.arrive(transfer)
        return transfer

    def usage(self) -> Sequence[LinkUsage]:
        """Return the link, or its two directions, with what it carried until now."""
        return self._links

    def withdraw(self, transfer: Transfer) -> float:
        """Stop moving a transfer and return the bytes that did not arrive [B]."""
        link: SharedLink = transfer.carrier
        return link.withdraw(transfer) if transfer.clock is not None else transfer.size

    def _admit(self, transfer: Transfer) -> None:
        if transfer.size:
            transfer.carrier.admit(transfer)
        else:
            self.arrive(transfer)


class SharedLink:
    """One direction of the link: the driver of a processor-sharing clock.

    Parameters
    ----------
    network : Traffic
        Whose bytes it moves.
    name : str
        Its name in results.
    capacity : float [B/s]
        What it carries.
    log : LinkLog
        Takes its history.
    """

    def __init__(self, network: Traffic, name: str, capacity: float, log: LinkLog) -> None:
        self.name = name
        self.capacity = capacity
        #: How often it woke up; tests assert the cost of a transfer by it.
        self.wakes = 0
        self._network = network
        self._env = network.env
        self._log = log
        self._clock: ProcessorSharing[Transfer] = ProcessorSharing(capacity, network.env.now)
        self._alarm = Alarm(network.env, self._wake_up)
        self._carried = 0.0
        self._busy_s = 0.0
        self._busy_since = 0.0

    def admit(self, transfer: Transfer) -> None:
        """Start to move a transfer now."""
        clock, now = self._clock, self._env.now
        if not clock.count:
            self._busy_since = now
        if clock.admit(transfer, now):
            self._alarm.set(now, clock.delay())
        self._log.change(self.capacity, clock.count)

    def withdraw(self, transfer: Transfer) -> float:
        """Stop moving a transfer and return the bytes that did not arrive [B]."""
        now = self._env.now
        left = self._clock.cancel(transfer, now)
        self._carried += transfer.size - left
        self._left(now)
        self._alarm.set(now, self._clock.delay())
        return left

    @property
    def carried_bytes(self) -> float:
        """Bytes that crossed it until now [B]."""
        clock, now = self._clock, self._env.now
        return self._carried + fsum(max(job.size - clock.remaining(job, now), 0.0) for job in clock.jobs())

    @property
    def busy_s(self) -> float:
        """Time during which at least one transfer moved over it [s]."""
        return self._busy_s + (self._env.now - self._busy_since if self._clock.count else 0.0)

    def _wake_up(self) -> None:
        self.wakes += 1
        clock, now = self._clock, self._env.now
        finished = clock.finish(now)
        if not finished:  # others came meanwhile, so that it takes longer
            clock.advance(now)
            self._alarm.set(now, clock.delay())
            return
        for transfer in finished:
            self._carried += transfer.size
        self._left(now)
        # Who waited for these often starts the next transfers at once: look for the next end only after that.
        self._alarm.at = now
        try:
            self._network.deliver(finished)
        finally:
            self._alarm.at = inf
            if clock.count:
                self._alarm.set(now, clock.delay())

    def _left(self, now: float) -> None:
        """Record that transfers have left."""
        if self._clock.count:
            self._log.change(self.capacity, self._clock.count)
        else:
            self._busy_s += now - self._busy_since
            self._log.change(0.0, 0)
