"""Trees of what was written: every value knows its place, the place of its key, and the level it comes from.

Trees are never changed: merging and setting return new nodes and share what did not change. A grid relies on it, and
checks a section again only if it is another object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, cast

from simcluster.scenario.places import Place

Scalar = str | int | float | bool | None


class Level(IntEnum):
    """Who said it; a higher level wins."""

    CATALOGUE = 0
    #: A profile of a codec in a file that the scenario names.
    PROFILE = 1
    #: The file itself; one that it extends is one lower, and so on.
    FILE = 100
    PRESET = 101
    SWEEP = 102
    OVERRIDE = 103


@dataclass(frozen=True, slots=True)
class Node:
    """A value, and where it was written.

    Parameters
    ----------
    value : scalar, dict of Node or list of Node
        The value; a quoted scalar is a str.
    place : Place
        Where the value begins.
    key : Place or None
        Where its key was written, if it has one.
    level : int
        The level that it comes from.
    """

    value: Scalar | dict[str, Node] | list[Node]
    place: Place
    key: Place | None = None
    level: int = Level.FILE

    @property
    def mapping(self) -> dict[str, Node]:
        """The entries of a mapping; none if it is something else."""
        return self.value if isinstance(self.value, dict) else {}

    def data(self) -> Any:
        """Return plain data: dicts, tuples and scalars."""
        if isinstance(self.value, dict):
            return {key: child.data() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return tuple(child.data() for child in self.value)
        return self.value

    def having(self, **entries: Node) -> Node:
        """Return the mapping with more, or other, entries."""
        return replace(self, value={**self.mapping, **entries})

    def without(self, *keys: str) -> Node:
        """Return the mapping without some entries; the same object if it has none of them."""
        if not any(key in self.mapping for key in keys):
            return self
        return replace(self, value={key: child for key, child in self.mapping.items() if key not in keys})

    def at(self, path: Sequence[str | int]) -> Node:
        """Return the node at a path, or the last one on the way to it that exists."""
        node = self
        for part in path:
            if isinstance(node.value, dict) and part in node.value:
                node = node.value[str(part)]
            elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
        return node

    def count(self) -> int:
        """Return the number of values in the tree."""
        if isinstance(self.value, dict):
            return 1 + sum(child.count() for child in self.value.values())
        if isinstance(self.value, list):
            return 1 + sum(child.count() for child in self.value)
        return 1

    def leaves(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
        """Yield every scalar and empty container, with its path."""
        children: Iterator[tuple[str, Node]] = iter(())
        if isinstance(self.value, dict):
            children = iter(self.value.items())
        elif isinstance(self.value, list):
            children = ((str(index), child) for index, child in enumerate(self.value))
        empty = True
        for key, child in children:
            empty = False
            yield from child.leaves((*path, key))
        if empty:
            yield path, self


def plant(data: object, place: Place, level: int) -> Node:
    """Return plain data as a tree in which everything has one place."""
    if isinstance(data, Mapping):
        return Node({str(key): plant(value, place, level) for key, value in data.items()}, place, place, level)
    if isinstance(data, list | tuple):
        return Node([plant(value, place, level) for value in data], place, place, level)
    # What else Python code may give, the schema refuses.
    return Node(cast("Scalar", data), place, place, level)


def raised(node: Node, level: int) -> Node:
    """Return a tree with another level throughout."""
    value = node.value
    if isinstance(value, dict):
        value = {key: raised(child, level) for key, child in value.items()}
    elif isinstance(value, list):
        value = [raised(child, level) for child in value]
    return replace(node, value=value, level=level)
