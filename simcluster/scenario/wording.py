"""Validation errors in plain words, each at the place where the value was written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from simcluster.options import FieldError, Options
from simcluster.scenario.places import nearest
from simcluster.scenario.problems import NO_VALUE, Problem
from simcluster.scenario.tree import Level, Node
from simcluster.scenario.vocabulary import Registry, home, model_at
from simcluster.units import QuantityError

#: Problems of one section that are worked out; nobody reads more.
MOST_EXPLAINED = 1_000

Details = Mapping[str, Any]


def _whole(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return f"write {int(value)}"
    if isinstance(value, str) and re.fullmatch(r"[+-]?[\d_]{1,40}", value, re.ASCII) and value.strip("_+-"):
        number = int(value.replace("_", ""))
        return "remove the quotes" if str(number) == value else f"write {number}"
    if isinstance(value, str) and ".." in value:
        return "ranges belong to sweep"
    return ""


def _boolean(value: object) -> str:
    words = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
    word = words.get(value.lower()) if isinstance(value, str) else None
    return f"write {word}" if word else ""


def _text(value: object) -> str:
    return "put it in quotes" if isinstance(value, bool | int | float) else ""


def _no_hint(value: object) -> str:
    return ""


#: What is expected, by pydantic's type of error, and what makes a hint out of the value.
_WORDS: dict[str, tuple[str, Callable[[object], str]]] = {
    "int_type": ("expected a whole number", _whole),
    "int_parsing_size": ("expected a smaller whole number", _no_hint),
    "float_type": ("expected a number", _no_hint),
    "bool_type": ("expected true or false", _boolean),
    "string_type": ("expected a text", _text),
    "tuple_type": ("expected a list", _no_hint),
    "list_type": ("expected a list", _no_hint),
    "dict_type": ("expected a mapping of keys to values", _no_hint),
    "greater_than": ("must be greater than {gt}", _no_hint),
    "greater_than_equal": ("must be at least {ge}", _no_hint),
    "less_than": ("must be less than {lt}", _no_hint),
    "less_than_equal": ("must be at most {le}", _no_hint),
    "too_short": ("expected a list of at least {min_length}", _no_hint),
    "too_long": ("expected a list of at most {max_length}", _no_hint),
    "string_too_short": ("expected a text of at least {min_length} characters", _no_hint),
    "string_too_long": ("expected at most {max_length} characters", _no_hint),
}  # fmt: skip


def explain(
    error: ValidationError, model: type[Options], node: Node, path: tuple[str, ...], registry: Registry
) -> Iterator[Problem]:
    """Yield the problems behind a validation error.

    Parameters
    ----------
    error : pydantic.ValidationError
        What validation of the section raised.
    model : type of Options
        The section's model.
    node : Node
        What was validated.
    path : tuple of str
        Where the section lies in the file.
    registry : Registry
        Says where a word of another section belongs.
    """
    for details in error.errors(include_url=False)[:MOST_EXPLAINED]:
        location = _existing(node, details["loc"])
        match details["type"]:
            case "missing":
                yield _missing(details, model, node, path, location)
            case "extra_forbidden":
                yield _unknown(details, model, node, path, location, registry)
            case "value_error":
                yield _refused(details["ctx"]["error"], model, node, path, location)
            case "too_short" if node.at(location).value:
                pass  # said of a list whose entries are all wrong, which has been said of each
            case _:
                yield _mistaken(details, model, node, path, location)


def _existing(node: Node, location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return the parts of a location that are keys and indices of the tree; pydantic adds tags of unions."""
    parts: list[str | int] = []
    for part in location:
        value = node.value
        if isinstance(value, dict) and part in value:
            node = value[str(part)]
            parts.append(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            node = value[part]
            parts.append(part)
    return tuple(parts)


def _dotted(*parts: str | int) -> str:
    return ".".join(str(part) for part in parts)


def _missing(
    details: Details, model: type[Options], node: Node, path: tuple[str, ...], location: tuple[str | int, ...]
) -> Problem:
    key = details["loc"][-1]
    above = node.at(location)
    owner = model_at(model, location)
    about = owner.model_fields[key].description if owner and key in owner.model_fields else None
    field = _dotted(*path, *location, key)
    return Problem(above.key or above.place, field, f"missing key '{key}'", hint=(about or "").rstrip("."))


def _unknown(
    details: Details, model: type[Options], node: Node, path: tuple[str, ...], location: tuple[str | int, ...],
    registry: Registry,
) -> Problem:  # fmt: skip
    key = str(details["loc"][-1])
    owner = model_at(model, location[:-1])
    known = list(owner.model_fields) if owner else []
    hint = home(key, registry) or nearest(key, known) or f"known here: {', '.join(known)}"
    wrong = node.at(location)
    return Problem(wrong.key or wrong.place, _dotted(*path, *location), "unknown key", hint=hint)


def _refused(
    error: Exception, model: type[Options], node: Node, path: tuple[str, ...], location: tuple[str | int, ...]
) -> Problem:
    """Return the problem that a validator of ours raised: about one value, or about keys that don't fit together."""
    message, hint = str(error), ""
    if isinstance(error, FieldError | QuantityError):
        message, hint = error.message, error.hint
    whole = node.at(location)
    together = model_at(model, location) is not None
    if isinstance(error, FieldError):
        location = (*location, *error.path)
    culprit = node.at(location)
    field = _dotted(*path, *location)
    latest = max(whole.mapping.values(), key=lambda child: child.level, default=whole)
    if together and latest.level > max(culprit.level, Level.FILE):
        # Keys don't fit together, and the file without the override was in order.
        return Problem(latest.place, field, message, hint=hint)
    if together and isinstance(culprit.value, dict | list):
        return Problem(culprit.key or culprit.place, field, message, hint=hint)
    return Problem(culprit.place, field, message, culprit.value, hint)


def _mistaken(
    details: Details, model: type[Options], node: Node, path: tuple[str, ...], location: tuple[str | int, ...]
) -> Problem:
    kind, context = details["type"], details.get("ctx", {})
    culprit = node.at(location)
    value: object = culprit.value
    if kind == "literal_error":
        words = re.findall(r"'([^']*)'", context["expected"])
        expected, hint = f"expected {context['expected']}", nearest(value, words)
    elif kind in ("model_type", "model_attributes_type", "dataclass_type"):
        owner = model_at(model, location)
        keys = f" with the keys {', '.join(owner.model_fields)}" if owner else ""
        expected, hint = f"expected a mapping{keys}", ""
    else:
        template, hinted = _WORDS.get(kind, ("not valid here", _no_hint))
        limits = {key: f"{limit:.12g}" if isinstance(limit, float) else limit for key, limit in context.items()}
        expected, hint = template.format(**limits), hinted(value)
    if isinstance(value, dict) and kind != "dict_type" and not expected.startswith("expected"):
        value = NO_VALUE
    return Problem(culprit.place, _dotted(*path, *location), expected, value, hint)
