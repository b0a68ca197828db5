"""Transfers as fluid flows over routes of links, at weighted max-min fair rates: the network behind most topologies.

Modelled: each transfer waits the latency of its route once, and then moves at the rate that its share of every link on
the way allows (cut-through: it is on all its links at once). Rates change when a transfer begins or ends, or a
capacity changes, and are constant between. Left out: packets, slow start and loss (see the window and the unfairness
of ``conditions``).

How it stays fast: the unit of work is not the flow but the class of flows that cross the same *active* links, those
that can bind. A class has one level and one virtual clock. A link whose capacity divided by the weight on it is at or
above the level of every class that crosses it can't bind; it is inactive, and a watch (:class:`Guards`) makes it active
in time. A flow that is alone on a link needs not even that: its class's limit says what the link carries. A class that
has its active link for itself (a hub) or none (a ring) gets its level at once. Everything else that happens at one
instant is settled once, at its end, over the classes connected to what changed by active links.

Stated rule: of two transfers of one class that tie, the one that was started first ends first; of two classes, the one
whose end was known first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, cast

from simpy.events import EventPriority

from simcluster.network.flow import Flow, Path, Route, Routes
from simcluster.network.guards import Guards
from simcluster.network.link import FlowClass, Key, Link
from simcluster.network.private import FluidPrivateRoute
from simcluster.network.transfer import Traffic, Transfer
from simcluster.network.wake import DelayLine, Wake
from simcluster.protocols import LinkUsage, PrivateRoute
from simcluster.sharing import max_min

if TYPE_CHECKING:
    from simpy import Environment

    from simcluster.network.conditions import Treatment

#: Settle after everything else that happens at an instant.
_LAST = EventPriority(9)
#: Classes without flows are kept for their return while there are not more classes than this, besides two a link.
_KEPT = 1024


class FluidNetwork(Traffic):
    """Moves transfers over links; see the module.

    Parameters
    ----------
    env : simpy.Environment
        Where time passes.
    links : sequence of Link
        All links, in the order of the topology.
    path : callable
        Returns the links between two endpoints.
    treatments : sequence of callable
        What happens to each flow before it starts.
    window : float or None [B]
        Caps a transfer at window / round-trip time, twice the latency of its route.

    Attributes
    ----------
    links : sequence of Link
        All links.
    settles : int
        How often rates were settled.
    levels : int
        How many levels of classes were set in all; tests assert the cost of a transfer by these two.
    """

    def __init__(
        self,
        env: Environment,
        links: Sequence[Link],
        path: Path,
        treatments: Sequence[Treatment] = (),
        window: float | None = None,
    ) -> None:
        super().__init__(env)
        self.links = links
        self.settles = 0
        self.levels = 0
        self._treatments = treatments
        for rank, link in enumerate(links):
            link.live_in(env, rank)
        self._routes = Routes(path, window)
        self._lines: dict[float, DelayLine] = {}
        self._classes: dict[Key, FlowClass] = {}
        self._guards = Guards()
        self._touched: dict[FlowClass, None] = {}
        self._mark = 0
        self._settling = False
        self._wake = Wake(env)
        self._wake_callbacks: list[Callable[[Any], None]] = [self._settle]

    def transfer(
        self, source: str, destinations: Sequence[str], size: float, weight: float = 1.0, priority: int = 0
    ) -> Transfer:
        """Start to move ``size`` bytes [B] from one endpoint to others.

        Raises
        ------
        KeyError
            If an endpoint is unknown.
        ValueError
            If the size isn't finite and at least 0, or the weight isn't finite and above 0.
        """
        ends = source, tuple(destinations)
        route = self._routes.known.get(ends) or self._routes.find(ends)
        flow = Flow(self, route, size, weight)
        for treat in self._treatments:
            treat(flow, ends, priority)
        if route.latency:
            line = self._lines.get(route.latency)
            if line is None:
                line = self._lines[route.latency] = DelayLine(self.env, route.latency, self._enter)
            line.enter(flow)
        else:
            self._enter(flow)
        return flow

    def usage(self) -> Sequence[LinkUsage]:
        """Return all links, in the order of the topology, with what they carried until now."""
        return self.links

    def private_routes(self, pairs: Sequence[tuple[str, str]]) -> Sequence[PrivateRoute] | None:
        """Return the ways from nodes to others, if they share no link and nothing treats their transfers."""
        if self._treatments:
            return None
        ends = [(source, (destination,)) for source, destination in pairs]
        routes = [self._routes.known.get(each) or self._routes.find(each) for each in ends]
        links = [link for route in routes for link in route.links]
        if len(dict.fromkeys(links)) < len(links):
            return None
        return [self.private_route(*pair, route) for pair, route in zip(pairs, routes, strict=True)]

    def private_route(self, source: str, destination: str, route: Route) -> FluidPrivateRoute:
        """Return a way from one node to another on which nobody else sends."""
        return FluidPrivateRoute(self, route)

    def change_capacity(self, link: Link, capacity: float) -> None:
        """Let a link carry another rate from now on [B/s]; 0 cuts it."""
        link.capacity = capacity
        self._routes.version += 1
        for flow in link.crossing:
            flow.carrier.refresh(self._routes.version)
        self._rekey(link.crossing)
        self._touched.update(link.classes)
        self._guards.doubtful[link] = None
        self._settle_last()

    def withdraw(self, transfer: Transfer) -> float:
        """Stop moving a transfer and return the bytes that did not arrive [B]."""
        flow = cast("Flow", transfer)
        if flow.clock is None:
            return flow.size
        now = self.env.now
        flow_class = flow.clock
        flow_class.advance(now)
        left = min(flow_class.drop(flow), flow.wire)
        for link in flow.carrier.links:
            link.leave(flow, now, flow.wire - left)
        self._changed(flow_class, now)
        return left * (flow.size / flow.wire)

    def _enter(self, flow: Flow) -> None:
        """Let a flow whose latency is over take its share."""
        links = flow.carrier.links
        if not flow.wire or not links:
            self.arrive(flow)
            return
        if flow.carrier.version != self._routes.version:
            flow.carrier.refresh(self._routes.version)
        now = self.env.now
        for link in links:
            link.join(flow, now)
        self._place(flow, flow.wire, now)

    def _settle_last(self) -> None:
        """See to it that rates are settled after everything else that happens now."""
        if self._wake.callbacks is None and not self._settling:
            self._wake.callbacks = self._wake_callbacks
            self.env.schedule(self._wake, _LAST)

    def _ring(self, flow_class: FlowClass) -> None:
        """End the flows of a class that have arrived."""
        now = self.env.now
        due = flow_class.pop_due(now)
        if not due:  # others came meanwhile, so that it takes longer
            flow_class.advance(now)
            flow_class.alarm.set(now, flow_class.delay())
            return
        for flow in due:
            for link in flow.carrier.links:
                link.leave(flow, now, flow.wire)
        # Who waited for these often starts the next transfers at once: look for the next end only after that.
        flow_class.alarm.at = now
        try:
            self.deliver(due)
        finally:
            flow_class.alarm.at = inf
            self._changed(flow_class, now)

    def _changed(self, flow_class: FlowClass, now: float) -> None:
        """Set the level of a class that has lost flows at once if nobody else is concerned, or settle later."""
        if not flow_class.count and flow_class.on_its_own:
            self._remove(flow_class)
        elif flow_class.retune():
            flow_class.alarm.set(now, flow_class.delay())
        else:
            self._touched[flow_class] = None
            self._settle_last()

    def _settle(self, _: Any = None) -> None:
        """Set the levels of all classes that what happened now may have changed."""
        now = self.env.now
        self.settles += 1
        self._settling = True
        relaxed = False
        settled: dict[FlowClass, None] = {}
        while self._touched or self._guards.doubtful:
            component = self._solve(now)
            settled.update(component)
            for link in self._guards.binding():
                self._switch(link, active=True)
            if not relaxed and not self._touched:
                relaxed = True
                self._relax(component)
        self._rearm(settled, now)
        self._settling = False

    def _rearm(self, settled: Iterable[FlowClass], now: float) -> None:
        """Set the alarms of the classes whose levels were settled."""
        for flow_class in settled:
            if flow_class.count:
                flow_class.alarm.set(now, flow_class.delay())

    def _solve(self, now: float) -> dict[FlowClass, None]:
        """Set the levels of the classes that are connected to touched ones by active links, and return those."""
        self._mark = mark = self._mark + 1
        component: dict[FlowClass, None] = {}
        reached = list(self._touched)
        self._touched.clear()
        for flow_class in reached:  # which grows
            if flow_class.mark == mark:
                continue
            flow_class.mark = mark
            if not flow_class.count:
                self._remove(flow_class)
            else:
                flow_class.advance(now)
                component[flow_class] = None
            for link in flow_class.pools:
                if link.mark != mark:
                    link.mark = mark
                    reached.extend(link.classes)
        shares = list(component)
        if shares:
            max_min(shares)
        self.levels += len(shares)
        for flow_class in shares:
            self._guards.check(flow_class)
        return component

    def _relax(self, component: Iterable[FlowClass]) -> None:
        """Make the links inactive that are far from binding."""
        binding = {flow_class.bottleneck for flow_class in component}
        crossed = dict.fromkeys(link for flow_class in component for link in flow_class.pools)
        for link in crossed:
            if link not in binding and self._guards.slack(link):
                self._switch(link, active=False)

    def _switch(self, link: Link, active: bool) -> None:
        """Make a link active or inactive, and sort its flows into other classes."""
        link.active = active
        link.guard = inf
        self._rekey(link.crossing)

    def _rekey(self, flows: Iterable[Flow]) -> None:
        """Move flows to the classes in which they belong by now."""
        now = self.env.now
        for flow in flows:
            old = flow.clock
            if old is not None and self._key(flow)[0] != old.key:
                old.advance(now)
                self._touched[old] = None
                self._place(flow, old.drop(flow), now)

    @staticmethod
    def _key(flow: Flow) -> tuple[Key, list[Link]]:
        """Return the key of a flow's class, and the inactive links that it shares with others.

        A limit that an active link implies is left out: flows of all weights then fall into one class.
        """
        route = flow.carrier
        ceiling = route.ceiling
        limit = ceiling / flow.weight
        active = []
        shared = []
        for link in route.links:
            if link.active:
                active.append(link)
                if link.capacity <= ceiling:
                    limit = inf
            elif link.flows:
                shared.append(link)
        return (tuple(active), limit, flow.priority), shared

    def _place(self, flow: Flow, work: float, now: float) -> None:
        """Put a flow that still needs some bytes [B] into its class."""
        key, shared = self._key(flow)
        if shared and not key[0] and (tightest := self._tightest(flow)) is not None:
            self._switch(tightest, active=True)
            key, shared = self._key(flow)
        flow_class = self._classes.get(key)
        if flow_class is None:
            flow_class = self._classes[key] = FlowClass(key, self.env, self._ring)
        first = flow_class.admit(flow, work, now)
        for link in shared:
            self._guards.watch(flow_class, link)
        if self._guards.doubtful or not flow_class.retune():
            self._touched[flow_class] = None
            self._settle_last()
        elif first:
            flow_class.alarm.set(now, flow_class.delay())

    @staticmethod
    def _tightest(flow: Flow) -> Link | None:
        """Return the link that surely binds a flow without active links; None if it has its ceiling everywhere."""
        lowest, tightest = flow.carrier.ceiling, None
        for link in flow.carrier.links:
            if link.flows and link.capacity * flow.weight < lowest * link.weight:
                lowest, tightest = link.capacity * flow.weight / link.weight, link
        return tightest

    def _remove(self, flow_class: FlowClass) -> None:
        """Let a class without flows disappear; those on one active link at most are kept, since they come back.

        Not all do: a weight, a priority or a capacity that is drawn anew gives a key of its own each time.
        """
        flow_class.disappear()
        crowded = len(self._classes) > _KEPT + 2 * len(self.links)
        if (crowded or len(flow_class.pools) > 1) and self._classes.get(flow_class.key) is flow_class:
            del self._classes[flow_class.key]
