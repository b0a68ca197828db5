"""The slow and obvious network: exact fractions, progressive filling from scratch at each event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass
class RefFlow:
    start: Fraction
    size: Fraction
    links: tuple[int, ...]
    weight: Fraction = Fraction(1)
    priority: int = 0


def fill(capacities: Mapping[int, Fraction], flows: Mapping[int, RefFlow]) -> dict[int, Fraction]:
    """Return the max-min fair rate of each flow; strict priorities one after another."""
    left = dict(capacities)
    rates: dict[int, Fraction] = {}
    for priority in sorted({flow.priority for flow in flows.values()}):
        rising = {name: flow for name, flow in flows.items() if flow.priority == priority}
        while rising:
            weights = {link: sum(f.weight for f in rising.values() if link in f.links) for link in left}
            levels = {link: left[link] / weight for link, weight in weights.items() if weight}
            tightest = min(levels, key=lambda link: (levels[link], link))
            stopped = [name for name, flow in rising.items() if tightest in flow.links]
            for name in stopped:
                flow = rising.pop(name)
                rates[name] = flow.weight * levels[tightest]
                for link in flow.links:
                    left[link] -= rates[name]
    return rates


def simulate(
    capacities: Mapping[int, Fraction],
    flows: Sequence[RefFlow],
    changes: Sequence[tuple[Fraction, int, Fraction]] = (),
    cancellations: Mapping[int, Fraction] | None = None,
) -> tuple[list[Fraction | None], dict[int, Fraction]]:
    """Return when each flow ends (None: cancelled, or stuck for ever), and the bytes that cancelled ones had left."""
    capacities = dict(capacities)
    cancellations = dict(cancellations or {})
    todo = sorted(changes)
    waiting = sorted(range(len(flows)), key=lambda index: flows[index].start)
    left: dict[int, Fraction] = {}
    ends: list[Fraction | None] = [None] * len(flows)
    undelivered: dict[int, Fraction] = {}
    now = Fraction(0)
    while waiting or left or cancellations:
        rates = fill(capacities, {name: flows[name] for name in left})
        moments = [now + left[name] / rates[name] for name in left if rates[name]]
        moments += [flows[waiting[0]].start] if waiting else []
        moments += [todo[0][0]] if todo else []
        moments += list(cancellations.values())
        if not moments:
            break
        after = min(moments)
        for name in left:
            left[name] -= rates[name] * (after - now)
        now = after
        for name in [name for name in left if left[name] == 0]:
            ends[name] = now
            del left[name]
        while todo and todo[0][0] == now:
            _, link, capacity = todo.pop(0)
            capacities[link] = capacity
        while waiting and flows[waiting[0]].start == now:
            left[waiting[0]] = flows[waiting[0]].size
            waiting.pop(0)
        for name in [name for name, moment in cancellations.items() if moment == now]:
            del cancellations[name]
            if name in left:
                undelivered[name] = left.pop(name)
    return ends, undelivered
