from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from simcluster.plots import draw

from . import builders


def drawn(figure):
    """Return marker and fill of each candidate by its place."""
    lines = figure.axes[0].lines
    single = [line for line in lines if len(line.get_xdata()) == 1]
    return {
        (float(line.get_xdata()[0]), float(line.get_ydata()[0])): (
            line.get_marker(),
            line.get_markerfacecolor() != "white",
        )
        for line in single
    }


def test_the_line_is_eq_5():
    table = builders.candidates()
    line = draw("homomorphic-map", table).axes[0].lines[0]
    rho, height = (np.asarray(values) for values in line.get_data())
    slope = table["slope"].iloc[0]
    assert height == pytest.approx(1 + slope - slope * rho)
    assert rho[0] < 0.02
    assert 0.99 < rho[-1] < 1.09


def test_a_candidate_is_where_its_rho_and_h_are_and_looks_like_what_it_is():
    assert drawn(draw("homomorphic-map", builders.candidates())) == {
        (0.0627, 3.1): ("o", True),
        (0.25, 1.8): ("o", True),
        (0.0316, 1.3): ("s", True),
        (0.0205, 3.34): ("D", True),
        (0.19, 60.0): ("o", False),
    }


def test_lines_of_equal_speedup_are_workers_over_speedup():
    figure = draw("homomorphic-map", builders.candidates())
    dotted = [line for line in figure.axes[0].lines if line.get_linestyle() == ":"]
    slope = builders.candidates()["slope"].iloc[0]
    starts = [float(line.get_ydata()[0] + slope * line.get_xdata()[0]) for line in dotted]
    assert starts == pytest.approx([16, 8, 4, 2, 1])


def test_all_are_named_beside_their_marker_and_what_does_not_occur_is_not():
    table = builders.candidates()
    figure = draw("homomorphic-map", table)
    assert builders.legend_texts(figure) == ["Eq. 5", "computed on", "decoded", "other model", "outside"]
    named = {text.get_text(): text.xy for text in figure.axes[0].texts if hasattr(text, "xy")}
    places = zip(table["rho"], table["charged_overhead"], strict=True)
    assert named == dict(zip(table["candidate"], places, strict=True))
    assert builders.legend_texts(draw("homomorphic-map", table.iloc[:2])) == ["Eq. 5", "computed on"]


def test_names_of_a_crowd_lie_apart():
    table = pd.concat([builders.candidates()] * 2, ignore_index=True)
    table["rho"] *= np.linspace(0.95, 1.05, len(table))
    table["candidate"] = [f"{name}-{number}" for number, name in enumerate(table["candidate"])]
    figure = draw("homomorphic-map", table)
    renderer = figure.canvas.get_renderer()
    # The box of an annotation would hold its line, too.
    boxes = [Text.get_window_extent(text, renderer).padded(-2) for text in figure.axes[0].texts]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_one_map_has_one_line():
    table = builders.candidates()
    table.loc[0, "slope"] = 5.0
    with pytest.raises(ValueError, match="one line"):
        draw("homomorphic-map", table)
