"""Texts of users and strangers, made safe where they come out: on a terminal, and in a spreadsheet.

Names and keys of scenario files are refused if they could do harm. What is escaped here is the rest: names of files,
what a message quotes, and the tables of a store that somebody else made. HTML, JSON and mathtext are escaped by what
writes them.
"""

from __future__ import annotations

import re

#: A spreadsheet takes a cell that begins with one of these for a formula, also behind a tab or the end of a line; some
#: take the full-width forms for the same.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
#: What a cell may hold though it isn't printable: CSV quotes the ends of lines, and a tab moves nothing but the cursor.
_HARMLESS = re.compile(r"[\t\n]")


def printable(text: str) -> str:
    """Return a text in which nothing can move a cursor, colour a terminal or reorder letters."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def printable_lines(text: str) -> str:
    """Return a text of several lines, each made printable."""
    return "\n".join(printable(line) for line in text.split("\n"))


def cell(text: str) -> str:
    """Return a text as a cell of a CSV file: no formula, and nothing that a terminal obeys.

    What would be a formula gets an apostrophe before it. Ends of lines and tabs stay.
    """
    if not text.isprintable():
        pieces = _HARMLESS.split(text)
        kept = [*_HARMLESS.findall(text), ""]
        text = "".join(printable(piece) + mark for piece, mark in zip(pieces, kept, strict=True))
    return f"'{text}" if text.startswith(_FORMULA) else text
