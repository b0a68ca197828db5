"""How a training went: a row for each evaluation, and what the summary says of it.

Evaluating costs no simulated time: it is done by an onlooker, not by the cluster.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field

#: Columns of the raw rows. Entities are workers by their index, SERVER or MEAN.
COLUMNS = ("time_s", "update", "entity", "loss", "accuracy", "gradient_norm", "consensus_distance")
SERVER, MEAN = -1, -2
#: How clock and values are coupled, in words.
COUPLINGS = {
    "own": "the clock moves its own bytes",
    "stand-in": "a stand-in: the clock is that of the scenario's model",
}


@dataclass
class History:
    """The evaluations of a run.

    Parameters
    ----------
    coupling : str
        How clock and values are coupled: ``own`` or ``stand-in``.
    goal : str
        What the time to target is for; empty if nothing.
    rows : array of float
        Flat, with ``COLUMNS``.
    reached_s : float or None [s]
        When an evaluation met the goal first.
    reached_update : int or None
        The update after which it did.
    diverged : bool
        Whether a gradient was not finite.
    """

    coupling: str
    goal: str
    rows: array[float] = field(default_factory=lambda: array("d"))
    reached_s: float | None = None
    reached_update: int | None = None
    diverged: bool = False

    def final(self, column: str) -> float | None:
        """Return a value of the last evaluation of the global parameters; None if it is not finite."""
        width = len(COLUMNS)
        for begin in range(len(self.rows) - width, -1, -width):
            row = self.rows[begin : begin + width]
            if row[COLUMNS.index("entity")] < 0:
                value = row[COLUMNS.index(column)]
                return value if math.isfinite(value) else None
        return None
