"""The same network, with somebody who writes down what its links carry and what bounds its transfers.

A history of a link is a row of intervals in which the same flows cross it at one capacity; the rate of an interval is
exact where the link may bind, and the mean over the interval elsewhere. So its integral is always the bytes carried,
and it costs a row for each transfer and link (and change of capacity), not one for each change of each rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import fsum
from typing import TYPE_CHECKING, cast

from simcluster.network.flow import Flow, Path, Route
from simcluster.network.fluid import FluidNetwork
from simcluster.network.link import FlowClass, Link
from simcluster.network.private import FluidPrivateRoute
from simcluster.network.transfer import Transfer
from simcluster.protocols import LinkLog, Passages, TransferLog

if TYPE_CHECKING:
    from simpy import Environment

    from simcluster.network.conditions import Ends, Treatment


class RecordedLink(Link):
    """A link with a history.

    Parameters
    ----------
    name, capacity, latency
        As of :class:`Link`.
    log : LinkLog
        Takes its history.
    """

    __slots__ = ("_count", "_log", "_moved", "_rate", "_since")

    def __init__(self, name: str, capacity: float, latency: float, log: LinkLog) -> None:
        super().__init__(name, capacity, latency)
        self._log = log
        self._since = self._moved = 0.0
        self._count = 0
        self._rate: float | None = None

    def join(self, flow: Flow, now: float) -> None:
        """Let a flow cross it from ``now`` [s] on."""
        idle = not self.weight
        super().join(flow, now)
        if idle:
            self._since, self._count, self._rate, self._moved = now, 1, None, self._carried
        elif not self.active:  # else the network turns it when the rates are known
            self.turn(now)

    def leave(self, flow: Flow, now: float, moved: float) -> None:
        """Let a flow go, ``now`` [s], that has moved some bytes over it [B]."""
        alone = self._alone is not None and self._rate is None
        super().leave(flow, now, moved)
        if alone:  # the common case: it was the only one on an interface that didn't bind
            self._count = 0
            if now > self._since:
                self._log.passed(self._since, (self._carried - self._moved) / (now - self._since), 1)
        elif not self.active:
            self.turn(now)

    def passed(self, since: float, until: float, size: float) -> None:
        """Write down that a transfer of some bytes [B] was alone on it from ``since`` until ``until`` [s]."""
        if until > since:
            self._log.passed(since, size / (until - since), 1, until)

    def turn(self, now: float) -> None:
        """Close an interval and begin another, since flows or rates have changed."""
        length = now - self._since
        if length > 0.0 and self._count:
            # What a cut link carried may be a rounding error below nothing.
            rate = max(self.carried_bytes - self._moved, 0.0) / length if self._rate is None else self._rate
            self._log.passed(self._since, rate, self._count)
        self._since = now
        self._count = len(self.flows) or int(self._alone is not None)
        if self.active:
            rates = [each.level * each.weight for each in self.classes]
            self._rate = rates[0] if len(rates) == 1 else fsum(rates)
        else:
            self._rate = None
            self._moved = self.carried_bytes if self._count else 0.0


class RecordedPrivateRoute(FluidPrivateRoute):
    """A private route whose transfers are told to a recorder.

    Parameters
    ----------
    network, route
        As of :class:`FluidPrivateRoute`.
    source, destination : str
        Its ends.
    log : TransferLog
        Takes what became of each transfer.
    """

    __slots__ = ("_ends", "_log")

    def __init__(self, network: FluidNetwork, route: Route, source: str, destination: str, log: TransferLog) -> None:
        super().__init__(network, route)
        self._ends = source, (destination,)
        self._log = log

    def book(self, size: float, units: int, passages: Passages) -> None:
        """Take transfers that have passed into the books, and tell each of them to the recorder."""
        super().book(size, units, passages)
        source, destinations = self._ends
        now = self.network.env.now
        links = cast("Sequence[RecordedLink]", self.route.links)
        for start, end, each in passages():
            until = min(end, now)  # what seems to come is a rounding error
            if each:
                for link in links:
                    link.passed(start + self.latency, until, each)
            self._log.arrived(source, destinations, each, start, self.route.narrowest, until)


class RecordedNetwork(FluidNetwork):
    """A network that reports to a recorder; all its links are recorded ones.

    Parameters
    ----------
    env, links, path, treatments, window
        As of :class:`FluidNetwork`.
    log : TransferLog
        Takes what became of each transfer.
    """

    def __init__(
        self,
        env: Environment,
        links: Sequence[RecordedLink],
        path: Path,
        treatments: Sequence[Treatment],
        window: float | None,
        log: TransferLog,
    ) -> None:
        super().__init__(env, links, path, treatments, window)
        self._log = log
        self._started: dict[Transfer, tuple[Ends, float]] = {}
        self._bottleneck: Link | None = None
        self._moving = False
        self._late: dict[Link, None] = {}

    def transfer(
        self, source: str, destinations: Sequence[str], size: float, weight: float = 1.0, priority: int = 0
    ) -> Transfer:
        """Start to move ``size`` bytes [B] from one endpoint to others; see :meth:`FluidNetwork.transfer`."""
        flow = super().transfer(source, destinations, size, weight, priority)
        self._started[flow] = (source, tuple(destinations)), self.env.now
        return flow

    def private_route(self, source: str, destination: str, route: Route) -> RecordedPrivateRoute:
        """Return a way that reports what passes on it."""
        return RecordedPrivateRoute(self, route, source, destination, self._log)

    def arrive(self, transfer: Transfer) -> None:
        """Book a transfer that needed no link as delivered."""
        super().arrive(transfer)
        transfer.callbacks.append(lambda _: self._note((transfer,), None))

    def deliver(self, transfers: Sequence[Transfer]) -> None:
        """Book transfers as delivered, and let those who wait for them go on at once."""
        self._note(transfers, self._bottleneck)
        super().deliver(transfers)

    def change_capacity(self, link: Link, capacity: float) -> None:
        """Let a link carry another rate from now on [B/s]; an interval of its history ends here."""
        self._turn((link,), self.env.now)
        super().change_capacity(link, capacity)

    def withdraw(self, transfer: Transfer) -> float:
        """Stop moving a transfer and return the bytes that did not arrive [B]."""
        self._started.pop(transfer, None)
        return super().withdraw(transfer)

    def _note(self, transfers: Sequence[Transfer], bottleneck: Link | None) -> None:
        for transfer in transfers:
            (source, destinations), since = self._started.pop(transfer)
            name = bottleneck.name if bottleneck is not None else transfer.carrier.narrowest
            self._log.arrived(source, destinations, transfer.size, since, name)

    def _ring(self, flow_class: FlowClass) -> None:
        self._bottleneck = flow_class.bottleneck
        super()._ring(flow_class)

    def _place(self, flow: Flow, work: float, now: float) -> None:
        super()._place(flow, work, now)
        if flow.clock is not None:
            self._turn(flow.clock.pools, now)

    def _changed(self, flow_class: FlowClass, now: float) -> None:
        super()._changed(flow_class, now)
        self._turn(flow_class.pools, now)

    def _switch(self, link: Link, active: bool) -> None:
        super()._switch(link, active)
        self._turn((link,), self.env.now)

    def _rekey(self, flows: Iterable[Flow]) -> None:
        """Move flows to their classes, and turn links after that: a flow in no class seems to have moved nothing."""
        if self._moving:
            super()._rekey(flows)
            return
        self._moving = True
        super()._rekey(flows)
        self._moving = False
        late, self._late = self._late, {}
        self._turn(late, self.env.now)

    def _rearm(self, settled: Iterable[FlowClass], now: float) -> None:
        super()._rearm(settled, now)
        self._turn(dict.fromkeys(link for flow_class in settled for link in flow_class.pools), now)

    def _turn(self, links: Iterable[Link], now: float) -> None:
        if self._moving:
            self._late.update(dict.fromkeys(links))
            return
        for link in cast("Iterable[RecordedLink]", links):
            link.turn(now)
