"""Quantities with units: sizes, rates, durations and power, read from text and written back.

Inside simcluster everything is in bytes, bytes per second, seconds and watts. Only scenario files and reports carry
units. Bits and bytes never mix up: ``Gbit`` and ``Gb`` are bits, ``GB`` are bytes, ``MB`` is 10^6 and ``MiB`` 2^20, and
a size in bits or a rate without ``/s`` is an error with a hint. Own code, since no stock library reads all of these
rightly.

A text that can't be read raises :class:`QuantityError`, a ValueError whose hint is kept apart from its message.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

_DECIMAL = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50}
_PREFIXES = {**_DECIMAL, **_BINARY}

_SIZES: dict[str, Decimal] = {f"{prefix}B": Decimal(factor) for prefix, factor in _PREFIXES.items()}
_BITS: dict[str, Decimal] = {
    f"{prefix}{bit}": Decimal(factor) / 8 for prefix, factor in _PREFIXES.items() for bit in ("bit", "b")
}
_RATES: dict[str, Decimal] = {f"{unit}/s": factor for unit, factor in {**_SIZES, **_BITS}.items()}
_DURATIONS: dict[str, Decimal] = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),  # the micro sign
    "μs": Decimal("1e-6"),  # the Greek letter mu
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "min": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
_POWERS: dict[str, Decimal] = {"mW": Decimal("1e-3"), "W": Decimal(1), "kW": Decimal(1000), "MW": Decimal(10**6)}

_UNITS: dict[str, dict[str, Decimal]] = {"size": _SIZES, "rate": _RATES, "duration": _DURATIONS, "power": _POWERS}
#: A text that is accepted, by kind of quantity.
EXAMPLES = {"size": "232.6 MiB", "rate": "1 Gbit/s", "duration": "0.45 s", "power": "250 W"}

#: Spellings that are often tried, and what to write.
_SPELLINGS = {"sec": "s", "secs": "s", "second": "s", "seconds": "s", "minutes": "min", "hour": "h", "hours": "h"}
_SPELLINGS |= {"day": "d", "days": "d", "bytes": "B", "byte": "B", "bits": "bit", "watts": "W", "watt": "W"}

_UNSIGNED = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NUMBER = rf"[+-]?{_UNSIGNED}"
_QUANTITY = re.compile(rf"(?P<number>{_NUMBER})\s*(?P<unit>[a-zA-Zµμ]\S*)?", re.ASCII)
_LONGEST = 64


class QuantityError(ValueError):
    """A text is not a number with a unit of the kind that is expected.

    Parameters
    ----------
    message : str
        What is wrong, and what is expected.
    hint : str
        What was probably meant; empty if there is no telling.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return the message with its hint."""
        return f"{self.message} ({self.hint})" if self.hint else self.message


def _pattern(units: Mapping[str, Decimal]) -> str:
    return rf"^\s*{_UNSIGNED}\s*(?:{'|'.join(re.escape(unit) for unit in units)})\s*$"


#: Regular expressions of the texts that scenarios use, none of them negative, by kind of quantity; for JSON Schema.
PATTERNS: dict[str, str] = {kind: _pattern(units) for kind, units in _UNITS.items()}


def parse_size(text: str) -> float:
    """Return the bytes [B] that a text such as ``232.6 MiB`` says.

    Raises
    ------
    QuantityError
        If the text isn't a number with a unit of size, or isn't finite.
    """
    return _parse(text, "size")


def parse_rate(text: str) -> float:
    """Return the bytes per second [B/s] that a text such as ``1 Gbit/s`` or ``100 MB/s`` says.

    Raises
    ------
    QuantityError
        If the text isn't a number with a unit of rate, or isn't finite.
    """
    return _parse(text, "rate")


def parse_duration(text: str) -> float:
    """Return the seconds [s] that a text such as ``100 us`` says.

    Raises
    ------
    QuantityError
        If the text isn't a number with a unit of time, or isn't finite.
    """
    return _parse(text, "duration")


def parse_power(text: str) -> float:
    """Return the watts [W] that a text such as ``250 W`` says.

    Raises
    ------
    QuantityError
        If the text isn't a number with a unit of power, or isn't finite.
    """
    return _parse(text, "power")


def _parse(text: str, kind: str) -> float:
    example = EXAMPLES[kind]
    match = _QUANTITY.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if match is None:
        raise QuantityError(f"expected a {kind} with its unit, such as '{example}'")
    unit = match["unit"]
    if unit is None:
        raise QuantityError(f"the unit is missing; expected a {kind}, such as '{example}'")
    factor = _UNITS[kind].get(unit)
    if factor is None:
        wrong, hint = _explain(unit, kind)
        raise QuantityError(f"{wrong}; expected a {kind}, such as '{example}'", hint)
    mantissa, _, exponent = match["number"].lower().partition("e")
    if len(exponent) > 4:
        raise QuantityError(f"expected a finite {kind}, such as '{example}'")
    value = float(Decimal(f"{mantissa}e{exponent or 0}") * factor)
    if not math.isfinite(value):
        raise QuantityError(f"expected a finite {kind}, such as '{example}'")
    return value


def _explain(unit: str, kind: str) -> tuple[str, str]:
    """Return what is wrong with a unit, and what was probably meant."""
    if kind == "size" and unit in _BITS:
        return f"'{unit}' counts bits, and a size is in bytes", _meant(unit.replace("bit", "B").replace("b", "B"))
    if kind == "rate" and unit in {**_SIZES, **_BITS}:
        return f"'{unit}' lacks its time, and a rate is per second", _meant(f"{unit}/s")
    if kind == "rate" and (spelled := re.fullmatch(r"([kKMGTP]i?)(b|B)ps", unit)):
        return f"unknown unit '{unit}'", _meant(f"{spelled[1]}{'bit' if spelled[2] == 'b' else 'B'}/s")
    for other, units in _UNITS.items():
        if other != kind and unit in units:
            return f"'{unit}' is a unit of {other}", ""
    if unit.lower() in _SPELLINGS and _SPELLINGS[unit.lower()] in _UNITS[kind]:
        return f"unknown unit '{unit}'", _meant(_SPELLINGS[unit.lower()])
    known = {candidate.lower(): candidate for candidate in reversed(_UNITS[kind])}
    if unit.lower() in known:
        return f"unknown unit '{unit}'", f"{_meant(known[unit.lower()])} upper and lower case differ"
    like = difflib.get_close_matches(unit, _UNITS[kind], n=1)
    return f"unknown unit '{unit}'", _meant(like[0]) if like else ""


def _meant(unit: str) -> str:
    return f"did you mean '{unit}'?"


@lru_cache(maxsize=4096)
def format_size(value: float) -> str:
    """Return bytes [B] as a text that reads back to the same number, in the unit that makes it shortest."""
    return _shortest(value, "size", ("B", "kB", "MB", "GB", "KiB", "MiB", "GiB"))


@lru_cache(maxsize=4096)
def format_rate(value: float) -> str:
    """Return bytes per second [B/s] as a text that reads back to the same number, in the shortest unit."""
    return _shortest(value, "rate", ("B/s", "bit/s", "kbit/s", "Mbit/s", "Gbit/s", "MB/s", "GB/s"))


@lru_cache(maxsize=4096)
def format_duration(value: float) -> str:
    """Return seconds [s] as a text that reads back to the same number, in the unit that makes it shortest."""
    return _shortest(value, "duration", ("s", "ms", "us", "ns"))


def format_power(value: float) -> str:
    """Return watts [W] as a text that reads back to the same number."""
    return _shortest(value, "power", ("W",))


def _shortest(value: float, kind: str, candidates: Sequence[str]) -> str:
    """Return the shortest exact text, one without an exponent if there is any; the first unit is the base."""
    exact = []
    for unit in candidates:
        factor = _UNITS[kind][unit]
        number = Decimal(repr(value)) / factor
        if float(number * factor) == value:
            exact.append(f"{_plain(number)} {unit}")
    return min(exact, key=lambda text: ("e" in text.split()[0], len(text)), default=f"{value!r} {candidates[0]}")


def _plain(number: Decimal) -> str:
    """Return a number without exponent if it is neither very large nor very small."""
    number = number.normalize()
    return f"{number:f}" if -6 < number.adjusted() < 16 else str(number).lower()
