"""Parser events -> tree, without recursion.

Nodes, depth and aliases are counted while they come in: an alias counts as many nodes as what it stands for, so that
ten lines that double each other ten times are refused before anything walks over them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import yaml

from simcluster.scenario.places import Place, shown
from simcluster.scenario.problems import Problem
from simcluster.scenario.scalars import UNSAFE, parse_scalar
from simcluster.scenario.tree import Node, Scalar

MOST_DEPTH = 32
MOST_NODES = 25_000
MOST_ALIASES = 1_000
MOST_KEYS = 1_000
LONGEST_KEY = 200


class Refusal(NamedTuple):
    """Why reading ends here."""

    line: int
    column: int
    message: str
    hint: str = ""


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is not complete yet."""

    value: dict[str, Node] | list[Node]
    place: Place
    anchor: str | None
    nodes_before: int
    #: The key whose value comes next, in a mapping.
    key: tuple[str, Place] | None = None


@dataclass(slots=True)
class Composer:
    """Puts one document together.

    Parameters
    ----------
    source : str
        What messages call the file.
    level : int
        The level of the nodes.
    problems : list of Problem
        Takes what is wrong but lets reading go on: duplicate keys and tags.
    """

    source: str
    level: int
    problems: list[Problem]
    root: Node | None = None
    _frames: list[_Frame] = field(default_factory=list)
    _anchors: dict[str, tuple[Node, int]] = field(default_factory=dict)
    _nodes: int = 0
    _aliases: int = 0
    _documents: int = 0

    def take(self, event: yaml.Event) -> Refusal | None:
        """Take the next event; return why reading must end, if it must."""
        mark = event.start_mark
        place = Place(self.source, mark.line + 1, mark.column + 1) if mark else Place(self.source)
        message = self._dispatch(event, place)
        return None if message is None else Refusal(place.line, place.column, *message)

    def _dispatch(self, event: yaml.Event, place: Place) -> tuple[str, str] | None:
        match event:
            case yaml.DocumentStartEvent():
                return self._begin_document(event)
            case yaml.AliasEvent():
                return self._alias(event.anchor, place)
            case yaml.ScalarEvent():
                return self._scalar(event, place)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                return self._open(event, place)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
        return None

    def _begin_document(self, event: yaml.DocumentStartEvent) -> tuple[str, str] | None:
        self._documents += 1
        if self._documents > 1:
            return "a second document begins here", "one file holds one scenario"
        if event.version or event.tags:
            return "directives are not taken", "remove the lines that begin with %"
        return None

    def _count(self, nodes: int) -> tuple[str, str] | None:
        self._nodes += nodes
        if self._nodes > MOST_NODES:
            return f"more than {MOST_NODES} values, each alias counted as what it stands for", ""
        return None

    def _alias(self, anchor: str | None, place: Place) -> tuple[str, str] | None:
        self._aliases += 1
        if self._aliases > MOST_ALIASES:
            return f"more than {MOST_ALIASES} aliases", ""
        if anchor not in self._anchors:
            return f"the alias {shown(anchor)} stands for nothing that is complete", "its anchor must come before it"
        node, nodes = self._anchors[anchor]
        if self._expects_key:
            return "an alias can't be a key", "write the key"
        if over := self._count(nodes):
            return over
        self._add(node, place)
        return None

    def _scalar(self, event: yaml.ScalarEvent, place: Place) -> tuple[str, str] | None:
        self._refuse_tag(event.tag, place)
        if over := self._count(1):
            return over
        if unsafe := UNSAFE.search(event.value):
            return f"the character U+{ord(unsafe[0]):04X} is not allowed", ""
        if self._expects_key:
            return self._key(event.value, place)
        value: Scalar = event.value
        if event.style is None:
            try:
                value = parse_scalar(event.value)
            except ValueError as error:
                self.problems.append(Problem(place, self._field, str(error), event.value))
        node = Node(value, place, None, self.level)
        self._remember(event.anchor, node, 1)
        self._add(node, place)
        return None

    def _open(self, event: yaml.CollectionStartEvent, place: Place) -> tuple[str, str] | None:
        self._refuse_tag(event.tag, place)
        if over := self._count(1):
            return over
        if len(self._frames) >= MOST_DEPTH:
            return f"nested more than {MOST_DEPTH} deep", ""
        if self._expects_key:
            return "a mapping or a list can't be a key", "a key is a word; quote a text that begins with { or ["
        value: dict[str, Node] | list[Node] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._frames.append(_Frame(value, place, event.anchor, self._nodes - 1))
        return None

    def _close(self) -> None:
        frame = self._frames.pop()
        node = Node(frame.value, frame.place, None, self.level)
        self._remember(frame.anchor, node, self._nodes - frame.nodes_before)
        self._add(node, frame.place)

    def _key(self, text: str, place: Place) -> tuple[str, str] | None:
        frame = self._frames[-1]
        if text == "<<":
            return "merge keys are not taken", "use an alias for the whole value, or extends"
        if not text or len(text) > LONGEST_KEY:
            return f"a key has 1 to {LONGEST_KEY} characters", ""
        if len(frame.value) >= MOST_KEYS:
            return f"more than {MOST_KEYS} keys in one mapping", ""
        if isinstance(frame.value, dict) and text in frame.value:
            first = frame.value[text].key
            line = first.line if first else 0
            self.problems.append(
                Problem(place, self._field_of(text), "the key was given before", hint=f"first in line {line}")
            )
        frame.key = (text, place)
        return None

    def _add(self, node: Node, place: Place) -> None:
        """Put a complete node where it belongs: into the innermost frame, or at the root."""
        if not self._frames:
            self.root = node
            return
        frame = self._frames[-1]
        if isinstance(frame.value, list):
            frame.value.append(replace(node, place=place, key=None))
        elif frame.key is not None:
            text, key_place = frame.key
            frame.key = None
            frame.value[text] = replace(node, place=place, key=key_place)

    def _remember(self, anchor: str | None, node: Node, nodes: int) -> None:
        if anchor:
            self._anchors[anchor] = (node, nodes)

    def _refuse_tag(self, tag: str | None, place: Place) -> None:
        if tag is not None:
            self.problems.append(Problem(place, self._field, f"tags are not taken: {shown(tag)}", hint="remove it"))

    @property
    def _expects_key(self) -> bool:
        return bool(self._frames) and isinstance(self._frames[-1].value, dict) and self._frames[-1].key is None

    @property
    def _field(self) -> str:
        return ".".join(frame.key[0] for frame in self._frames if frame.key)

    def _field_of(self, key: str) -> str:
        return f"{self._field}.{key}" if self._field else key
