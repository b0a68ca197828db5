"""The distribution of staleness: shares, mean, and what is left out."""

import pandas as pd
import pytest

from simcluster.plots import draw

from . import builders


def bars(figure):
    return [round(bar.get_height(), 9) for bar in figure.axes[0].patches]


def test_bars_are_shares_of_what_was_applied():
    assert bars(draw("staleness", builders.staleness())) == [10, 30, 40, 20]


def test_the_mean_has_a_line():
    (line,) = draw("staleness", builders.staleness()).axes[0].lines
    assert line.get_xdata()[0] == pytest.approx(1.7)


def test_a_wide_range_is_drawn_in_classes():
    table = pd.DataFrame({"update": range(1, 101), "staleness": range(100)})
    figure = draw("staleness", table, most=20)
    assert bars(figure) == [5] * 20
    assert any("classes of 5 updates" in text.get_text() for text in figure.axes[0].texts)


def test_nothing_applied_is_said():
    with pytest.raises(ValueError, match="no update was applied"):
        draw("staleness", pd.DataFrame({"update": [0], "staleness": [1]}))


def test_too_few_bars_are_refused():
    with pytest.raises(ValueError, match="most must be 2 or more"):
        draw("staleness", builders.staleness(), most=1)
