"""Worker processes under supervision: one that is killed takes only its own job with it.

``ProcessPoolExecutor`` gives up all jobs when one worker dies, and ``multiprocessing.Pool`` waits for ever. Here each
worker has a pipe of its own. When it dies, the future of its job gets a :class:`WorkerDiedError`, and another worker
takes its place. Workers are forked by a server that has simcluster imported already. They ignore Ctrl-C, which is the
parent's business, and watch the parent: when it is gone, however it went, they go at once.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from simcluster.errors import SimclusterError, UserInputError

#: So many workers in a row may end, or be killed, before they say that they are ready; more would never end.
_MOST_STILLBORN = 3
_MOST_KILLED = 100
#: They import click, pandas and matplotlib, which no run needs.
_NOT_PRELOADED = ("simcluster.cli", "simcluster.plots", "simcluster.__main__")
_WONT_START = (
    "worker processes die before they can begin; a Python script that starts them must guard its own lines with "
    "if __name__ == '__main__':, since every worker reads the script"
)


class WorkerDiedError(SimclusterError):
    """The process that did a run is gone: it was killed, or ran out of memory."""


class WorkersStartError(UserInputError):
    """Worker processes die before they can take a job."""


@dataclass
class _Job:
    future: Future[Any]
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    ready: bool = False
    job: _Job | None = None


@dataclass
class _State:
    """What the caller's thread and the supervisor share, under one lock."""

    queue: deque[_Job] = field(default_factory=deque)
    workers: list[_Worker] = field(default_factory=list)
    stillborn: int = 0
    hopeless: bool = False
    closing: bool = False


class ProcessExecutor(Executor):
    """An executor of ``concurrent.futures`` whose jobs die alone.

    Parameters
    ----------
    processes : int
        Number of worker processes.
    """

    def __init__(self, processes: int) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(_loaded_here())
        self._max_workers = processes  # as the executors of the standard library have it
        self._lock = threading.RLock()
        self._state = _State()
        self._bell, self._bell_push = self._context.Pipe(duplex=False)
        for _ in range(processes):
            self._hire()
        self._supervisor = threading.Thread(target=self._supervise, name="simcluster-supervisor", daemon=True)
        self._supervisor.start()

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that live."""
        with self._lock:
            return [worker.process.pid for worker in self._state.workers]

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Queue a call of a function that a worker can import; keyword arguments aren't taken."""
        if kwargs:
            raise TypeError("jobs take positional arguments only")
        job = _Job(Future(), fn, args)
        with self._lock:
            if self._state.closing:
                raise RuntimeError("the executor was shut down")
            if self._state.hopeless:
                raise WorkersStartError(_WONT_START)
            self._state.queue.append(job)
            self._assign()
        return job.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers; with ``cancel_futures`` those that are busy too, without waiting for their jobs."""
        with self._lock:
            jobs = [*self._state.queue, *(worker.job for worker in self._state.workers if worker.job)]
            if cancel_futures:
                self._state.queue.clear()
        if wait and not cancel_futures:
            for job in jobs:
                job.future.exception()
        with self._lock:
            self._state.closing = True
            for worker in self._state.workers:
                worker.process.kill()
        for job in jobs if cancel_futures else ():
            job.future.cancel()  # those that run can't be: their worker is dead
        self._bell_push.send_bytes(b"")
        self._supervisor.join()

    def _hire(self) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        self._state.workers.append(_Worker(process, ours))

    def _assign(self) -> None:
        """Give the jobs that wait to the workers that are idle."""
        for worker in self._state.workers:
            while worker.ready and worker.job is None and self._state.queue:
                job = self._state.queue.popleft()
                if not job.future.set_running_or_notify_cancel():
                    continue
                worker.job = job
                try:
                    worker.pipe.send((job.function, job.arguments))
                except OSError:
                    break  # it is dead, which the supervisor is about to hear

    def _supervise(self) -> None:
        """Listen to the workers until the executor is shut down."""
        while True:
            with self._lock:
                pipes = {worker.pipe: worker for worker in self._state.workers}
            for pipe in wait([self._bell, *pipes]):
                if pipe is self._bell:
                    self._bury_all()
                    return
                worker = pipes[pipe]  # type: ignore[index]
                try:
                    reply = worker.pipe.recv()
                except (EOFError, OSError):
                    self._replace(worker)
                    continue
                except Exception as error:  # the reply can't be read here
                    reply = (None, error)
                self._take(worker, reply)

    def _take(self, worker: _Worker, reply: tuple[Any, BaseException | None]) -> None:
        with self._lock:
            job, worker.job = worker.job, None
            worker.ready = True
            self._state.stillborn = 0
            self._assign()
        if job is None:
            return
        value, error = reply
        job.future.set_result(value) if error is None else job.future.set_exception(error)

    def _replace(self, worker: _Worker) -> None:
        """Bury a worker that died, and hire another unless that has proved vain."""
        worker.pipe.close()
        worker.process.join()
        with self._lock:
            self._state.workers.remove(worker)
            lost = [] if worker.job is None else [worker.job]
            status = worker.process.exitcode
            error: SimclusterError = WorkerDiedError(f"the worker process {_end_of(status)}")
            self._state.stillborn += not worker.ready
            most = _MOST_KILLED if status is not None and status < 0 else _MOST_STILLBORN
            if self._state.stillborn >= most:
                self._state.hopeless = True
                error = WorkersStartError(_WONT_START)
                lost += self._state.queue
                self._state.queue.clear()
            elif not self._state.closing:
                self._hire()
        for job in lost:
            if not job.future.cancelled():
                job.future.set_exception(error)

    def _bury_all(self) -> None:
        with self._lock:
            for worker in self._state.workers:
                worker.process.join()
                worker.pipe.close()
                if worker.job is not None:
                    worker.job.future.set_exception(WorkerDiedError("the executor was shut down"))
            self._state.workers.clear()
            self._bell.close()
            self._bell_push.close()


def _loaded_here() -> list[str]:
    """Return the modules that a run may need: those of simcluster that this process has, and numpy."""
    own = [name for name in list(sys.modules) if name.startswith("simcluster.") and not name.startswith(_NOT_PRELOADED)]
    return [*own, "simcluster.experiments.performing", "numpy"]


def _end_of(status: int | None) -> str:
    """Say how a process ended."""
    if status is not None and status < 0:
        return f"was killed (signal {-status}, {signal.strsignal(-status)})"
    return f"ended with status {status}"


def _work(pipe: Connection) -> None:
    """Do jobs until the pipe is closed: the life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()
    reply: tuple[Any, BaseException | None] = (None, None)  # the first one says: ready
    while True:
        try:
            pipe.send(reply)
            function, arguments = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            reply = (function(*arguments), None)
        except Exception as error:  # the job's own: its future tells it
            reply = (None, error)


def _follow_parent() -> None:
    """Wait until the parent is gone, and end this process in the middle of whatever it does."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
