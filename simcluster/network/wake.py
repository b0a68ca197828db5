"""What wakes a network: an alarm that is never moved later, a line in which all wait equally long, and ticks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any

from simpy.events import Event, Timeout

if TYPE_CHECKING:
    from simpy import Environment

    from simcluster.network.transfer import Transfer


class Wake(Event):
    """An event that is bound to happen, and can be used again once it has happened."""

    __slots__ = ("_ok", "_value", "callbacks", "env")

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.callbacks: Any = None
        self._ok = True
        self._value = None


class Tick(Timeout):
    """The time until the next change of something that goes on for ever by itself, as background traffic does.

    A simulation in which only ticks are left doesn't get on.
    """


class Alarm:
    """At most one wake-up that counts, lazy: set to a later time it stays, goes off early, and is to be set again.

    Moving it would cost as much as the early wake-up, and would be needed far more often.

    Parameters
    ----------
    env : simpy.Environment
        Where time passes.
    ring : callable
        Called when the alarm goes off; it is off from then on.

    Attributes
    ----------
    at : float [s]
        When it goes off; infinite if it is off. Set to the present by an owner who will look after the next wake-up
        himself at this instant, so that nobody else sets it meanwhile.
    """

    __slots__ = ("_callbacks", "_env", "_ring", "_wake", "at")

    def __init__(self, env: Environment, ring: Callable[[], None]) -> None:
        self._env = env
        self._ring = ring
        self._callbacks: list[Callable[[Any], None]] = [self._go_off]
        self._wake = Wake(env)
        self.at = inf

    def set(self, now: float, delay: float) -> None:
        """See to it, ``now`` [s], that it goes off in ``delay`` seconds or earlier; never, if that is infinite."""
        at = now + delay
        if at < self.at:
            self.at = at
            wake = self._wake
            if wake.callbacks is not None:  # still in SimPy's queue for a later time, where it shall be ignored
                self._wake = wake = Wake(self._env)
            wake.callbacks = self._callbacks
            self._env.schedule(wake, delay=delay)

    def _go_off(self, wake: Wake) -> None:
        if wake is self._wake:
            self.at = inf
            self._ring()


class DelayLine:
    """Transfers that all wait equally long, in the order in which they came: one wake-up for each distinct instant.

    Parameters
    ----------
    env : simpy.Environment
        Where time passes.
    delay : float [s]
        How long each waits, at least 0.
    leave : callable
        Called with each transfer when its time is over, unless it was cancelled meanwhile.
    """

    __slots__ = ("_alarm", "_env", "_leave", "_line", "delay")

    def __init__(self, env: Environment, delay: float, leave: Callable[[Any], None]) -> None:
        self._env = env
        self._leave = leave
        self._line: deque[tuple[float, Transfer]] = deque()
        self._alarm = Alarm(env, self._advance)
        self.delay = delay

    def enter(self, transfer: Transfer) -> None:
        """Let a transfer wait from now on."""
        now = self._env.now
        if not self._line:
            self._alarm.set(now, self.delay)
        self._line.append((now + self.delay, transfer))

    def _advance(self) -> None:
        line, now = self._line, self._env.now
        while line and line[0][0] <= now:
            transfer = line.popleft()[1]
            if transfer.carrier is not None:
                self._leave(transfer)
        if line:
            self._alarm.set(now, line[0][0] - now)
