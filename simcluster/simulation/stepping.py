"""Running a simulation to its end, or until it is clear that it won't come to one.

A run that can't finish ends for one of these reasons, each in words for its user: nothing can happen any more
(everybody waits for somebody), simulated time stands still (events follow each other for ever at one instant), or a
budget is spent. A budget of events is kept to the event; the clocks are looked at now and then.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import simpy
from simpy.core import EmptySchedule, StopSimulation

from simcluster.errors import StuckError

#: Events between two looks at the clocks.
_BATCH = 10_000


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
    began, done = monotonic(), 0
    instant, since = env.now, 0
    try:
        while events is None or done < events:
            batch = _BATCH if events is None else min(_BATCH, events - done)
            for _ in range(batch):
                env.step()
            done += batch
            if env.now > instant:
                instant, since = env.now, done
            elif done - since > crowd:
                return f"simulated time stands still at {env.now:g} s, for {crowd} events and more; {waiting()}"
            if wall_time is not None and monotonic() - began > wall_time:
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
