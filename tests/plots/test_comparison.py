import pytest

from simcluster.plots import draw

from . import builders


def test_parts_stand_side_by_side_and_their_sum_comes_last():
    figure = draw("comparison", builders.presets())
    (ax,) = figure.axes
    parts = [label.get_text() for label in ax.get_yticklabels()]
    assert parts == ["compute", "encode", "push", "server decode", "server encode", "pull", "decode", "update"]
    assert builders.legend_texts(figure) == ["vanilla", "gzip", "homomorphic"]
    table = builders.presets().set_index("preset")
    for container, preset in zip(ax.containers, ["vanilla", "gzip", "homomorphic"], strict=True):
        widths = [bar.get_width() for bar in container]
        assert widths[2] == pytest.approx(table.loc[preset, "push_s"])
        assert widths[-1] == pytest.approx(table.loc[preset, "update_time_s"])
    assert ax.get_xlabel() == "Time in an update [s]"


def test_numbers_are_told_apart_by_their_setting():
    figure = draw("comparison", builders.sweep([2, 4]), by="cluster.workers")
    assert builders.legend_texts(figure) == ["M = 2", "M = 4"]


def test_too_many_scenarios_are_refused():
    with pytest.raises(ValueError, match="5 scenarios are too many"):
        draw("comparison", builders.sweep(range(1, 6)), by="cluster.workers")
    assert draw("comparison", builders.sweep(range(1, 6)), by="cluster.workers", most=5)
