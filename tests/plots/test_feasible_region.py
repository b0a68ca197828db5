import pandas as pd
import pytest

from simcluster.plots import draw

from . import builders


def markers(figure, shape):
    lines = [line for line in figure.axes[0].lines if line.get_marker() == shape]
    return {(float(x), float(y)) for line in lines for x, y in zip(*line.get_data(), strict=True)}


def test_the_line_is_the_bound_and_points_are_told_apart_by_their_marker():
    table = builders.points()
    figure = draw("feasible-region", table)
    line = figure.axes[0].lines[0]
    assert list(line.get_xdata()) == [0.2, 0.5, 0.8]
    assert line.get_ydata() == pytest.approx(table["max_operation_overhead"].to_numpy()[::4])
    assert {(0.2, 8.0), (0.5, 4.0), (0.8, 1.0)} <= markers(figure, "o")
    assert {(0.2, 12.0), (0.5, 8.0), (0.8, 4.0)} <= markers(figure, "x")
    assert builders.legend_texts(figure) == ["bound", "simulated feasible", "infeasible"]


def test_the_simulated_time_decides_not_the_bound():
    table = builders.points()
    table["update_time_s"] = 1e6
    assert markers(draw("feasible-region", table), "o") == set()


def test_without_a_limit_the_bound_decides():
    table = builders.points().drop(columns=["vanilla_update_time_s", "update_time_s"])
    figure = draw("feasible-region", table)
    assert (0.2, 8.0) in markers(figure, "o")
    assert (0.5, 8.0) in markers(figure, "x")
    assert builders.legend_texts(figure) == ["bound", "feasible", "infeasible"]


def test_several_bounds_have_their_line_and_size_of_marker():
    table = pd.concat([builders.points(8), builders.points(16)], ignore_index=True)
    figure = draw("feasible-region", table, by="cluster.workers")
    assert builders.legend_texts(figure)[:2] == ["M = 8", "M = 16"]
    assert len({line.get_markersize() for line in figure.axes[0].lines if line.get_marker() == "o"}) == 2


def test_one_line_with_two_bounds_is_refused():
    table = pd.concat([builders.points(8), builders.points(16)], ignore_index=True)
    with pytest.raises(ValueError, match=r"rows share compression.codec.rho = 0.2"):
        draw("feasible-region", table)


def test_one_point_is_drawn():
    figure = draw("feasible-region", builders.points().iloc[:1])
    assert builders.overlaps(figure) == []
    assert markers(figure, "o") == {(0.2, 1.0)}


def test_axes_are_named():
    (ax,) = draw("feasible-region", builders.points()).axes
    assert ax.get_xlabel() == "Compressed size / original size ρ"
    assert ax.get_ylabel() == "Operation overhead h"
