"""How often to write checkpoints: closed forms for one machine whose failures are exponential.

Sources: J. W. Young, A first order approximation to the optimum checkpoint interval, CACM 17 (1974), equation 3; J. T.
Daly, A higher order estimate of the optimum checkpoint interval for restart dumps, FGCS 22 (2006), equations 13 and 37.
"""

from __future__ import annotations

import math


def segment_time(work: float, checkpoint: float, down: float, restore: float, mean_time_to_failure: float) -> float:
    """Return the expected time of a segment: some work and the checkpoint after it, however often that fails.

    A failure loses the work of the segment; the machine is down, restores its state, and begins the segment again. It
    can fail while it works, writes or restores, but not while it is down:

        E = (1/lambda + down) * exp(lambda * restore) * (exp(lambda * (work + checkpoint)) - 1)

    Parameters
    ----------
    work, checkpoint, down, restore : float [s]
    mean_time_to_failure : float [s]
        1 / lambda.
    """
    rate = 1 / mean_time_to_failure
    return (mean_time_to_failure + down) * math.exp(rate * restore) * math.expm1(rate * (work + checkpoint))


def young_interval(checkpoint: float, mean_time_to_failure: float) -> float:
    """Return Young's optimum of the work between two checkpoints [s]: sqrt(2 * checkpoint * mean time to failure)."""
    return math.sqrt(2 * checkpoint * mean_time_to_failure)


def daly_interval(checkpoint: float, mean_time_to_failure: float) -> float:
    """Return Daly's optimum of the work between two checkpoints [s], of higher order than Young's.

    With d = checkpoint / (2 M): sqrt(2 checkpoint M) * (1 + sqrt(d)/3 + d/9) - checkpoint, and M if checkpoint >= 2 M.
    """
    if checkpoint >= 2 * mean_time_to_failure:
        return mean_time_to_failure
    small = checkpoint / (2 * mean_time_to_failure)
    return young_interval(checkpoint, mean_time_to_failure) * (1 + math.sqrt(small) / 3 + small / 9) - checkpoint
