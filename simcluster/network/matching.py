"""Names and patterns of a scenario that must mean something in its network: one that matches nothing is an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from fnmatch import fnmatchcase

from simcluster.errors import UserInputError

#: Names that are compared with a misspelt one.
_MOST_COMPARED = 10_000
_NUMBER = re.compile(r"\d+")


def demand_match(field: str, kind: str, patterns: Iterable[str], names: Iterable[str]) -> None:
    """Make sure that each pattern matches a name.

    Parameters
    ----------
    field : str
        Where the scenario says so, for example ``network.schedule``.
    kind : str
        What is named, for example ``link``.
    patterns : iterable of str
        Names in which * stands for anything.
    names : iterable of str
        All names that there are.

    Raises
    ------
    UserInputError
        If a pattern matches none of them.
    """
    known = list(names)
    for pattern in dict.fromkeys(patterns):
        if not any(fnmatchcase(name, pattern) for name in known):
            raise UserInputError(f"{field}: no {kind} matches '{pattern}'{_nearest(pattern, known)}")


def demand_name(field: str, kind: str, wanted: Iterable[str], names: Iterable[str]) -> None:
    """Make sure that each name is known; for the parameters see :func:`demand_match`.

    Raises
    ------
    UserInputError
        If one is unknown.
    """
    known = dict.fromkeys(names)
    for name in wanted:
        if name not in known:
            near = get_close_matches(name, list(known)[:_MOST_COMPARED], n=1)
            hint = f" (did you mean '{near[0]}'?)" if near else ""
            raise UserInputError(f"{field}: there is no {kind} '{name}'{hint}")


def _nearest(pattern: str, names: list[str]) -> str:
    """Return a hint at the pattern or name that is most like a pattern that matches nothing."""
    known = dict.fromkeys(each for name in names[:_MOST_COMPARED] for each in _patterns(name))
    plain = [each for each in known if ("*" in each) == ("*" in pattern)]
    near = get_close_matches(pattern, plain, n=1, cutoff=0.5)
    return f" (did you mean '{near[0]}'?)" if near else ""


def _patterns(name: str) -> Iterator[str]:
    """Yield a name, and patterns for it and those like it: ``a-1/up`` gives ``a-*/up``, ``a-*`` and ``a-1/*``."""
    yield name
    yield _NUMBER.sub("*", name)
    node, slash, _ = name.partition("/")
    if slash:
        yield _NUMBER.sub("*", node) if _NUMBER.search(node) else f"{node}/*"
        yield f"{node}/*"
