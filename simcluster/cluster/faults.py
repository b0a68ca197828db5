"""Faults: machines that crash and come back, or don't; workers that are slow for a while; links that lose capacity.

Each fault that a scenario lists is a process for each machine or link that it is about: it strikes at a given time, or
again and again at random times, and is over after a given or random time. Times between two strikes are counted from
the end of the last one. Every draw comes from a stream of its own, keyed by the entity and by what the fault says: one
more worker or one more fault changes no other draw.

Left out: faults that depend on each other, but for a rack that loses its power: that is a fault at a given time on a
pattern of names.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, Self

import simpy
from pydantic import Field, model_validator

from simcluster.cluster.cores import Process
from simcluster.network.random_times import RandomTime, SomeTime
from simcluster.network.wake import Tick
from simcluster.options import Duration, FieldError, NonNegativeNumber, Options
from simcluster.rng import stream

if TYPE_CHECKING:
    import numpy as np

class Fault(Options):
    """Something that goes wrong, once or again and again."""

    kind: Literal["crash", "slow", "link"] = Field(
        description="crash: a machine is gone; slow: a worker computes slower; link: a link loses capacity."
    )
    on: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="Which workers, servers or links: names in which * stands for anything."
    )
    at: Duration | None = Field(default=None, description="When it strikes, once.")
    every: SomeTime | None = Field(default=None, description="Time from the end of one to the next, on each of them.")
    lasts: SomeTime | None = Field(default=None, description="How long it lasts; for good if not given.")
    factor: NonNegativeNumber | None = Field(
        default=None, description="Speed or capacity meanwhile, as a multiple of the normal one; 0 cuts a link."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.at is None) == (self.every is None):
            raise FieldError("exactly one of at and every is needed", "at")
        if self.every is not None and self.lasts is None:
            raise FieldError("what strikes again and again must be over in between", "lasts", "say how long it lasts")
        if self.kind == "crash" and self.factor is not None:
            raise FieldError("a crashed machine has no speed", "factor", "leave it out, or take kind slow")
        if self.kind != "crash" and self.factor is None:
            raise FieldError("missing key 'factor'; expected a number, such as 0.5")
        if self.kind == "slow" and not self.factor:
            raise FieldError("a worker that computes nothing has crashed", "factor", "take kind crash")
        return self


@dataclass(frozen=True)
class Target:
    """What a fault does to one entity.

    Parameters
    ----------
    begin, end : callable
        Called when it strikes, and when it is over. ``begin`` is told whether it will be over at some time.
    """

    begin: Callable[[Fault, bool], None]
    end: Callable[[Fault], None]


class FaultLog(Protocol):
    """Takes what went wrong."""

    def struck(self, kind: str, entity: str) -> None:
        """Say that a fault begins now."""

    def over(self, kind: str, entity: str) -> None:
        """Say that it is over."""


def start_faults(
    env: simpy.Environment, faults: Sequence[Fault], targets: Mapping[str, Mapping[str, Target]], seed: int,
    log: FaultLog,
) -> None:
    """Start the processes of all faults.

    Parameters
    ----------
    env : simpy.Environment
    faults : sequence of Fault
    targets : mapping
        By kind of fault, the entities that it can strike, by name.
    seed : int
        The scenario's seed.
    log : FaultLog
    """
    alike: Counter[str] = Counter()
    for fault in faults:
        said = fault.model_dump_json()
        alike[said] += 1
        for name, target in targets[fault.kind].items():
            if fnmatchcase(name, fault.on):
                times = _Times(fault, seed, name, f"fault {alike[said]} {said}")
                env.process(_strike(env, fault, name, target, times, log))


class _Times:
    """When a fault strikes an entity, and how long each time; the stream is made when it is first needed."""

    def __init__(self, fault: Fault, seed: int, entity: str, purpose: str) -> None:
        self._fault = fault
        self._name = (seed, entity, purpose)
        self._rng: np.random.Generator | None = None

    def until(self) -> float:
        """Return the time until it strikes [s]."""
        return self._fault.at if self._fault.at is not None else self._draw(self._fault.every)

    def lasts(self) -> float:
        """Return how long it lasts [s]; infinite if it is for good."""
        return math.inf if self._fault.lasts is None else self._draw(self._fault.lasts)

    def _draw(self, time: Any) -> float:
        if not isinstance(time, RandomTime):
            return float(time)
        if self._rng is None:
            self._rng = stream(*self._name)
        return time.draw(self._rng)


def _strike(
    env: simpy.Environment, fault: Fault, entity: str, target: Target, times: _Times, log: FaultLog
) -> Process:
    """Strike an entity, once or again and again."""
    while True:
        yield Tick(env, times.until())
        lasts = times.lasts()
        log.struck(fault.kind, entity)
        target.begin(fault, math.isfinite(lasts))
        if not math.isfinite(lasts):
            return
        # A training may wait for a machine that is down, but for no slow phase to be over.
        yield env.timeout(lasts) if fault.kind == "crash" else Tick(env, lasts)
        log.over(fault.kind, entity)
        target.end(fault)
        if fault.at is not None:
            return
