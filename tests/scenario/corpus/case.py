"""A row of the table of bad files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.scenario.template import BASE

BANDWIDTH = "bandwidth: 1 Gbit/s"
TIME = "minibatch_time: 0.5 s"
WORKERS = "workers: 4"
MODEL = "model: {parameters: 100 MB}"
CODEC = "codec: none"


class Special(NamedTuple):
    """Something that is no plain file: ``fifo``, ``folder``, ``link`` to a target, or ``hole`` of a size [B]."""

    kind: str
    target: str = ""
    size: int = 0


Content = str | bytes | Special


class Bad(NamedTuple):
    """A file ``x.yaml``, what is beside it, how it is called, and what is said of it."""

    title: str
    content: Content
    #: Line, field, and words of each problem; line 0 is the file as a whole, or an override.
    expected: Sequence[tuple[int, str, str]]
    beside: Mapping[str, Content] = {}
    arguments: Sequence[str] = ()
    command: str = "validate"
    status: int = 2


def whole(title: str, content: Content, *expected: tuple[int, str, str], **others: Content) -> Bad:
    """Return a row whose file is all given, with files beside it whose dots in names are written ``_``."""
    return Bad(title, content, expected, {name.replace("_", "."): other for name, other in others.items()})


def bad(title: str, old: str, new: str, *expected: tuple[int, str, str], **others: Content) -> Bad:
    """Return a row whose file is the good one, with a piece replaced."""
    assert BASE.count(old) == 1, old
    return whole(title, BASE.replace(old, new), *expected, **others)


def more(title: str, block: str, *expected: tuple[int, str, str], **others: Content) -> Bad:
    """Return a row whose file is the good one, which ends in line 16, with a block behind it."""
    return whole(title, f"{BASE}{block}\n", *expected, **others)


def called(title: str, arguments: Sequence[str], *expected: tuple[int, str, str], command: str = "validate") -> Bad:
    """Return a row whose file is the good one, called with arguments."""
    return Bad(title, BASE, expected, {}, arguments, command)
