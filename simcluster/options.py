"""What every part of a scenario is made of: frozen options that reject what they don't know, and fields with units.

A scheme, a codec and a topology declare their options in their own file, as a subclass of :class:`Options`; nobody
there needs to know how a scenario file is read.

Python code may give a quantity as a float in base units (bytes, seconds ...). A file may not, and is validated with
``context=WRITTEN``: there, a number without a unit is an error.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Callable
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializationInfo,
    ValidationInfo,
    WithJsonSchema,
)

from simcluster import units
from simcluster.files import lowered, open_regular

#: Validation context of what was written in a file or an override.
WRITTEN = {"written": True}

#: Largest file that a scenario may name [B].
LARGEST_DATA_FILE = 64 * 2**20

#: Serialization context in which a data file stands for its content, wherever it lies.
CONTENT = {"content": True}


class Options(BaseModel):
    """Base of all options: frozen, strict, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    def update(self, **changes: Any) -> Self:
        """Return a validated copy with some fields changed."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self).model_validate({**fields, **changes})


class FieldError(ValueError):
    """What a model's validator raises about one of its fields, or about several together.

    Parameters
    ----------
    message : str
        What was expected, in plain words.
    field : str or tuple of str
        The field that is wrong, or the path to it; empty if it is about the model as a whole.
    hint : str
        How to mend it.
    """

    def __init__(self, message: str, field: str | tuple[str, ...] = "", hint: str = "") -> None:
        super().__init__(message, field, hint)
        self.message = message
        self.path = (field,) if isinstance(field, str) and field else tuple(field)
        self.hint = hint

    def __str__(self) -> str:
        """Return the message with its hint."""
        return f"{self.message} ({self.hint})" if self.hint else self.message


def _number(value: object) -> float:
    """Return a plain number of a sensible magnitude."""
    return _within(_finite(value), 1e-15, 1e15, "")


def _finite(value: object) -> float:
    """Take a whole number for a float, but neither a boolean nor a text, and only finite ones."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FieldError("expected a number", hint=_unquoted(value))
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise FieldError("expected a finite number")
    return number


def _within(value: float, least: float, most: float, unit: str) -> float:
    """Return a value, but refuse what no cluster has, and whose products would leave the range of floats."""
    if value > most:
        raise FieldError(f"must be at most {most:g}{unit}")
    if 0 < value < least:
        raise FieldError(f"too small; expected at least {least:g}{unit}")
    return value


def _unquoted(value: object) -> str:
    """Return a hint for a number that was written in quotes."""
    if isinstance(value, str):
        try:
            return "remove the quotes" if math.isfinite(float(value)) else "nan and inf are no numbers here"
        except ValueError:
            pass
    return ""


#: Least (but for 0) and most of a quantity, in its base unit.
_MAGNITUDES = {
    "size": (1e-6, 1e18, " B"),
    "rate": (1e-6, 1e18, " B/s"),
    "duration": (1e-15, 1e12, " s"),
    "power": (1e-6, 1e15, " W"),
}


def _quantity(kind: str, parse: Callable[[str], float]) -> Any:
    """Return a validator that reads a text with a unit, and takes a float (already in base units) from Python code."""
    example = units.EXAMPLES[kind]
    least, most, unit = _MAGNITUDES[kind]

    def read(value: object, info: ValidationInfo) -> object:
        if isinstance(value, str):
            return _within(parse(value), least, most, unit)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FieldError(f"expected a {kind} with its unit, such as '{example}'")
        if info.context is not None and info.context.get("written"):
            raise FieldError(f"the unit is missing; expected a {kind}, such as '{example}'")
        return _within(_finite(value), least, most, unit)

    return read


def _field(kind: str, parse: Callable[[str], float], write: Callable[[float], str]) -> tuple[Any, ...]:
    schema = {"type": "string", "examples": [units.EXAMPLES[kind]], "pattern": units.PATTERNS[kind]}
    return (
        BeforeValidator(_quantity(kind, parse)),
        PlainSerializer(write, return_type=str, when_used="json"),
        WithJsonSchema(schema),
    )


