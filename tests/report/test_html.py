"""HTML from pieces: text is escaped wherever it comes in, and markup isn't escaped twice."""

from __future__ import annotations

import re

from simcluster.report.html import bar, join, page, prose, table, tag

NASTY = "</td><script>alert('1')</script> & \"quoted\""
ESCAPED = "&lt;/td&gt;&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt; &amp; &quot;quoted&quot;"


def test_text_is_escaped_and_elements_are_not() -> None:
    assert tag("p", NASTY, tag("b", "x < y"), class_=NASTY) == (
        f'<p class="{ESCAPED}">{ESCAPED}<b>x &lt; y</b></p>'
    )
    assert join(["<i>", tag("i", "a")]) == "&lt;i&gt;<i>a</i>"


def test_cells_of_a_table_are_escaped() -> None:
    made = table([NASTY, "b"], [[NASTY, "1"], ["c", bar(0.5)], [prose(NASTY), "2"]])
    assert "<script" not in made
    assert made.count(ESCAPED) == 3
    assert '<td class="number">1</td>' in made
    assert "width:50.00%" in made


def test_a_bar_stays_in_its_cell() -> None:
    assert "width:100.00%" in bar(1.7)
    assert "width:0.00%" in bar(-1.0)


def test_a_page_forbids_itself_to_ask_for_anything() -> None:
    text = page(NASTY, [NASTY, tag("p", "body")])
    assert text.count(ESCAPED) == 2
    assert "<script" not in text
    assert "default-src &#x27;none&#x27;" in text
    assert '<link rel="icon" href="data:,">' in text
    assert re.search(r"<footer>Written by simcluster \d", text)
