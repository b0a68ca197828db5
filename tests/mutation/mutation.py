"""A bug that can be planted."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path


class StaleError(Exception):
    """A mutation doesn't fit the code any more."""


@dataclass(frozen=True)
class Mutation:
    """One bug.

    Parameters
    ----------
    name : str
        What is wrong with the model then.
    file : str
        The module, below ``simcluster``.
    old, new : str
        The text that is replaced, which occurs once in the module, and what takes its place.
    tests : str
        Test files and folders that run against it, below ``tests``, divided by spaces.
    """

    name: str
    file: str
    old: str
    new: str
    tests: str

    @property
    def targets(self) -> list[str]:
        """What runs against it, for pytest."""
        return [f"tests/{name}" for name in self.tests.split()]

    def plant(self, root: Path) -> None:
        """Change the module in the copy at a place.

        Raises
        ------
        StaleError
            If the text doesn't occur exactly once, or what comes out is no Python.
        """
        path = root / "simcluster" / self.file
        if not path.exists():
            raise StaleError(f"{self.name}: there is no {self.file}")
        text = path.read_text()
        if text.count(self.old) != 1:
            raise StaleError(f"{self.name}: the text occurs {text.count(self.old)} times in {self.file}: {self.old!r}")
        changed = text.replace(self.old, self.new)
        try:
            ast.parse(changed)
        except SyntaxError as error:
            raise StaleError(f"{self.name}: {self.file} is no Python any more: {error}") from error
        path.write_text(changed)
