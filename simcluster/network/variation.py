"""Capacities that vary in time: background traffic, and bandwidth that changes by schedule or by trace.

The traffic of others is inelastic: it takes its rate first, and transfers share the rest. Each pattern is a sequence of
steps (time, value). Bandwidth and background are rates on the wire, and goodput is what transfers make of the rest: a
link carries (bandwidth x factor - background) x goodput for them, at least 0 (a cut link, which may recover).

Left out: bursts shorter than a round trip, which no fluid feels other than by their mean rate.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from math import fsum, prod
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator

from simcluster.errors import UserInputError
from simcluster.files import lowered, read_regular
from simcluster.network.random_times import RandomTime, SomeTime
from simcluster.network.wake import Tick
from simcluster.options import (
    LARGEST_DATA_FILE,
    DataFile,
    Duration,
    FieldError,
    NonNegativeNumber,
    Options,
    PositiveDuration,
    Rate,
)
from simcluster.rng import stream

if TYPE_CHECKING:
    import numpy as np
    from simpy import Environment, Event

    from simcluster.network.fluid import FluidNetwork
    from simcluster.network.link import Link

#: Seconds since the start, and the value from then on.
Step = tuple[float, float]
_MOST_STEPS = 1_000_000
#: Largest number of a trace: a time [s], a rate [B/s] or a factor.
_MOST = 1e18
#: What on and off must last at least [s]; each of them is a change of capacity while a transfer is under way.
_SHORTEST = 1e-4
#: Random times are drawn this many at a time, so that a long sleep is caught up with fast.
_DRAWN = 256

#: A number of a trace: not all that Python takes for one.
_NUMBER = re.compile(r"\s{0,9}\+?(\d{1,40}\.?\d{0,40}|\.\d{1,40})([eE][+-]?\d{1,9})?\s{0,9}", re.ASCII)

_LINK = Field(description="Which links: names in which * stands for anything.", max_length=200)


class Background(Options):
    """Traffic of others: constant, on and off in turns, or from a CSV file."""

    link: Annotated[str, _LINK] = "*"
    rate: Annotated[Rate | None, Field(description="What it takes while it is on.")] = None
    on: Annotated[PositiveDuration | None, Field(description="How long it is on at a time; always by default.")] = None
    off: Annotated[PositiveDuration | None, Field(description="How long it is off at a time.")] = None
    random: Annotated[bool, Field(description="Whether on and off are the means of exponential times.")] = False
    trace: Annotated[DataFile | None, Field(description="CSV file with the columns time_s and rate_bytes_per_s.")] = (
        None
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.rate is None) == (self.trace is None):
            raise FieldError("exactly one of rate and trace is needed", "rate")
        if (self.on is None) != (self.off is None):
            raise FieldError("on and off belong together", "on" if self.on is None else "off")
        if self.on is not None and self.rate is None:
            raise FieldError("has no effect on a trace", "on")
        if self.random and self.on is None:
            raise FieldError("has no effect without on and off", "random")
        for name, time in (("on", self.on), ("off", self.off)):
            if time is not None and time < _SHORTEST:
                raise FieldError("expected at least 100 us", name, "give the mean rate of shorter bursts instead")
        return self


class Change(Options):
    """A changed bandwidth: from one moment on, or at all times of a CSV file."""

    link: Annotated[str, _LINK] = "*"
    at: Annotated[Duration | None, Field(description="When it changes.")] = None
    every: Annotated[
        SomeTime | None, Field(description="Again and again: the time from the end of one to the next.")
    ] = None
    lasts: Annotated[SomeTime | None, Field(description="How long it lasts; for good if not given.")] = None
    factor: Annotated[
        NonNegativeNumber | None, Field(description="Bandwidth as a multiple of the normal one; 0 cuts the link.")
    ] = None
    trace: Annotated[DataFile | None, Field(description="CSV file with the columns time_s and factor.")] = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.at is not None) + (self.every is not None) + (self.trace is not None) != 1:
            raise FieldError("exactly one of at (with factor), every (with factor and lasts) and trace is needed", "at")
        if (self.trace is None) != (self.factor is not None):
            at = "at" if self.every is None else "every"
            raise FieldError(f"{at} and factor belong together", at if self.trace is not None else "factor")
        if self.every is not None and self.lasts is None:
            raise FieldError("what happens again and again must be over in between", "lasts", "say how long it lasts")
        if self.trace is not None and self.lasts is not None:
            raise FieldError("has no effect on a trace", "lasts")
        return self

    @property
    def is_lasting(self) -> bool:
        """Whether it is a change for good, or a trace: later ones replace it. Others end, and multiply meanwhile."""
        return self.lasts is None


class _Supply:
    """What is left of a link's bandwidth for transfers.

    Parameters
    ----------
    network : FluidNetwork
        Whose link it is.
    link : Link
        The link, with its normal capacity: bandwidth x goodput.
    goodput : float
        Payload as a fraction of what is on the wire.
    """

    def __init__(self, network: FluidNetwork, link: Link, goodput: float) -> None:
        self._network = network
        self._link = link
        self._normal = link.capacity
        self._goodput = goodput
        self._factors: dict[int, float] = {}
        self._taken: dict[int, float] = {}

    def scale(self, source: int, factor: float) -> None:
        """Change the bandwidth to a multiple of the normal one; what several sources say is multiplied."""
        self._factors[source] = factor
        self._apply()

    def take(self, source: int, rate: float) -> None:
        """Let one source of background traffic take a rate on the wire [B/s]."""
        self._taken[source] = rate
        self._apply()

    def _apply(self) -> None:
        left = max(self._normal * prod(self._factors.values()) - fsum(self._taken.values()) * self._goodput, 0.0)
        if left != self._link.capacity:
            self._network.change_capacity(self._link, left)


class Variation:
    """Lets the capacities of a network vary; as a treatment of transfers, it wakes up with the first of them.

    While the network is idle, it sleeps: an endless pattern then doesn't keep a simulation alive in which nothing else
    can happen, and is caught up with when a transfer starts.

    Parameters
    ----------
    network : FluidNetwork
        The network, with all links at their normal capacity.
    background, schedule : sequence
        The patterns.
    seed : int
        The scenario's seed.
    goodput : float
        Payload as a fraction of what is on the wire, of which background traffic takes its rate.
    """

    def __init__(
        self,
        network: FluidNetwork,
        background: Sequence[Background],
        schedule: Sequence[Change],
        seed: int,
        goodput: float = 1.0,
    ) -> None:
        self._network = network
        self._env = network.env
        self._awake = network.env.event()
        supplies: dict[Link, _Supply] = {}
        for link in network.links:
            changes = [change for change in schedule if fnmatchcase(link.name, change.link)]
            sources = [(number, each) for number, each in enumerate(background) if fnmatchcase(link.name, each.link)]
            if changes or sources:
                supplies[link] = supply = _Supply(network, link, goodput)
                self._start(_scheduled([each for each in changes if each.is_lasting]), partial(supply.scale, -1))
                for number, change in enumerate(schedule):
                    if change in changes and not change.is_lasting:
                        draws = partial(stream, seed, link.name, f"change {schedule[:number].count(change)} {change!r}")
                        self._start(_passing(change, draws), partial(supply.scale, number))
                for number, each in sources:
                    steps = _steps(each, partial(stream, seed, link.name, f"background-{number}"), network.env)
                    self._start(steps, partial(supply.take, number))

    def __call__(self, flow: object, ends: object, priority: int) -> None:
        """Wake up, since a transfer starts."""
        if not self._awake.triggered:
            self._awake.succeed()

    def _start(self, steps: Iterator[Step], apply: Callable[[float], None]) -> None:
        self._env.process(self._follow(steps, apply))

    def _follow(self, steps: Iterator[Step], apply: Callable[[float], None]) -> Generator[Event, None, None]:
        """Apply each step in its time; of those that were slept through, and of those at one moment, only the last."""
        due: float | None = None
        for at, value in steps:
            if due is not None and at > self._env.now:
                apply(due)
            while at > self._env.now:
                if self._network.idle:
                    if self._awake.triggered:
                        self._awake = self._env.event()
                    yield self._awake
                else:
                    yield Tick(self._env, at - self._env.now)
            due = value
        if due is not None:
            apply(due)


def _scheduled(changes: Sequence[Change]) -> Iterator[Step]:
    """Return the steps of all changes of one link in the order of time; of two at one moment the later one counts."""
    steps = [(change.at, change.factor) for change in changes if change.at is not None and change.factor is not None]
    for change in changes:
        if change.trace is not None:
            steps += read_trace(change.trace, "factor")
    return iter(sorted(steps, key=lambda step: step[0]))


def _passing(change: Change, draws: Callable[[], np.random.Generator]) -> Iterator[Step]:
    """Yield the steps of a change that is over after a while, once or again and again."""
    rng: np.random.Generator | None = None
    now, factor = 0.0, change.factor if change.factor is not None else 1.0

    def drawn(time: float | RandomTime) -> float:
        nonlocal rng
        if not isinstance(time, RandomTime):
            return time
        rng = draws() if rng is None else rng
        return max(time.draw(rng), _SHORTEST)

    assert change.lasts is not None  # noqa: S101 - see is_lasting
    if change.at is not None:
        yield change.at, factor
        yield change.at + drawn(change.lasts), 1.0
        return
    assert change.every is not None  # noqa: S101 - the validator has seen to it
    while True:
        now += drawn(change.every)
        yield now, factor
        now += drawn(change.lasts)
        yield now, 1.0


def _steps(background: Background, draws: Callable[[], np.random.Generator], env: Environment) -> Iterator[Step]:
    """Yield the steps of background traffic; those that lie in the past already may be left out, but for the last."""
    if background.trace is not None:
        yield from read_trace(background.trace, "rate_bytes_per_s")
        return
    rate = background.rate or 0.0
    yield 0.0, rate
    if background.on is None or background.off is None:
        return
    if background.random:
        yield from _random_turns(background.on, background.off, rate, draws(), env)
    else:
        yield from _regular_turns(background.on, background.off, rate, env)


def _regular_turns(on: float, off: float, rate: float, env: Environment) -> Iterator[Step]:
    """Yield the steps of a pattern that is on first, jumping over the periods that are over."""
    period = on + off
    number = 0
    while True:
        yield number * period + on, 0.0
        # One too many, by rounding, does no harm: it is off at the end of the period before.
        number = max(number + 1, int(env.now / period))
        yield number * period, rate


def _random_turns(
    on: float, off: float, rate: float, generator: np.random.Generator, env: Environment
) -> Iterator[Step]:
    """Yield the steps of a pattern that is on first and turns after exponential times; all are drawn in any case."""
    means = [on, off] * (_DRAWN // 2)
    now = 0.0
    while True:
        times = (generator.standard_exponential(_DRAWN) * means).cumsum() + now
        now = float(times[-1])
        if now > env.now:
            yield from zip(times.tolist(), [0.0, rate] * (_DRAWN // 2), strict=True)
        else:
            yield now, rate


def read_trace(path: str, column: str) -> list[Step]:
    """Return the steps of a CSV file with the columns ``time_s`` and ``column``.

    Raises
    ------
    UserInputError
        If the file can't be read, a value isn't a finite number of at least 0, or times don't increase.
    """
    steps: list[Step] = []
    try:
        # A table of a spreadsheet may begin with a byte order mark.
        text = read_regular(path, LARGEST_DATA_FILE).decode("utf-8-sig")
        for row in csv.DictReader(io.StringIO(text, newline="")):
            steps.append((_number(row["time_s"]), _number(row[column])))
            if len(steps) > _MOST_STEPS:
                raise ValueError(f"more than {_MOST_STEPS} rows")
            if len(steps) > 1 and steps[-1][0] <= steps[-2][0]:
                raise ValueError("times must increase")
    except OSError as error:
        raise UserInputError(f"{path}: can't be read: {lowered(error)}") from error
    except UnicodeDecodeError as error:
        raise UserInputError(f"{path}: not UTF-8 text") from error
    except KeyError as error:
        raise UserInputError(f"{path}: the column {error} is missing") from error
    except (ValueError, csv.Error) as error:
        raise UserInputError(f"{path}, row {len(steps) + 1}: {error}") from error
    return steps


def _number(text: str | None) -> float:
    if text is None or _NUMBER.fullmatch(text) is None or float(text) > _MOST:
        raise ValueError(f"expected numbers from 0 to {_MOST:g}, not {text[:40] if text else text!r}")
    return float(text)
