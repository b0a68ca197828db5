"""Where commands write: notices and progress to stderr, files into one folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from simcluster.errors import UserInputError
from simcluster.escaping import printable
from simcluster.scenario import Notice, Scenario

#: A run with fewer worker updates than this is over before a progress bar can be read.
_LONG_RUN = 100_000


def say_written(path: Path) -> None:
    """Say on stderr that a file has been written."""
    click.echo(f"wrote {printable(str(path))}", err=True)


def announce(notices: Sequence[Notice]) -> None:
    """Say what has no effect or was left out, on stderr."""
    for notice in notices:
        click.echo(f"note: {notice}", err=True)


@contextmanager
def watched(scenario: Scenario) -> Iterator[Callable[[int], None]]:
    """Give a run's progress callback: a bar on long runs if stderr is a terminal, else nothing."""
    updates = scenario.training.updates
    if not sys.stderr.isatty() or updates * scenario.cluster.total_workers < _LONG_RUN:
        yield lambda update: None
        return
    with progress_bar("simulating updates", updates) as advance:
        yield advance


@contextmanager
def progress_bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on stderr and give the callback that takes how much is done."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=total)
        yield lambda done: progress.update(task, completed=done)


@dataclass(frozen=True)
class Folder:
    """The folder of ``--out``: looked at before a run, made only when there is something to write."""

    path: Path

    @classmethod
    def prepare(cls, path: Path | None, needed_for: str | None) -> Folder | None:
        """See that the folder can be written, before anything runs.

        Raises
        ------
        UserInputError
            If it can't be, or if it is missing though ``needed_for`` needs it.
        """
        if path is None:
            if needed_for is not None:
                raise UserInputError(f"{needed_for} needs a folder to write to: add --out DIR")
            return None
        nearest = next((parent for parent in (path, *path.parents) if parent.exists()), Path())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK):
            raise UserInputError(f"--out {path}: can't write there, since {nearest} is no folder that you may write to")
        return cls(path)

    def make(self) -> Path:
        """Make the folder if it does not exist, and return its path.

        Raises
        ------
        UserInputError
            If that fails.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserInputError(f"--out {self.path}: {error.strerror}") from error
        return self.path
