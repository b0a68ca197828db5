import pytest

from simcluster.plots import draw

from . import builders


def test_bars_carry_their_values_in_hours():
    table = builders.presets().assign(total_time_s=[7200.0, 36000.0, 450.0])
    (ax,) = draw("totals", table).axes
    assert [bar.get_width() for bar in ax.patches] == [2.0, 10.0, 0.125]
    assert [text.get_text() for text in ax.texts] == ["2.00", "10.0", "0.125"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["vanilla", "gzip", "homomorphic"]
    assert ax.get_xlabel() == "Total time [h]"
    assert ax.get_legend() is None


def test_a_second_category_stands_together():
    figure = draw("totals", builders.presets([4, 16]), x="cluster.workers", by="preset")
    (ax,) = figure.axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["M = 4", "M = 16"]
    assert builders.legend_texts(figure) == ["vanilla", "gzip", "homomorphic"]
    middles = sorted(bar.get_y() + bar.get_height() / 2 for bar in ax.patches)
    assert middles == pytest.approx([0, 1, 2, 3.6, 4.6, 5.6])
    assert len({(bar.get_facecolor(), bar.get_hatch()) for bar in ax.patches}) == 3
    assert builders.overlaps(figure) == []


def test_labels_stay_inside_the_axes():
    figure = draw("totals", builders.presets())
    builders.shown_texts(figure)
    (ax,) = figure.axes
    assert max(text.get_window_extent().x1 for text in ax.texts) <= ax.bbox.x1


def test_the_same_place_twice_is_refused():
    with pytest.raises(ValueError, match="2 rows share preset = vanilla"):
        draw("totals", builders.presets([4, 8]))
