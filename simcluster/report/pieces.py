"""What both reports are made of: numbers in words, key figures, pictures."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from numbers import Real
from typing import Any

import pandas as pd

from simcluster.plots import draw, labels, to_svg
from simcluster.report.html import Html, prose, table, tag

#: Width of pictures that take the whole page [in]; two narrow ones stand side by side.
_WIDTH = 6.8


def seconds(value: float) -> str:
    """Return a duration [s] with four digits, in the unit in which it reads best."""
    return number("duration_s", value)


def size(value: float) -> str:
    """Return bytes [B] with four digits and a decimal prefix."""
    return number("size_bytes", value)


def number(column: str, value: object) -> str:
    """Return a cell of a table as a reader wants it: four digits, and the unit that its column's name tells."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return "" if value is None else str(value)
    if math.isnan(value):
        return ""
    unit = labels.unit_of(column, pd.Series([float(value)]))
    shown = float(value) * unit.factor
    text = f"{shown:.0f}" if 1e4 <= abs(shown) < 1e9 else f"{shown:.4g}"
    return f"{text} {unit.symbol}".strip()


def key_figures(rows: Sequence[tuple[str, str, str]]) -> Html:
    """Return name, value and remark of the numbers that matter most."""
    cells = [
        tag("div", tag("dt", name), tag("dd", value, *([tag("small", remark)] if remark else [])))
        for name, value, remark in rows
    ]
    return tag("dl", *cells, class_="figures")


class Gallery:
    """Draws the pictures of one page.

    Each one's identifiers are made its own, as those of an SVG count for the whole page.
    """

    def __init__(self) -> None:
        self._count = 0

    def picture(self, kind: str, table: pd.DataFrame, caption: str, *, narrow: bool = False, **options: Any) -> Html:
        """Return a picture with its caption.

        Raises
        ------
        ValueError
            If the table can't be drawn like this.
        """
        self._count += 1
        figure = draw(kind, table, width=None if narrow else _WIDTH, **options)
        drawn = _inline(to_svg(figure), f"p{self._count}-", caption)
        return tag("figure", drawn, tag("figcaption", caption), **({"class_": "narrow"} if narrow else {}))


def _inline(svg: str, prefix: str, caption: str) -> Html:
    """Return an SVG as an element of a page: without prologue and metadata, with a label and identifiers of its own."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}", svg)
    label = tag("title", caption)
    return Html(re.sub(r"<svg\b([^>]*)>", lambda start: f'<svg role="img"{start[1]}>{label}', svg, count=1))


def settings(scenario: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted path of each setting of a resolved scenario and its value, as in ``--set``."""
    for key, value in scenario.items():
        if isinstance(value, Mapping):
            yield from settings(value, f"{path}{key}.")
        elif isinstance(value, list):
            for place, one in enumerate(value):
                entries = one if isinstance(one, Mapping) else {"": one}
                listed = ", ".join(f"{name} {_word(some)}".strip() for name, some in entries.items())
                yield f"{path}{key}[{place}]", listed
        else:
            yield f"{path}{key}", _word(value)


def settings_table(scenario: Mapping[str, Any]) -> Html:
    """Return the table of all settings of a resolved scenario."""
    return table(["setting", "value"], [[path, prose(value)] for path, value in settings(scenario)], text=(0, 1))


def _word(value: object) -> str:
    """Return a scalar as a scenario file would say it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
