"""The driver: sends runs to an executor, and tries those again, alone, that failed or whose process died.

Runs shorter than about 10 ms travel in chunks, since sending one costs a Dask scheduler more than a millisecond;
longer ones travel alone, so that no worker is left with the long tail of a chunk.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import replace
from math import ceil

from simcluster.errors import UnfinishedError, UserInputError
from simcluster.experiments.executors import Pool
from simcluster.experiments.performing import Outcome, Task, perform_all
from simcluster.experiments.seeding import this_version

#: How often a run is tried before it is marked as failed.
MOST_ATTEMPTS = 3
_SHORT_RUN_S = 0.010
_CHUNK_S = 0.040
_LONGEST_CHUNK = 64


def drive(tasks: Sequence[Task], pool: Pool) -> Iterator[list[Outcome]]:
    """Do all tasks, and yield what became of them in the order in which they are over, as many as are over at a time.

    Parameters
    ----------
    tasks : sequence of Task
        In the order in which they are begun.
    pool : Pool

    Raises
    ------
    UnfinishedError
        If the executor itself is lost.
    UserInputError
        If worker processes can't be started, or the workers have another version of simcluster.
    """
    flight = _Flight(tasks, pool)
    while flight.fill():
        over = flight.land()
        if over:
            yield over


class _Flight:
    """The tasks that wait and those that are on their way."""

    def __init__(self, tasks: Sequence[Task], pool: Pool) -> None:
        self._waiting = deque(tasks)
        self._again: deque[Task] = deque()
        self._flying: dict[Future[list[Outcome]], list[Task]] = {}
        self._attempts: Counter[str] = Counter()
        self._pool = pool
        self._window = max(1, 2 * pool.width)
        self._mean_s = _SHORT_RUN_S

    def fill(self) -> bool:
        """Submit as much as may be on its way at once; return whether anything is."""
        while len(self._flying) < self._window and (self._again or self._waiting):
            chunk = [self._again.popleft()] if self._again else self._next_chunk()
            self._flying[self._pool.executor.submit(perform_all, chunk)] = chunk
        return bool(self._flying)

    def _next_chunk(self) -> list[Task]:
        size = 1
        if self._pool.width and self._mean_s < _SHORT_RUN_S:
            fair = ceil(len(self._waiting) / (2 * self._window))
            size = max(1, min(round(_CHUNK_S / self._mean_s), fair, _LONGEST_CHUNK))
        return [self._waiting.popleft() for _ in range(min(size, len(self._waiting)))]

    def land(self) -> list[Outcome]:
        """Wait for a chunk, and return the outcomes that are final; the others will be tried again."""
        landed, _ = wait(self._flying, return_when=FIRST_COMPLETED)
        final = []
        for future in [future for future in self._flying if future in landed]:
            tasks = self._flying.pop(future)
            for task, outcome in zip(tasks, _outcomes(future, tasks), strict=True):
                self._attempts[task.key] += 1
                if outcome.failed and not outcome.hopeless and self._attempts[task.key] < MOST_ATTEMPTS:
                    self._again.append(task)
                    continue
                final.append(replace(outcome, attempts=self._attempts.pop(task.key)))
                self._mean_s += (outcome.seconds - self._mean_s) / 8
        return final


def _outcomes(future: Future[list[Outcome]], tasks: Sequence[Task]) -> list[Outcome]:
    try:
        outcomes = future.result()
    except UserInputError:
        raise
    except CancelledError as error:
        raise UnfinishedError("the executor gave up its runs: its connection or its scheduler is lost") from error
    except Exception as error:  # of the executor: the run's own are texts already
        message = " ".join(str(error).split()) or type(error).__name__
        return [Outcome(key=task.key, version=this_version(), error=message) for task in tasks]
    for outcome in outcomes:
        if outcome.version != this_version():
            raise UserInputError(f"a worker has simcluster {outcome.version}, and this is {this_version()}")
    return outcomes
