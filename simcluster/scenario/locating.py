"""Where a file lies that another file names, and whether it may be read.

It must lie in the folder of the scenario that was asked for, or below it, whatever links say, unless the user allows
more: a scenario from a stranger must not read one's other files.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from simcluster.scenario.places import nearest

#: In bytes: below what every file system takes for one name.
LONGEST_PATH = 200


@dataclass(frozen=True)
class Located:
    """A file, or why it can't be had.

    Parameters
    ----------
    path : Path
        Where the name leads.
    wrong : str
        Why it may not be read; empty if it may.
    hint : str
        How to mend that.
    """

    path: Path
    wrong: str = ""
    hint: str = ""


def locate(name: str, start: Path, folder: Path | None) -> Located:
    """Return the file that a name means.

    Parameters
    ----------
    name : str
        As it was written.
    start : Path
        The folder that it is relative to.
    folder : Path or None
        The real path of the folder out of which it must not lead; None lets it lead anywhere.
    """
    if "://" in name or "\x00" in name:
        return Located(Path(), "expected the name of a file, not an address")
    if len(name.encode()) > LONGEST_PATH:
        return Located(Path(), "far too long")
    path = real(start / name)
    if folder and not path.is_relative_to(folder):
        return Located(path, "lies outside of the scenario's folder", "move the file there, or use --allow-path")
    if not path.exists():
        return Located(path, "no such file", _like(path))
    if not path.is_file():
        return Located(path, "not a regular file")
    return Located(path)


def real(path: Path) -> Path:
    """Return where a path leads; unlike ``Path.resolve``, one that runs in circles raises nothing."""
    return Path(os.path.realpath(path))


def _like(missing: Path) -> str:
    try:
        return nearest(missing.name, [file.name for file in missing.parent.iterdir() if file.suffix == missing.suffix])
    except OSError:
        return ""
