import numpy as np
import pytest

from simcluster.plots import draw

from . import builders


def table(workers, **columns):
    return builders.sweep(workers).assign(**{"update_time_s": 100.0, **columns})


def heights(collection):
    return [tuple(float(point[1]) for point in path.vertices) for path in collection.get_paths()]


def test_points_have_bars_from_low_to_high():
    figure = draw("lines", table([2, 4], update_time_s_low=[90.0, 80.0], update_time_s_high=[120.0, 110.0]))
    (bars,) = figure.axes[0].collections
    assert heights(bars) == [(90.0, 120.0), (80.0, 110.0)]
    assert builders.remark(figure) == "bars and bands: confidence intervals"
    assert figure.axes[0].get_ylim()[1] >= 120
    assert builders.overlaps(figure) == []


def test_an_interval_without_its_value_is_refused():
    wrong = table([1, 2], update_time_s_low=[110.0, 90.0], update_time_s_high=[120.0, 110.0])
    with pytest.raises(ValueError, match="does not contain the value"):
        draw("lines", wrong)


def test_a_half_width_goes_both_ways_and_units_follow():
    figure = draw("lines", table([2, 4], update_time_s=7200.0, update_time_s_half_width=[720.0, np.nan]))
    (bars,) = figure.axes[0].collections
    first, second = heights(bars)
    assert np.allclose(first, (1.8, 2.2))
    assert np.isnan(second).all()


def test_lines_of_many_points_have_a_band():
    figure = draw("lines", table(range(1, 30), update_time_s_low=90.0, update_time_s_high=120.0))
    (band,) = figure.axes[0].collections
    assert {round(float(y)) for y in band.get_paths()[0].vertices[:, 1]} == {90, 120}


def test_intervals_of_no_width_are_not_spoken_of():
    figure = draw("lines", table([2, 4], update_time_s_low=100.0, update_time_s_high=100.0))
    assert builders.remark(figure) == ""
    assert draw("lines", table([2, 4])).axes[0].collections[:] == []
