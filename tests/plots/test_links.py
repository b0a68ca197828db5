import numpy as np
import pytest

from simcluster.plots import draw

from . import builders


def names(figure):
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def shares(figure):
    return [text.get_text() for text in figure.axes[0].texts if text.get_gid() is None]


def test_the_busiest_link_comes_first_with_its_share():
    figure = draw("links", builders.links().iloc[::-1])
    assert names(figure) == ["worker-0/up", "worker-1/up", "worker-2/up"]
    assert shares(figure) == ["50%", "25%", "17%"]
    assert builders.remark(figure) == "full height: 1.00 Gbit/s; right: mean share of it"
    assert figure.axes[0].get_xlabel() == "Time [s]"


def test_with_capacities_rows_are_as_high_as_these():
    table = builders.links(2)
    table["capacity_bytes_per_s"] = np.where(table["link"] == "worker-0/up", 1.25e9, 62.5e6)
    figure = draw("links", table)
    assert names(figure) == ["worker-1/up", "worker-0/up"]
    assert shares(figure) == ["50%", "5%"]
    assert "full height: capacity" in builders.remark(figure)


def test_the_area_is_as_high_as_the_rate_at_each_time():
    table = builders.links(1, steps=3).assign(rate_bytes_per_s=[1e6, 4e6, 2e6])
    (area,) = [one for one in draw("links", table).axes[0].collections if one.get_facecolor().any()]
    corners = area.get_paths()[0].vertices
    bottom = corners[:, 1].max()
    tops = [(bottom - corners[np.isclose(corners[:, 0], time), 1].min()) / 0.84 for time in (0, 1, 2, 3)]
    # At 1 s and 2 s two heights meet, of which this is the larger.
    assert np.allclose(tops, [0.25, 1.0, 1.0, 0.5])


def test_what_is_not_in_the_table_is_silence():
    table = builders.links(1, steps=6)
    figure, sparse = draw("links", table), draw("links", table[table["flows"] > 0])
    shapes = [
        np.unique(one.get_paths()[0].vertices, axis=0)
        for each in (figure, sparse)
        for one in each.axes[0].collections
        if one.get_facecolor().any()
    ]
    assert len(shapes) == 2
    assert np.allclose(*shapes)
    assert shares(figure) == shares(sparse) == ["50%"]


def test_links_beyond_the_most_are_counted():
    figure = draw("links", builders.links(5), most=2)
    assert names(figure) == ["worker-0/up", "worker-1/up"]
    assert "3 of 5 links not shown" in builders.remark(figure)
    assert builders.overlaps(figure) == []


def test_crowded_links_are_drawn_as_means_that_carry_as_much():
    figure = draw("links", builders.links(1, steps=4001))
    (area,) = [one for one in figure.axes[0].collections if one.get_facecolor().any()]
    corners = area.get_paths()[0].vertices
    assert len(corners) < 2000
    # 2000 s of 4001 s are busy.
    x, y = corners[:, 0], corners[:, 1]
    size = 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))
    assert size / 0.84 * 60 == pytest.approx(2000, rel=1e-3)
    assert "means over 10.0 s" in builders.remark(figure)


def test_silence_is_refused():
    with pytest.raises(ValueError, match="no link carried anything"):
        draw("links", builders.links().assign(rate_bytes_per_s=0.0))
    with pytest.raises(ValueError, match="1 or more"):
        draw("links", builders.links(), most=0)
