"""Values of a setting: one, a list of them, or a range.

``1..25`` counts, ``1..32:x2`` multiplies, ``1.0..2.0:0.1`` steps in decimal arithmetic, so that 1.1 is 1.1. Both ends
belong to a range; one whose steps miss its end is an error, since something else was meant. A unit stands at the end,
``1..10 Gbit/s``, or at both ends. How many values a range has is known before the first is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Context, Decimal

from simcluster.scenario.places import Place
from simcluster.scenario.problems import Problem
from simcluster.scenario.reading import read_flow
from simcluster.scenario.scalars import MOST_DIGITS, parse_scalar
from simcluster.scenario.tree import Node, Scalar

#: Most values of one axis, and most points of one grid.
MOST_POINTS = 25_000

_NUMBER = r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?"
_UNIT = r"\s*([a-zA-Zµμ][^\s.:\d]*)?\s*"
_RANGE = re.compile(rf"({_NUMBER}){_UNIT}\.\.\s*({_NUMBER}){_UNIT}(?::\s*(x?)\s*({_NUMBER}){_UNIT})?", re.ASCII)
_LIKE_RANGE = re.compile(r"[+-]?\.?\d[^,]*\.\.|\.\.[+-]?\d", re.ASCII)
_DECIMAL = Context(prec=60)


class AxisError(ValueError):
    """A list or range can't be read.

    Parameters
    ----------
    message : str
        What was expected.
    hint : str
        How to mend it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return the message with its hint."""
        return f"{self.message} ({self.hint})" if self.hint else self.message


def parse_axis(text: str) -> list[Scalar]:
    """Return the values of a list such as ``1,2,8..12`` or ``1Gbit/s,10Gbit/s``; of a single value, that one.

    Raises
    ------
    AxisError
        If a value is missing, a range is bad, or there are more than 25,000 values.
    """
    values: list[Scalar] = []
    for _, element in _elements(text):
        values.extend(_values(element))
    if len(values) > MOST_POINTS:
        raise AxisError(f"more than {MOST_POINTS} values")
    return values


def axis_nodes(text: str, place: Place, field: str, level: int, problems: list[Problem]) -> list[Node]:
    """Return the values of a text as nodes, each at its own column.

    Parameters
    ----------
    text : str
        A value, a list, a range, or a mapping or list in YAML's brackets.
    place : Place
        Where the text begins.
    field : str
        The setting, for messages.
    level : int
        The level of the nodes.
    problems : list of Problem
        Takes what is wrong.
    """
    if text.lstrip().startswith(("[", "{")):
        node = read_flow(text, place, field, level, problems)
        return [node] if node else []
    nodes: list[Node] = []
    column = place.column
    for offset, element in _elements(text):
        here = Place(place.source, place.line, column + offset, place.override)
        try:
            nodes.extend(Node(value, here, None, level) for value in _values(element))
        except AxisError as error:
            problems.append(Problem(here, field, error.message, element, error.hint))
            return []
        if len(nodes) > MOST_POINTS:
            problems.append(Problem(here, field, f"more than {MOST_POINTS} values"))
            return []
    return nodes


def _elements(text: str) -> Iterator[tuple[int, str]]:
    """Yield the parts between commas, stripped, with their offsets; a quoted text is one part."""
    if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]:
        yield 0, text
        return
    offset = 0
    for part in text.split(","):
        yield offset + len(part) - len(part.lstrip()), part.strip()
        offset += len(part) + 1


def _values(element: str) -> list[Scalar]:
    if not element:
        raise AxisError("a value is missing", "write null for none")
    if len(element) > 1 and element[0] in "'\"" and element[-1] == element[0]:
        return [element[1:-1]]
    match = _RANGE.fullmatch(element)
    if match is not None:
        return _range(match)
    if _LIKE_RANGE.match(element):
        raise AxisError("expected a range, such as 1..25, 1..32:x2, 1.0..2.0:0.1 or 1..10 Gbit/s")
    try:
        return [parse_scalar(element)]
    except ValueError as error:
        raise AxisError(str(error)) from None


def _range(match: re.Match[str]) -> list[Scalar]:
    first, first_unit, last, last_unit, times, step, step_unit = match.groups()
    units = {unit for unit in (first_unit, last_unit, step_unit) if unit}
    if len(units) > 1:
        raise AxisError("a range has one unit")
    if first_unit and not (last_unit or step_unit):
        raise AxisError("the unit belongs to the end of a range, or to both ends", f"{first}..{last} {first_unit}")
    if max(len(first), len(last), len(step or "")) > MOST_DIGITS:
        raise AxisError(f"a number of more than {MOST_DIGITS} characters")
    start, stop, stride = Decimal(first), Decimal(last), Decimal(step or 1)
    if stop < start:
        raise AxisError("the end of the range lies below its start", f"write {last}..{first}")
    numbers = _geometric(start, stop, stride) if times else _arithmetic(start, stop, stride)
    if numbers[-1] != stop:
        raise AxisError(
            f"the steps miss the end of the range: the last would be {numbers[-1]:f}",
            f"write {first}..{numbers[-1]:f}:{times}{step or 1}",
        )
    whole = all("." not in text and "e" not in text.lower() for text in (first, last, step or "1"))
    unit = units.pop() if units else ""
    return [_written(number, whole, unit) for number in numbers]


def _written(number: Decimal, whole: bool, unit: str) -> Scalar:
    if unit:
        return f"{number:f} {unit}"
    return int(number) if whole else float(number)


def _arithmetic(start: Decimal, stop: Decimal, step: Decimal) -> list[Decimal]:
    if step <= 0:
        raise AxisError("the step of a range is greater than 0")
    if (stop - start) / step >= MOST_POINTS:
        raise AxisError(f"more than {MOST_POINTS} values")
    count = int((stop - start) / step) + 1
    return [_DECIMAL.fma(step, Decimal(index), start) for index in range(count)]


def _geometric(start: Decimal, stop: Decimal, factor: Decimal) -> list[Decimal]:
    if factor <= 1 or start <= 0:
        raise AxisError("a range that multiplies begins above 0 and has a factor greater than 1")
    numbers = [start]
    while (following := _DECIMAL.multiply(numbers[-1], factor)) <= stop:
        numbers.append(following)
        if len(numbers) > MOST_POINTS:
            raise AxisError(f"more than {MOST_POINTS} values")
    return numbers
