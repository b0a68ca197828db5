"""The driver and the places where runs are done: what is killed or fails costs only itself."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from simcluster.errors import StuckError, UnfinishedError, UserInputError
from simcluster.experiments import performing
from simcluster.experiments.driver import drive
from simcluster.experiments.executors import InProcess, Pool, open_pool
from simcluster.experiments.performing import Outcome, Task, perform
from simcluster.experiments.seeding import run_key
from simcluster.experiments.workers import ProcessExecutor, WorkerDiedError
from tests.building import scenario


def tasks(count: int) -> list[Task]:
    scenarios = [scenario({"seed": seed}) for seed in range(count)]
    return [Task(run_key(one), one) for one in scenarios]


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessExecutor]:
    executor = ProcessExecutor(2)
    yield executor
    executor.shutdown(cancel_futures=True)


class Scripted(Executor):
    """Does as it is told with each submitted chunk."""

    def __init__(self, act: Callable[[list[Task]], list[Outcome]]) -> None:
        self.act = act
        self.chunks: list[list[str]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.chunks.append([task.key for task in args[0]])
        return InProcess().submit(self.act, *args)


def test_a_run_that_fails_is_tried_three_times_and_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def simulate(one: Any, record: bool) -> Any:
        if one.seed == 3:
            raise OSError("the disk\nis away")
        return real(one, record=record)

    real = performing.simulate
    monkeypatch.setattr(performing, "simulate", simulate)
    todo = tasks(6)
    outcomes = [outcome for some in drive(todo, Pool(InProcess(), 0)) for outcome in some]
    failed = [outcome for outcome in outcomes if outcome.failed]
    assert [(outcome.key, outcome.attempts, outcome.error) for outcome in failed] == [
        (todo[3].key, 3, failed[0].error)
    ]
    assert failed[0].error.startswith("OSError: the disk is away")
    assert {outcome.attempts for outcome in outcomes if not outcome.failed} == {1}
    assert len(outcomes) == 6


@pytest.mark.parametrize("error", [UserInputError, StuckError])
def test_what_fails_each_time_is_tried_once(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def simulate(one: Any, record: bool) -> Any:
        raise error("no such thing")

    monkeypatch.setattr(performing, "simulate", simulate)
    ((outcome,),) = drive(tasks(1), Pool(InProcess(), 0))
    assert (outcome.attempts, outcome.error) == (1, "no such thing")


def test_a_bug_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def simulate(one: Any, record: bool) -> Any:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(performing, "simulate", simulate)
    assert perform(tasks(1)[0]).error.startswith("ZeroDivisionError: oh (")


def test_what_shared_a_chunk_with_a_dead_worker_is_retried_alone() -> None:
    todo = tasks(40)
    deadly = todo[30].key

    def act(chunk: list[Task]) -> list[Outcome]:
        if any(task.key == deadly for task in chunk):
            raise WorkerDiedError("the worker process was killed (signal 9, Killed)")
        return [Outcome(task.key, performing.this_version(), seconds=0.001) for task in chunk]

    executor = Scripted(act)
    outcomes = [outcome for some in drive(todo, Pool(executor, 2)) for outcome in some]
    assert [outcome.key for outcome in outcomes if outcome.failed] == [deadly]
    tried = Counter(key for chunk in executor.chunks for key in chunk)
    assert tried[deadly] == 3
    assert max(count for key, count in tried.items() if key != deadly) <= 2
    assert max(len(chunk) for chunk in executor.chunks) > 1, "short runs travel in chunks"
    again = [chunk for chunk in executor.chunks if any(tried[key] > 1 for key in chunk)]
    assert sum(len(chunk) > 1 for chunk in again) <= 1


def test_long_runs_travel_alone() -> None:
    executor = Scripted(lambda chunk: [Outcome(task.key, performing.this_version(), seconds=0.02) for task in chunk])
    assert sum(len(some) for some in drive(tasks(50), Pool(executor, 2))) == 50
    assert {len(chunk) for chunk in executor.chunks} == {1}


def test_workers_of_another_version_are_refused() -> None:
    executor = Scripted(lambda chunk: [Outcome(task.key, "0.0.1") for task in chunk])
    with pytest.raises(UserInputError, match=r"a worker has simcluster 0\.0\.1"):
        list(drive(tasks(2), Pool(executor, 1)))


def test_a_lost_executor_ends_the_sweep() -> None:
    class Lost(Executor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with pytest.raises(UnfinishedError, match="gave up"):
        list(drive(tasks(2), Pool(Lost(), 1)))


def test_processes_give_what_this_process_gives(processes: ProcessExecutor) -> None:
    todo = tasks(8)
    here = {one.key: one.metrics for some in drive(todo, Pool(InProcess(), 0)) for one in some}
    there = {one.key: one.metrics for some in drive(todo, Pool(processes, 2)) for one in some}
    assert here == there


def test_a_worker_that_is_killed_takes_only_its_own_job(processes: ProcessExecutor) -> None:
    doomed = processes.submit(os.kill, 0, 0)  # waits behind nothing: just to see that calls work
    assert doomed.result(timeout=20) is None
    others = [processes.submit(time.sleep, 0.3)]
    suicide = processes.submit(_kill_yourself)
    others += [processes.submit(abs, -value) for value in range(20)]
    with pytest.raises(WorkerDiedError, match="signal 9"):
        suicide.result(timeout=20)
    assert [one.result(timeout=20) for one in others] == [None, *range(20)]
    assert len(processes.pids) == 2


def _kill_yourself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_errors_come_home(processes: ProcessExecutor) -> None:
    with pytest.raises(ZeroDivisionError):
        processes.submit(divmod, 1, 0).result(timeout=20)


def test_shutdown_does_not_wait_for_a_long_job() -> None:
    executor = ProcessExecutor(1)
    executor.submit(abs, -1).result(timeout=20)
    running, waiting = executor.submit(time.sleep, 60), executor.submit(time.sleep, 60)
    (pid,) = executor.pids
    begin = time.monotonic()
    executor.shutdown(cancel_futures=True)
    assert time.monotonic() - begin < 2
    assert isinstance(running.exception(timeout=1), WorkerDiedError)
    assert waiting.cancelled()
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(RuntimeError, match="shut down"):
        executor.submit(abs, 1)


def test_shutdown_waits_if_it_is_asked_to() -> None:
    with ProcessExecutor(1) as executor:
        future = executor.submit(abs, -3)
    assert future.result(timeout=0) == 3


@pytest.mark.parametrize(
    ("jobs", "executor", "message"),
    [
        (0, None, "expected 1 to 1024 processes"),
        (1, "dask:/x", "expected dask://HOST:PORT"),
        (1, "http://localhost:80", "expected dask://HOST:PORT"),
    ],
)
def test_bad_places_are_refused(jobs: int, executor: str | None, message: str) -> None:
    with pytest.raises(UserInputError, match=message), open_pool(jobs, executor):
        pass


