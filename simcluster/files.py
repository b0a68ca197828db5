"""Files of users and strangers: regular ones only, opened without waiting, and never more of them than is bearable.

A name in a file from a stranger may lead to a FIFO, on which a reader waits for ever, or to a device, which has no end.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader


def open_regular(path: str | os.PathLike[str], most: float) -> BufferedReader:
    """Open a regular file of at most ``most`` bytes [B] for reading.

    Raises
    ------
    OSError
        If it can't be opened, is no regular file (a folder, FIFO, socket or device), or is larger; its ``strerror``
        says what.
    """
    _check(os.stat(path), path, most)
    # O_NONBLOCK: a FIFO that takes the file's place in between must not make us wait.
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    try:
        _check(os.fstat(file.fileno()), path, most)
    except OSError:
        file.close()
        raise
    return file


def read_regular(path: str | os.PathLike[str], most: int) -> bytes:
    """Return the content of a regular file of at most ``most`` bytes [B]; see :func:`open_regular`."""
    with open_regular(path, most) as file:
        content = file.read(most + 1)
    if len(content) > most:  # it grew, or is one of the kernel's, which declare no size
        raise _too_large(path, most)
    return content


def lowered(error: OSError) -> str:
    """Return why a file can't be read, to go on within a sentence."""
    reason = error.strerror or "unknown reason"
    return reason[0].lower() + reason[1:]


def _check(status: os.stat_result, path: str | os.PathLike[str], most: float) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
    if status.st_size > most:
        raise _too_large(path, most)


def _too_large(path: str | os.PathLike[str], most: float) -> OSError:
    size = f"{most / 2**20:g} MiB" if most >= 2**20 else f"{most / 1024:g} KiB"
    return OSError(errno.EFBIG, f"larger than {size}", os.fspath(path))
