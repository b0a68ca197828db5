import numpy as np
import pytest

from simcluster.plots import draw

from . import builders


def test_one_line_a_category_with_ideal_and_one_node():
    table = builders.presets([1, 2, 4, 8, 16])
    figure = draw("speedup", table, by="preset")
    assert builders.legend_texts(figure) == ["vanilla", "gzip", "homomorphic", "ideal", "one node"]
    vanilla = figure.axes[0].lines[0]
    assert list(vanilla.get_xdata()) == [1, 2, 4, 8, 16]
    assert list(vanilla.get_ydata()) == table[table["preset"] == "vanilla"]["speedup"].to_list()
    assert len({line.get_color() for line in figure.axes[0].lines[:3]}) == 3
    assert len({line.get_marker() for line in figure.axes[0].lines[:3]}) == 3


def test_the_ideal_may_leave_the_picture_but_no_simulated_point_does():
    table = builders.sweep(range(1, 151))
    (ax,) = draw("speedup", table).axes
    assert table["speedup"].max() < ax.get_ylim()[1] < 2 * table["speedup"].max()


def test_without_the_column_there_is_no_ideal():
    table = builders.sweep([1, 2, 4]).drop(columns="ideal_speedup")
    assert builders.legend_texts(draw("speedup", table)) == ["simulated", "one node"]


def test_bounds_are_dashed_in_the_colour_of_their_category():
    table = builders.presets([1, 2, 4])
    table["theory_speedup"] = table["speedup"] * 1.1
    figure = draw("speedup", table, by="preset", bounds=["theory_speedup"])
    bound, simulated = figure.axes[0].lines[:2]
    assert bound.get_color() == simulated.get_color()
    assert bound.get_linestyle() != simulated.get_linestyle()
    assert "theory" in builders.legend_texts(figure)


def test_a_failed_run_is_skipped_with_a_remark():
    table = builders.sweep([1, 2, 4])
    table.loc[1, "speedup"] = np.nan
    figure = draw("speedup", table)
    assert list(figure.axes[0].lines[0].get_xdata()) == [1, 4]
    assert "1 of 3 rows" in builders.remark(figure)


def test_lines_that_are_not_told_apart_are_refused():
    with pytest.raises(ValueError, match=r"3 rows share cluster.workers = 4"):
        draw("speedup", builders.presets([4]))
