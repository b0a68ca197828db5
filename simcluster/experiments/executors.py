"""Where runs are done: in this process, in worker processes, or on a cluster of Dask. The driver sees no difference."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from simcluster.errors import UserInputError
from simcluster.experiments.workers import ProcessExecutor

_DASK = re.compile(r"dask://([\w.-]+|\[[0-9a-fA-F:]+\]):(\d{1,5})")
_PATIENCE_S = 10
MOST_JOBS = 1024


@dataclass(frozen=True)
class Pool:
    """An executor, and how many runs can go on in it at once.

    Parameters
    ----------
    executor : concurrent.futures.Executor
    width : int
        Runs that go on at once; 0 if submitting means doing.
    """

    executor: Executor
    width: int


class InProcess(Executor):
    """Does a job while it is submitted. Ctrl-C goes through it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do the job, and return its future, which is over."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # as every executor: the future tells it
            future.set_exception(error)
        return future


@contextmanager
def open_pool(jobs: int = 1, executor: str | Executor | None = None) -> Iterator[Pool]:
    """Open the place where runs are done, and close it at the end, with all that still goes on in it.

    Parameters
    ----------
    jobs : int
        Number of worker processes; 1: no process but this one.
    executor : str or Executor, optional
        ``dask://HOST:PORT``, the address of a Dask scheduler; or any executor of ``concurrent.futures`` whose
        workers can import simcluster, which stays open. Instead of ``jobs``.

    Raises
    ------
    UserInputError
        If ``jobs`` isn't between 1 and 1,024, or the address is none, or nobody answers there, or Dask isn't installed.
    """
    if not 1 <= jobs <= MOST_JOBS:
        raise UserInputError(f"jobs: expected 1 to {MOST_JOBS} processes, not {jobs}")
    if isinstance(executor, str):
        with _dask(executor) as pool:
            yield pool
    elif executor is not None:
        yield Pool(executor, getattr(executor, "_max_workers", 1))
    elif jobs == 1:
        yield Pool(InProcess(), 0)
    else:
        processes = ProcessExecutor(jobs)
        try:
            yield Pool(processes, jobs)
        finally:
            processes.shutdown(cancel_futures=True)


@contextmanager
def _dask(address: str) -> Iterator[Pool]:
    match = _DASK.fullmatch(address)
    if match is None:
        raise UserInputError(f"executor {address!r}: expected dask://HOST:PORT")
    try:
        from distributed import Client
    except ImportError as error:
        raise UserInputError(f"executor {address}: needs Dask; pip install 'simcluster[dask]'") from error
    try:
        client = Client(f"tcp://{match[1]}:{match[2]}", timeout=_PATIENCE_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserInputError(f"executor {address}: nobody answers there within {_PATIENCE_S} s") from error
    try:
        width = sum(client.nthreads().values())
        if not width:
            raise UserInputError(f"executor {address}: the scheduler has no workers")
        executor = client.get_executor(retries=0)
        yield Pool(executor, width)
        executor.shutdown(wait=False)
    finally:
        client.close(timeout=1)
