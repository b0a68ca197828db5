"""What commands of many runs share: where the runs are done, what keeps them, and how far they are."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from simcluster.cli.text import seconds

if TYPE_CHECKING:
    from simcluster.experiments import Progress

#: From this many runs on, starting processes pays.
_MANY_RUNS = 64
#: Seconds between two lines of progress, if stderr isn't a terminal.
_BETWEEN_LINES_S = 10.0


@dataclass(frozen=True)
class Where:
    """Where runs are done, and what keeps them, as the user said it."""

    jobs: int | None
    executor: str | None
    store: Path | None

    def arguments(self, runs: int = 0) -> dict[str, Any]:
        """Return the arguments of the library; if the user didn't say it, many runs take all cores."""
        jobs = self.jobs or (os.cpu_count() if runs >= _MANY_RUNS else None) or 1
        return {"jobs": jobs, "executor": self.executor, "store": self.store}


def running_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say where runs are done, and what keeps them; the command gets them as ``where``."""

    @wraps(command)
    def gathered(*, jobs: int | None, executor: str | None, store: Path | None, **others: Any) -> None:
        if jobs is not None and executor is not None:
            raise click.UsageError("--jobs starts processes here, --executor sends the runs elsewhere: give one")
        command(where=Where(jobs, executor, store), **others)

    decorators = (
        click.option("--jobs", type=click.IntRange(1, 1024), metavar="N", help="Worker processes; 1: none."),
        click.option("--executor", metavar="dask://HOST:PORT", help="A Dask scheduler, instead of --jobs."),
        click.option(
            "--store", type=click.Path(path_type=Path, dir_okay=False), metavar="PATH",
            help="A file that keeps all runs: what it has isn't done again.",
        ),
    )
    for decorate in reversed(decorators):
        gathered = decorate(gathered)
    return gathered


@contextmanager
def progress_shown() -> Iterator[Callable[[Progress], None]]:
    """Give a callback that shows progress on stderr: a bar on a terminal, else a line now and then."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    with Bar(BarColumn(), TextColumn("{task.description}"), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda one: bar.update(task, total=one.total, completed=one.done, description=progress_line(one))


class _Lines:
    """Prints a line of progress at most every ten seconds."""

    def __init__(self) -> None:
        self._last = monotonic()

    def __call__(self, progress: Progress) -> None:
        if monotonic() - self._last >= _BETWEEN_LINES_S:
            self._last = monotonic()
            click.echo(progress_line(progress), err=True)


def progress_line(progress: Progress) -> str:
    """Return progress in words."""
    parts = [f"{progress.done} of {progress.total} runs"]
    if progress.failed:
        parts.append(f"{progress.failed} failed")
    if progress.left_s is not None and progress.done < progress.total:
        parts.append(f"about {seconds(float(f'{progress.left_s:.2g}'))} left")
    return ", ".join(parts)


@contextmanager
def resumable(store: Path | None) -> Iterator[None]:
    """Say on Ctrl-C how to go on.

    Raises
    ------
    click.Abort
        On Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        if store is None:
            click.echo("nothing was kept; with --store PATH, the same command would go on where it stopped", err=True)
        else:
            line = shlex.join(["simcluster", *sys.argv[1:]])
            click.echo(f"what is done is in {store}; this goes on with the rest:\n{line}", err=True)
        raise click.Abort from error
