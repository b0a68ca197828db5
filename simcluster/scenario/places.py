"""Where something was written, and how what was written is shown in a message.

A place is a line and column of a file, or a column of an override's own text. Whatever a user or a stranger wrote is
shortened and escaped before it reaches a terminal.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from simcluster.escaping import printable

#: Longest value that a message shows, in characters.
LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file, or in the text of an override.

    Parameters
    ----------
    source : str
        The file as the user named it, or the whole text of the override.
    line : int
        Line of the file, counted from 1; 0 for an override.
    column : int
        Column, counted from 1; 0 if the whole source is meant.
    """

    source: str
    line: int = 0
    column: int = 0
    override: bool = False

    def __str__(self) -> str:
        """Return ``file:line:column``, or ``--set text``."""
        if self.override:
            return f"--set {printable(self.source)}"
        numbers = [str(number) for number in (self.line, self.column) if number]
        return ":".join([printable(self.source), *numbers])

    def caret(self) -> str:
        """Return two lines that point into an override's text, or nothing for a place in a file."""
        if not self.override or not self.column:
            return ""
        before = printable(self.source[: self.column - 1])
        return f"\n    {before}{printable(self.source[self.column - 1 :])}\n    {' ' * len(before)}^"

    @property
    def rank(self) -> tuple[bool, str, int, int]:
        """Order of reports: files first, each by line, then overrides."""
        return self.override, self.source, self.line, self.column


def shown(value: object) -> str:
    """Return a value as a file would spell it: texts in quotes, escaped, and shortened to about 60 characters."""
    if value is None:
        return "an empty value"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if not isinstance(value, str):
        return _shortened(repr(value))
    return f"'{_shortened(printable(value))}'"


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def nearest(word: object, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the known word that is most like a misspelt one, or nothing."""
    if not isinstance(word, str):
        return ""
    spellings = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(word[:LONGEST_SHOWN].lower(), spellings, n=1, cutoff=0.6)
    return f"did you mean '{spellings[found[0]]}'?" if found else ""
