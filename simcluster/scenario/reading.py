"""YAML text -> tree, within budgets, and with the place of everything.

PyYAML's composer and constructors are not used: they recurse, expand aliases without limit, build objects from tags
and keep the last of two equal keys in silence. Here the events of its parser (the one in pure Python, which says where
everything is) are put together one by one. Whatever a file costs is bounded: its bytes, the length of its lines, its
depth, its nodes, with every alias counted as often as it is used. Left out on purpose: tags, directives, several
documents, merge keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import yaml

from simcluster.files import lowered, read_regular
from simcluster.scenario.composing import Composer, Refusal
from simcluster.scenario.places import Place
from simcluster.scenario.problems import Problem
from simcluster.scenario.scalars import UNSAFE
from simcluster.scenario.tree import Level, Node

MOST_BYTES = 512 * 1024
LONGEST_LINE = 10_000


def read_file(path: Path, source: str, problems: list[Problem]) -> str | None:
    """Read the text of a scenario file.

    Parameters
    ----------
    path : Path
        The file; anything but a regular file is refused.
    source : str
        What messages call it.
    problems : list of Problem
        Takes what is wrong.

    Returns
    -------
    str or None
        Its text, or None if it can't be read.
    """
    try:
        content = read_regular(path, MOST_BYTES)
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.append(Problem(Place(source, line), "", "not UTF-8 text", hint="save the file as UTF-8"))
    except OSError as error:
        problems.append(Problem(Place(source), "", f"can't be read: {lowered(error)}"))
    return None


def read_text(text: str, source: str, problems: list[Problem], level: int = Level.FILE) -> Node | None:
    """Read YAML text.

    Parameters
    ----------
    text : str
        The whole text of a file.
    source : str
        What messages call it.
    problems : list of Problem
        Takes what is wrong.
    level : int
        The level of its nodes.

    Returns
    -------
    Node or None
        Its tree, or None if it can't be read at all.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    refusal = _unfit(text)
    if refusal is None:
        composer = Composer(source, level, problems)
        refusal = _compose(text, composer)
        if refusal is None and composer.root is None:
            refusal = Refusal(1, 1, "nothing in it", "see simcluster list, or the README, for an example")
        if refusal is None:
            return composer.root
    line, column, message, hint = refusal
    problems.append(Problem(Place(source, line, column), "", message, hint=hint))
    return None


def read_flow(text: str, place: Place, field: str, level: int, problems: list[Problem]) -> Node | None:
    """Read a ``{mapping}`` or ``[list]`` in the text of an override, which begins at a place and sets a field."""
    inner: list[Problem] = []
    root = read_text(text, place.source, inner, level)
    for problem in inner:
        path = f"{field}.{problem.field}" if problem.field else field
        problems.append(replace(problem, place=_within(problem.place, place), field=path))
    return _shifted(root, place) if root and not inner else None


def _within(inner: Place, outer: Place) -> Place:
    return replace(outer, column=outer.column + max(0, inner.column - 1))


def _shifted(node: Node, outer: Place) -> Node:
    value = node.value
    if isinstance(value, dict):
        value = {key: _shifted(child, outer) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_shifted(child, outer) for child in value]
    key = node.key and _within(node.key, outer)
    return replace(node, value=value, place=_within(node.place, outer), key=key)


def _unfit(text: str) -> Refusal | None:
    """Say why a text isn't even looked at: characters that have no place in it, or a line without end."""
    if unsafe := UNSAFE.search(text):
        line, column = _position(text, unsafe.start())
        return Refusal(line, column, f"the character U+{ord(unsafe[0]):04X} is not allowed")
    for number, line_text in enumerate(text.split("\n"), start=1):
        if len(line_text) > LONGEST_LINE:
            return Refusal(number, 1, f"a line of more than {LONGEST_LINE} characters")
    return None


def _position(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def _compose(text: str, composer: Composer) -> Refusal | None:
    """Feed the composer; return why it can't go on, if it can't."""
    loader = yaml.SafeLoader(text)
    try:
        for event in _events(loader):
            refusal = composer.take(event)
            if refusal is not None:
                return refusal
    except yaml.MarkedYAMLError as error:
        return _explained(error)
    except (ValueError, OverflowError):  # PyYAML on an escape or a version far out of range
        return Refusal(loader.line + 1, loader.column + 1, "not valid YAML: a number or an escape is out of range")
    finally:
        loader.dispose()
    return None


def _events(loader: yaml.SafeLoader) -> Iterator[yaml.Event]:
    while loader.check_event():
        yield loader.get_event()  # type: ignore[no-untyped-call]


def _explained(error: yaml.MarkedYAMLError) -> Refusal:
    problem = str(error.problem or error.context)
    if "end of stream" in problem and error.context_mark:
        start = error.context_mark
        return Refusal(start.line + 1, start.column + 1, "not valid YAML: what begins here is never closed")
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if "'\\t'" in problem:
        return Refusal(line, column, "a tab where YAML wants spaces", "indent with spaces")
    hint = "a text that holds ': ' needs quotes" if "mapping values" in problem else ""
    return Refusal(line, column, f"not valid YAML: {problem}", hint)
