import numpy as np
import pytest

from simcluster.plots import draw

from . import builders


def test_units_follow_from_the_columns():
    table = builders.sweep([4] * 3).assign(**{"network.bandwidth": [125e6, 1.25e9, 5e9]})
    (ax,) = draw("lines", table, x="network.bandwidth", y="bytes_on_wire").axes
    assert ax.get_xlabel() == "Bandwidth [Gbit/s]"
    assert ax.get_ylabel() == "Bytes on the wire [GB]"
    assert list(ax.lines[0].get_xdata()) == [1, 10, 40]
    assert list(ax.lines[0].get_ydata()) == [8, 8, 8]


def test_one_line_a_category_sorted_along_x():
    figure = draw("lines", builders.presets([8, 2, 4]), by="preset")
    assert builders.legend_texts(figure) == ["vanilla", "gzip", "homomorphic"]
    assert [list(line.get_xdata()) for line in figure.axes[0].lines] == [[2, 4, 8]] * 3


def test_names_along_x():
    (ax,) = draw("lines", builders.presets(), x="preset", y="speedup").axes
    assert [label.get_text() for label in ax.get_xticklabels()] == ["vanilla", "gzip", "homomorphic"]
    assert list(ax.lines[0].get_xdata()) == [0, 1, 2]


def test_logarithmic_axes_have_plain_numbers():
    figure = draw("lines", builders.sweep(range(1, 26)), log="xy")
    (ax,) = figure.axes
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    texts = [text.get_text() for text in builders.shown_texts(figure)]
    assert {"1", "2", "5", "10", "20", "50"} <= set(texts)
    assert min(text.get_fontsize() for text in builders.shown_texts(figure)) >= 7
    assert builders.overlaps(figure) == []


def test_many_decades_have_powers_of_ten():
    table = builders.sweep([1, 2, 3]).assign(**{"network.latency": [1e-6, 1e-3, 10.0]})
    figure = draw("lines", table, x="network.latency", log="x")
    assert builders.overlaps(figure) == []
    assert any("10^" in text.get_text() for text in builders.shown_texts(figure))


def test_what_a_logarithm_cannot_show_is_refused():
    with pytest.raises(ValueError, match="'speedup' has others"):
        draw("lines", builders.sweep([1, 2]).assign(speedup=0.0), y="speedup", log="y")
    with pytest.raises(ValueError, match="'preset' has others"):
        draw("lines", builders.presets(), x="preset", log="x")
    with pytest.raises(ValueError, match="'xy', not 'z'"):
        draw("lines", builders.sweep([1, 2]), log="z")


def test_bad_cells_are_skipped_with_a_remark():
    table = builders.presets([2, 4])
    table.loc[0, "update_time_s"] = np.inf
    figure = draw("lines", table, by="preset")
    assert list(figure.axes[0].lines[0].get_xdata()) == [4]
    assert builders.remark(figure) == "1 of 6 rows left out: no finite values"


def test_runs_that_are_not_told_apart_are_refused():
    with pytest.raises(ValueError, match=r"they differ in .*preset"):
        draw("lines", builders.presets())
