"""HTML that is put together from pieces: a plain string is always escaped, and only what was made here is markup."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from html import escape
from importlib.metadata import version

#: The page may not ask for anything, whatever gets into it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

_STYLE = """
:root { color-scheme: light; --ink: #1a1a1a; --soft: #5a5a5a; --line: #dddddd; --bar: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.5rem 4rem; background: #fff; color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .6rem; padding-top: .8rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.6rem 0 .4rem; }
p { margin: .4rem 0; max-width: 46rem; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr));
  gap: .9rem 1.5rem; margin: 1.4rem 0; }
.figures dt { color: var(--soft); font-size: .85rem; }
.figures dd { margin: 0; font-size: 1.25rem; font-weight: 600; overflow-wrap: anywhere; }
.figures small { display: block; font-size: .8rem; font-weight: 400; color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; margin: .6rem 0; }
th, td { padding: .25rem .9rem .25rem 0; }
th { text-align: left; font-weight: 600; border-bottom: 1px solid #999; vertical-align: bottom; }
td { border-bottom: 1px solid var(--line); white-space: nowrap; vertical-align: top; }
td.prose { white-space: normal; overflow-wrap: anywhere; }
td.number, th.number { text-align: right; }
td small { display: block; color: var(--soft); }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
td.share { min-width: 10rem; width: 18rem; padding-right: 0; vertical-align: middle; }
.bar { display: block; height: .8rem; background: var(--bar); min-width: 1px; }
figure { margin: 1rem 0 1.6rem; }
figure svg { width: 100%; height: auto; display: block; }
figure.narrow { display: inline-block; vertical-align: top; width: calc(50% - 1.5rem); min-width: 20rem;
  margin-right: 1.2rem; }
figcaption { color: var(--soft); font-size: .9rem; max-width: 46rem; }
summary { cursor: pointer; font-weight: 600; margin: .4rem 0; }
@media print { body { max-width: none; padding: 0; } h2 { break-after: avoid; } figure, tr { break-inside: avoid; } }
"""


class Html(str):
    """Markup, as opposed to text."""

    __slots__ = ()


def tag(name: str, *children: str, **attributes: str) -> Html:
    """Return an element.

    Parameters
    ----------
    name : str
    *children : str or Html
        Text, which is escaped, and other elements, which aren't.
    **attributes : str
        Their values are escaped; a trailing underscore of a name (``class_``) is dropped.
    """
    said = "".join(f' {key.rstrip("_")}="{escape(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{said}>{join(children)}</{name}>")


def join(children: Iterable[str]) -> Html:
    """Return pieces one after the other."""
    return Html("".join(child if isinstance(child, Html) else escape(child) for child in children))


def page(title: str, body: Iterable[str]) -> str:
    """Return a whole document, which says who wrote it."""
    writer = f"simcluster {version('simcluster')}"
    head = [
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        # Without an icon of its own a page asks its server for one.
        Html('<link rel="icon" href="data:,">'),
        tag("title", f"{title} - simcluster"),
        tag("style", Html(_STYLE)),
    ]
    parts = [*body, tag("footer", f"Written by {writer}.")]
    content = tag("head", *head) + "\n" + tag("body", *(Html(f"\n{join([part])}") for part in parts))
    return f'<!DOCTYPE html>\n<html lang="en">\n{content}\n</html>\n'


def table(header: Sequence[str], rows: Iterable[Sequence[str]], text: Collection[int] = (0,)) -> Html:
    """Return a table.

    Parameters
    ----------
    header : sequence of str
    rows : iterable of sequence of str
        Cells: texts, or what :func:`bar` returned.
    text : collection of int
        Columns that are set as text; the others as numbers, to the right.
    """

    def cells(name: str, row: Sequence[str]) -> Html:
        kinds = ["text" if place in text else "number" for place in range(len(row))]
        done = (
            cell if isinstance(cell, Cell) else tag(name, cell, class_=kind)
            for cell, kind in zip(row, kinds, strict=True)
        )
        return tag("tr", *done)

    head = tag("thead", cells("th", header))
    return tag("div", tag("table", head, tag("tbody", *(cells("td", row) for row in rows))), class_="wide")


class Cell(Html):
    """A cell of a table that is made already."""

    __slots__ = ()


def prose(text: str) -> Cell:
    """Return a cell whose text may be broken into lines."""
    return Cell(tag("td", text, class_="prose"))


def with_remark(value: str, remark: str) -> Cell:
    """Return a cell with a number and a remark below it."""
    return Cell(tag("td", f"{value} ", tag("small", remark), class_="number"))


def bar(share: float) -> Cell:
    """Return a cell with a bar of a share between 0 and 1."""
    return Cell(tag("td", tag("span", class_="bar", style=f"width:{max(0.0, min(share, 1.0)):.2%}"), class_="share"))
