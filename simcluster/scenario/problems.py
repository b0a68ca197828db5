"""What is wrong with a scenario, and what has no effect in it.

All problems of a file are collected and reported together, each with its place, field and value, what was expected
instead, and a hint.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from simcluster.errors import UserInputError
from simcluster.escaping import printable
from simcluster.scenario.places import Place, shown

#: Most problems of one report that are printed.
MOST_PRINTED = 50

#: Says that a problem is about no value in particular.
NO_VALUE = object


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    place : Place
        Where it was written.
    field : str
        Dotted path of the setting; empty for the file as a whole.
    expected : str
        What is wrong, or what was expected, in plain words.
    value : object
        The value as written; ``NO_VALUE`` if the problem isn't about one.
    hint : str
        How to mend it.
    point : str
        The point of a grid at which it arises; empty if it arises at all of them.
    """

    place: Place
    field: str
    expected: str
    value: object = NO_VALUE
    hint: str = ""
    point: str = ""

    def __str__(self) -> str:
        """Return the problem in one line; one of an override is followed by a caret under its text."""
        parts = [str(self.place), self.field, "" if self.value is NO_VALUE else shown(self.value), self.expected]
        line = printable(": ".join(part for part in parts if part))
        hint = f" ({printable(self.hint)})" if self.hint else ""
        point = f" [at {printable(self.point)}]" if self.point else ""
        return f"{line}{hint}{point}{self.place.caret()}"

    @property
    def is_missing(self) -> bool:
        """Whether a key is missing, which something that could not be read may give."""
        return self.expected.startswith("missing key")

    def at(self, point: str) -> Problem:
        """Return the problem as one that arises at a point of a grid."""
        return replace(self, point=point)


@dataclass(frozen=True)
class Notice:
    """A setting that is allowed and has no effect, or an assumption that was made for the user."""

    place: Place
    field: str
    message: str

    def __str__(self) -> str:
        """Return the notice in one line."""
        return printable(": ".join(part for part in (str(self.place), self.field, self.message) if part))


class ScenarioError(UserInputError):
    """A scenario, an override or a grid can't be used; the text of the error is the report of all problems.

    Parameters
    ----------
    problems : iterable of Problem
        At least one; they are sorted by file and line, and the first about a value at a place is kept: others follow
        from it.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = _sorted(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        """Return all problems, a line each."""
        lines = [str(problem) for problem in self.problems[:MOST_PRINTED]]
        more = len(self.problems) - len(lines)
        return "\n".join([*lines, f"... and {more} more"] if more else lines)


def _sorted(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    once: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        once.setdefault((problem.place, problem.field), problem)
    return tuple(sorted(once.values(), key=lambda problem: problem.place.rank))