#: A name that may become part of a path, a table or a page: it begins with a letter or digit, and holds nothing that
#: means anything to a shell, a spreadsheet, a browser or a file system.
_NAME = r"^\w[\w .,+-]{0,99}$"
#: A layer, operation, link or host: never part of a path, so that ``block1/conv`` is allowed.
_LABEL = r"^\w[\w .,+/:()\[\]-]{0,99}$"


def is_label(text: str) -> bool:
    """Return whether a text may name a layer, operation, link or host, which comes out in tables and pages."""
    return re.fullmatch(_LABEL[1:-1], text) is not None


def _matching(pattern: str, expected: str) -> Any:
    """Return a validator of texts; pydantic's own engine takes 20 ms to compile a pattern with so many letters."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern[1:-1], text):
            raise FieldError(expected)
        return text

    return AfterValidator(check)


def _find_data_file(name: str, info: ValidationInfo) -> str:
    """Return the path of a file that a scenario file names, relative to its folder, out of which it can't lead.

    The validation context says the folder, and whether files outside of it are allowed; Python code gives paths as
    they are.
    """
    folder = (info.context or {}).get("folder")
    if folder is None:
        return name
    if "://" in name or "\x00" in name:
        raise FieldError("expected the name of a file")
    path = os.path.normpath(os.path.join(folder, name))
    inside = os.path.realpath(path).startswith(os.path.join(os.path.realpath(folder), ""))
    if not inside and not info.context["allow_path"]:  # type: ignore[index]
        raise FieldError("lies outside of the scenario's folder", hint="move the file there, or use --allow-path")
    try:
        open_regular(path, LARGEST_DATA_FILE).close()
    except OSError as error:
        raise FieldError(f"can't be read: {lowered(error)}") from error
    return path


def _data_file_text(path: str, info: SerializationInfo) -> str:
    """Return a data file's path; or, with ``context=CONTENT``, a digest of what is in it."""
    if info.context is not CONTENT:
        return path
    try:
        with open_regular(path, LARGEST_DATA_FILE) as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError:
        return "unreadable"


#: A file with data, by its name relative to the scenario file's folder.
DataFile = Annotated[
    str,
    Field(min_length=1, max_length=200),
    AfterValidator(_find_data_file),
    PlainSerializer(_data_file_text, return_type=str, when_used="json"),
]

#: The name of a scenario, a model or a preset.
Name = Annotated[
    str,
    _matching(
        _NAME, "expected a name: at most 100 letters, digits, spaces and . , + - _, with a letter or digit first"
    ),
    Field(json_schema_extra={"pattern": _NAME}),
]
#: The name of a layer, operation, link or host.
Label = Annotated[
    str,
    _matching(
        _LABEL,
        "expected a name: at most 100 letters, digits, spaces and . , + - _ / : ( ) [ ], a letter or digit first",
    ),
    Field(json_schema_extra={"pattern": _LABEL}),
]

#: A plain finite number.
Number = Annotated[float, BeforeValidator(_number, json_schema_input_type=float)]
PositiveNumber = Annotated[Number, Field(gt=0)]
NonNegativeNumber = Annotated[Number, Field(ge=0)]

#: Bytes [B], written as ``232.6 MiB``.
Size = Annotated[float, Field(ge=0), *_field("size", units.parse_size, units.format_size)]
PositiveSize = Annotated[Size, Field(gt=0)]
#: Bytes per second [B/s], written as ``1 Gbit/s`` or ``100 MB/s``.
Rate = Annotated[float, Field(gt=0), *_field("rate", units.parse_rate, units.format_rate)]
#: Seconds [s], written as ``0.45 s``.
Duration = Annotated[float, Field(ge=0), *_field("duration", units.parse_duration, units.format_duration)]
PositiveDuration = Annotated[Duration, Field(gt=0)]
#: Watts [W], written as ``250 W``.
Power = Annotated[float, Field(ge=0), *_field("power", units.parse_power, units.format_power)]
