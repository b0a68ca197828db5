"""Texts of strangers where they come out: on terminals and in spreadsheets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcluster.escaping import cell, printable, printable_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain Größe 大", "plain Größe 大"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b2J", r"\x9b2J"),
        ("a\u202eb", r"a\u202eb"),
        ("\udcff.yaml", r"\udcff.yaml"),
        ("a\r\x08b", r"a\r\x08b"),
    ],
)
def test_nothing_moves_a_cursor(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_stay_lines() -> None:
    assert printable_lines("a\tb\nc\x1b") == "a\\tb\nc\\x1b"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\t=1", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20a"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert cell(text) == f"'{text}"


def test_other_cells_stay() -> None:
    assert cell("worker-0/up") == "worker-0/up"
    assert cell("two\nlines\tand a tab") == "two\nlines\tand a tab"
    assert cell("a\r\x1b[2J") == r"a\r\x1b[2J"


@given(st.text())
def test_whatever_the_text_it_is_safe(text: str) -> None:
    assert printable(text).isprintable()
    assert not cell(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert all(part.isprintable() for line in cell(text).split("\n") for part in line.split("\t"))
