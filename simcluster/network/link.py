"""A link of a network, and the class of all flows that share one fate."""

from __future__ import annotations

from collections.abc import Callable
from math import fsum, inf
from typing import TYPE_CHECKING

from simcluster.network.wake import Alarm
from simcluster.sharing import VirtualClock

if TYPE_CHECKING:
    from simpy import Environment

    from simcluster.network.flow import Flow

#: What makes flows one class: the active links that they cross, the limit of their level [B/s] and their priority.
Key = tuple[tuple["Link", ...], float, int]


class Link:
    """One direction of a cable, an interface or a switch.

    Parameters
    ----------
    name : str
        Its name in results.
    capacity : float [B/s]
        What it carries.
    latency : float [s]
        What every transfer over it waits.
    shared : bool
        Whether transfers share its capacity; else it bounds each of them alone.

    Attributes
    ----------
    flows : dict of Flow to None
        The flows that share it, in the order in which they came; empty while at most one crosses it.
    weight : float
        The sum of the weights of all flows that cross it.
    active : bool
        Whether it may bind: then it is part of the key of all classes that cross it.
    guard : float [B/s]
        While it is inactive: a level that no class on it passes unnoticed; infinite if nobody watches.
    classes : dict of FlowClass to None
        The classes that have it in their key.
    """

    __slots__ = (
        "_alone",
        "_busy_s",
        "_busy_since",
        "_carried",
        "_env",
        "active",
        "capacity",
        "classes",
        "flows",
        "guard",
        "latency",
        "left",
        "mark",
        "name",
        "rank",
        "rising",
        "rising_weight",
        "shared",
        "weight",
    )

    def __init__(self, name: str, capacity: float, latency: float = 0.0, *, shared: bool = True) -> None:
        self.name = name
        self.shared = shared
        self.capacity = capacity
        self.latency = latency
        self.flows: dict[Flow, None] = {}
        self.weight = 0.0
        self.active = False
        self.guard = inf
        self.classes: dict[FlowClass, None] = {}
        # The network's own marks, and the scratch of the filling.
        self.rank = self.mark = self.rising = 0
        self.left = self.rising_weight = 0.0
        self._env: Environment | None = None
        self._alone: Flow | None = None
        self._carried = 0.0
        self._busy_s = 0.0
        self._busy_since = 0.0

    def live_in(self, env: Environment, rank: int) -> None:
        """Take its place in a network: it is the link number ``rank``."""
        self._env = env
        self.rank = rank

    def join(self, flow: Flow, now: float) -> None:
        """Let a flow cross it from ``now`` [s] on."""
        if not self.weight:
            self._busy_since = now
            self._alone = flow
            self.weight = flow.weight
            return
        if self._alone is not None:
            self.flows[self._alone] = None
            self._alone = None
        self.flows[flow] = None
        self.weight += flow.weight

    def leave(self, flow: Flow, now: float, moved: float) -> None:
        """Let a flow go, ``now`` [s], that has moved some bytes over it [B]."""
        self._carried += moved
        if self._alone is not None:
            self._alone = None
            self.weight = 0.0
            self._busy_s += now - self._busy_since
            return
        flows = self.flows
        del flows[flow]
        if len(flows) > 1:
            self.weight -= flow.weight
        else:
            # A flow that is alone is limited by its class, so that nobody needs to watch.
            self._alone, _ = flows.popitem()
            self.weight = self._alone.weight
            self.guard = inf

    def book(self, size: float, busy: float) -> None:
        """Take over what it has carried without flows: some bytes [B], in so many seconds [s]."""
        self._carried += size
        self._busy_s += busy

    @property
    def crossing(self) -> list[Flow]:
        """All flows that cross it."""
        return list(self.flows) if self._alone is None else [self._alone]

    @property
    def carried_bytes(self) -> float:
        """Bytes that crossed it until now, overheads included [B]."""
        if not self.weight:
            return self._carried
        now = self._now()
        return self._carried + fsum(flow.moved(now) for flow in self.crossing)

    @property
    def busy_s(self) -> float:
        """Time during which at least one transfer was on it [s]."""
        return self._busy_s + (self._now() - self._busy_since if self.weight else 0.0)

    def _now(self) -> float:
        return self._env.now if self._env is not None else 0.0


class FlowClass(VirtualClock["Flow"]):
    """All flows of one key: they have one level at all times, and one clock.

    Parameters
    ----------
    key : tuple
        The active links, the limit of the level [B/s] and the priority.
    env : simpy.Environment
        Where time passes.
    ring : callable
        Called with the class when its next flow may have ended.

    Attributes
    ----------
    bottleneck : Link or None
        The link that sets its level; None if its own limit does.
    watch : list
        Heap of the guards of inactive links that its flows share: (guard, rank, link).
    """

    __slots__ = ("alarm", "bottleneck", "key", "limit", "mark", "pools", "priority", "watch")

    def __init__(self, key: Key, env: Environment, ring: Callable[[FlowClass], None]) -> None:
        super().__init__(env.now)
        self.key = key
        self.pools, self.limit, self.priority = key
        self.bottleneck: Link | None = None
        self.alarm = Alarm(env, lambda: ring(self))
        self.mark = 0
        self.watch: list[tuple[float, int, Link]] = []

    @property
    def on_its_own(self) -> bool:
        """Whether its level concerns no other class, so that it needs no settlement."""
        pools = self.pools
        return not pools or (len(pools) == 1 and len(pools[0].classes) == 1)

    def admit(self, flow: Flow, work: float, now: float) -> bool:
        """Take in a flow that still needs some bytes [B], and return whether it ends first."""
        if not self.count:
            for link in self.pools:
                link.classes[self] = None
        if now > self.updated:
            self.virtual += (now - self.updated) * self.level
            self.updated = now
        return self.push(flow, work)

    def retune(self) -> bool:
        """Set the level at once if it is on its own and nothing else may bind now; return whether it was set."""
        level, bottleneck = self.limit, None
        pools = self.pools
        if pools:
            bottleneck = pools[0]
            if len(pools) > 1 or len(bottleneck.classes) > 1:
                return False
            level = bottleneck.capacity / self.weight
            if level > self.limit:
                return False
        if self.watch and self.watch[0][0] < level:
            return False
        self.level = level
        self.bottleneck = bottleneck
        return True

    def disappear(self) -> None:
        """Leave its active links, after the last flow; one that no class is left on is inactive again."""
        self.watch.clear()
        for link in self.pools:
            link.classes.pop(self, None)
            if not link.classes:
                link.active = False
                link.guard = inf
