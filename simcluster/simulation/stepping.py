"""Running a simulation to its end, or until it is clear that it won't come to one.

A run that can't finish ends for one of these reasons, each in words for its user: nothing can happen any more
(everybody waits for somebody), nothing happens any more but what goes on for ever by itself (background traffic, slow
phases), simulated time stands still or advances by ever less (events follow each other for ever), or a budget is
spent. A budget of events is kept to the event; all else is looked at now and then.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import simpy
from simpy.core import EmptySchedule, StopSimulation

from simcluster.errors import StuckError
from simcluster.network.wake import Tick

#: Events between two looks; between two looks at the clock of the wall, if it counts.
_BATCH, _TIMED_BATCH = 10_000, 100
#: Of the time until now, what must pass in a crowd of events: the clocks of healthy runs never go that slowly.
_LEAST_ADVANCE = 1e-9
#: Events in which nothing but ticks is under way at any look: even a silly pattern is over before.
_MOST_TICKS = 1_000_000


def run_to_end(
    env: simpy.Environment,
    over: simpy.Event,
    *,
    events: int | None,
    wall_time: float | None,
    crowd: int,
    waiting: Callable[[], str],
) -> str:
    """Run a simulation until ``over`` happens, and return why it didn't; nothing if it did.

    Parameters
    ----------
    env : simpy.Environment
    over : simpy.Event
        Happens at the end of the training.
    events : int or None
        How many events it may process.
    wall_time : float or None [s]
        How long it may take on the clock of the wall.
    crowd : int
        How many events may happen at one instant in a healthy run.
    waiting : callable
        Says who waits for what.
    """
    over.callbacks.append(StopSimulation.callback)
    most = _BATCH if wall_time is None else _TIMED_BATCH
    end = None if wall_time is None else monotonic() + wall_time
    watch = _Watch(env, crowd)
    done = 0
    try:
        while events is None or done < events:
            batch = most if events is None else min(most, events - done)
            for _ in range(batch):
                env.step()
            done += batch
            if reason := watch.look(done):
                return f"{reason}; {waiting()}"
            if end is not None and monotonic() > end:
                return f"the budget of {wall_time:g} s on the clock of the wall is spent at {env.now:g} s; {waiting()}"
        return f"the budget of {events} events is spent at {env.now:g} s of simulated time; {waiting()}"
    except StopSimulation:
        return ""
    except EmptySchedule:
        return (
            f"nothing can happen any more at {env.now:g} s of simulated time, before the training is over: {waiting()}"
        )
    except StuckError as error:
        return str(error)


class _Watch:
    """Looks now and then whether a simulation gets on.

    Parameters
    ----------
    env : simpy.Environment
    crowd : int
        How many events may happen at one instant in a healthy run.
    """

    def __init__(self, env: simpy.Environment, crowd: int) -> None:
        self._env = env
        self._crowd = crowd
        #: The last instant that was clearly later than the one before, and the events that were done by then.
        self._instant, self._then = env.now, 0
        #: The events that were done when anything but a tick was last seen under way.
        self._alive = 0

    def look(self, done: int) -> str:
        """Return why the simulation doesn't get on; nothing if it does.

        Parameters
        ----------
        done : int
            Events that it has processed.
        """
        now = self._env.now
        if now - self._instant > _LEAST_ADVANCE * now:
            self._instant, self._then = now, done
        elif done - self._then > self._crowd:
            return f"simulated time stands still at {now:g} s, for {self._crowd} events and more"
        if not all(isinstance(entry[-1], Tick) for entry in self._env._queue):
            self._alive = done
        elif done - self._alive >= _MOST_TICKS:
            since = f"for {_MOST_TICKS} events, until {now:g} s of simulated time"
            return f"nothing happens any more but faults, and traffic of others, {since}"
        return ""
