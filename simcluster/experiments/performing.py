"""What happens to a run wherever it is done: in this process, in a worker process, or on another machine.

Only plain data comes back. An error becomes a text here, since not every exception survives the way home.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from simcluster.errors import SimclusterError, StuckError, UserInputError
from simcluster.experiments.packing import pack_tables
from simcluster.experiments.seeding import this_version
from simcluster.scenario import Scenario
from simcluster.simulation import simulate


@dataclass(frozen=True)
class Task:
    """One run to do.

    Parameters
    ----------
    key : str
        From :func:`simcluster.experiments.seeding.run_key`.
    scenario : Scenario
        Under the seed that it runs with.
    spans : bool
        Whether spans and links are kept too.
    """

    key: str
    scenario: Scenario
    spans: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Parameters
    ----------
    key : str
    version : str
        Version of simcluster that ran it.
    seconds : float [s]
        Wall-clock time of the run, for planning; it is never stored.
    metrics : str
        The row of ``Result.summary`` as JSON; empty if the run failed.
    scenario : str
        The resolved scenario as JSON; empty if the run failed.
    tables : mapping of str to bytes
        From :func:`simcluster.experiments.packing.pack_tables`.
    error : str
        Why the run failed; empty if it didn't.
    attempts : int
        How often it was tried.
    hopeless : bool
        Whether it would fail again: what the user wrote is wrong, or can't come to an end.
    """

    key: str
    version: str
    seconds: float = 0.0
    metrics: str = ""
    scenario: str = ""
    tables: Mapping[str, bytes] = field(default_factory=dict)
    error: str = ""
    attempts: int = 1
    hopeless: bool = False

    @property
    def failed(self) -> bool:
        """Whether the run gave no result."""
        return bool(self.error)


def perform_all(tasks: Sequence[Task]) -> list[Outcome]:
    """Do some runs one after the other; an error of one is its own.

    Parameters
    ----------
    tasks : sequence of Task
        A chunk.
    """
    return [perform(task) for task in tasks]


def perform(task: Task) -> Outcome:
    """Do one run."""
    begin = perf_counter()
    try:
        result = simulate(task.scenario, record=task.spans)
        return Outcome(
            key=task.key,
            version=result.version,
            metrics=json.dumps(result.metrics),
            scenario=json.dumps(result.scenario),
            tables=pack_tables(result, spans=task.spans),
            seconds=perf_counter() - begin,
        )
    except Exception as error:  # whatever it is, it must not take the other runs with it
        return Outcome(
            key=task.key,
            version=this_version(),
            error=_told(error),
            seconds=perf_counter() - begin,
            hopeless=isinstance(error, UserInputError | StuckError),
        )


def _told(error: Exception) -> str:
    """Return an error as one line: the message of one that is raised on purpose, the place of a bug."""
    message = " ".join(str(error).split())
    if isinstance(error, SimclusterError):
        return message or type(error).__name__
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {message} ({place.filename}:{place.lineno})"
