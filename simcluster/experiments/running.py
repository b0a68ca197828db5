"""Runs and a store together: what is stored already isn't done again, what is done is stored at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from time import monotonic
from typing import Any

from simcluster.errors import UnfinishedError
from simcluster.experiments.driver import drive
from simcluster.experiments.executors import Pool, open_pool
from simcluster.experiments.performing import Outcome, Task
from simcluster.experiments.seeding import replicated, run_key
from simcluster.experiments.store import Store
from simcluster.scenario import Scenario

#: Time between two transactions: each costs as much as a tenth of a short run.
_BATCH_S = 0.05


@dataclass(frozen=True)
class Progress:
    """How far a set of runs is.

    Parameters
    ----------
    total : int
        All runs.
    cached : int
        Those that needn't be done, since the store has them.
    finished : int
        Those that were done now, successfully or not.
    failed : int
        Those without a result, also from before.
    elapsed_s : float [s]
        Wall-clock time since the first was begun.
    """

    total: int
    cached: int
    finished: int
    failed: int
    elapsed_s: float

    @property
    def done(self) -> int:
        """Runs that are over."""
        return self.cached + self.finished

    @property
    def left_s(self) -> float | None:
        """Estimate of the time that the rest takes [s]; None before the first run is over."""
        if not self.finished:
            return None
        return self.elapsed_s / self.finished * (self.total - self.done)


Watch = Callable[[Progress], None]


def unwatched(progress: Progress) -> None:
    """Tell nobody."""


class Runner:
    """Does runs in a pool, for a store.

    Parameters
    ----------
    pool : Pool
    store : Store
    """

    def __init__(self, pool: Pool, store: Store) -> None:
        self._pool = pool
        self.store = store

    def carry_out(
        self,
        tasks: Iterable[Task],
        *,
        retry_failed: bool = False,
        watch: Watch = unwatched,
    ) -> Progress:
        """Do all tasks whose runs the store doesn't have, and keep what becomes of them.

        Parameters
        ----------
        tasks : iterable of Task
            In the order in which they are begun.
        retry_failed : bool
            Whether runs are tried again that the store has as failed.
        watch : callable
            Told the progress, after what it counts was stored.

        Raises
        ------
        UnfinishedError
            If the store can't be written, or the executor is lost.
        """
        by_key = {task.key: task for task in tasks}
        known = self.store.finished([key for key, task in by_key.items() if not task.spans])
        known |= self.store.finished([key for key, task in by_key.items() if task.spans], spans=True)
        lost = set() if retry_failed else set(self.store.failures(list(by_key)))
        todo = [task for task in by_key.values() if task.key not in known | lost]
        seeds = {task.key: task.scenario.seed for task in todo}
        begin = monotonic()
        progress = Progress(len(by_key), len(by_key) - len(todo), 0, len(lost), 0.0)
        watch(progress)
        for outcomes in _batched(drive(todo, self._pool)):
            self.store.put(outcomes, seeds)
            failed = sum(outcome.failed for outcome in outcomes)
            progress = Progress(
                progress.total,
                progress.cached,
                progress.finished + len(outcomes),
                progress.failed + failed,
                monotonic() - begin,
            )
            watch(progress)
        return progress

    def metrics(
        self, scenarios: Sequence[Scenario], replications: Sequence[int] = (0,), *, watch: Watch = unwatched
    ) -> list[list[dict[str, Any]]]:
        """Return the metrics of every replication of some scenarios.

        Parameters
        ----------
        scenarios : sequence of Scenario
        replications : sequence of int
        watch : callable
            Told the progress.

        Returns
        -------
        list of list of dict, shape (n_scenarios, n_replications)

        Raises
        ------
        UnfinishedError
            If a run failed three times.
        """
        tasks = [[_task(scenario, number) for number in replications] for scenario in scenarios]
        self.carry_out([task for row in tasks for task in row], retry_failed=True, watch=watch)
        keys = [task.key for row in tasks for task in row]
        found: Mapping[str, dict[str, Any]] = self.store.metrics(keys)
        for error in self.store.failures(keys).values():
            raise UnfinishedError(f"a run failed: {error}")
        return [[found[task.key] for task in row] for row in tasks]


def _task(scenario: Scenario, replication: int) -> Task:
    variant = replicated(scenario, replication)
    return Task(run_key(variant), variant)


def _batched(chunks: Iterable[list[Outcome]]) -> Iterator[list[Outcome]]:
    """Yield outcomes at once if nothing was yielded for a while, or else together with those that come soon after."""
    batch: list[Outcome] = []
    last = monotonic()
    for outcomes in chunks:
        batch += outcomes
        if monotonic() - last >= _BATCH_S:
            yield batch
            batch, last = [], monotonic()
    if batch:
        yield batch


@contextmanager
def open_runner(
    jobs: int = 1, executor: str | Executor | None = None, store: str | PathLike[str] | None = None
) -> Iterator[Runner]:
    """Open a store and the place where runs are done; see :class:`Store` and :func:`open_pool`."""
    with Store(store) as opened, open_pool(jobs, executor) as pool:
        yield Runner(pool, opened)
