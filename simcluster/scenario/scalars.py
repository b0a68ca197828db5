"""The grammar of scalars: what a plain word in a scenario means.

It is smaller than YAML's, which reads ``10:30`` as 630, ``1_0`` as 10, ``no`` as false and ``1e9`` as a text. Here a
plain scalar is a whole number, a decimal number (also ``1e9``), ``true``, ``false``, ``null`` or a text; nothing else.
"""

from __future__ import annotations

import math
import re

from simcluster.scenario.tree import Scalar

#: Most characters of a number: more say nothing, and reading long integers costs time.
MOST_DIGITS = 40

_INTEGER = re.compile(r"[+-]?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[+-]?(?:0|[1-9][0-9]*)?(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")
_WORDS: dict[str, Scalar] = {"": None, "~": None, "null": None, "true": True, "false": False}

#: What no text may hold: controls, separators that other programs take for the end of a line, marks that reorder
#: letters, and halves of letters.
UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


def parse_scalar(text: str) -> Scalar:
    """Return what a plain (unquoted) scalar means.

    Raises
    ------
    ValueError
        If it is a number of more than 40 characters, or one that is too large for a float.
    """
    if text in _WORDS:
        return _WORDS[text]
    if not (text[0].isdecimal() or text[0] in "+-."):
        return text
    is_integer = _INTEGER.fullmatch(text) is not None
    if not is_integer and not (_DECIMAL.fullmatch(text) and any(letter.isdecimal() for letter in text)):
        return text
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of more than {MOST_DIGITS} characters")
    try:
        number = int(text) if is_integer else float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        raise ValueError("a number that is too large")
    return number


def needs_quotes(text: str) -> bool:
    """Return whether a text would mean something else if it were written without quotes."""
    try:
        return parse_scalar(text) is not text and parse_scalar(text) != text
    except ValueError:
        return True
