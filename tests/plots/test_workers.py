"""Timelines of workers: what is drawn where, and for how long."""

import pandas as pd
import pytest

from simcluster.plots import draw

from . import builders


def polygons(figure):
    """Return the corners of all spans as (start, end, top), in order."""
    found = []
    for collection in figure.axes[0].collections:
        for path in collection.get_paths():
            (left, bottom), (right, _) = path.get_extents().get_points()
            found.append((left, right, round(bottom, 3)))
    return sorted(found)


def test_only_compute_lanes_are_drawn_and_tile_the_window():
    figure = draw("workers", builders.compute_lanes(updates=2))
    assert polygons(figure) == sorted((at, at + 1, place + 0.08) for place in range(2) for at in range(6))


def test_the_window_ends_when_a_worker_begins_one_more():
    assert draw("workers", builders.compute_lanes(), updates=2).axes[0].get_xlim() == (0, 6)
    assert draw("workers", builders.compute_lanes(), updates=9).axes[0].get_xlim() == (0, 12)


def test_what_is_waited_for_is_in_the_legend():
    legend = draw("workers", builders.compute_lanes()).axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["compute", "push", "staleness bound"]


def test_of_many_workers_the_first_and_the_last_are_drawn():
    ax = draw("workers", builders.compute_lanes(workers=9), most=4).axes[0]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["worker-0", "worker-1", "worker-7", "worker-8"]
    assert any("5 of 9 workers not shown" in text.get_text() for text in ax.texts)


def test_bad_input_is_refused():
    spans = builders.compute_lanes()
    with pytest.raises(ValueError, match="1 or more"):
        draw("workers", spans, updates=0)
    with pytest.raises(ValueError, match="nobody computes"):
        draw("workers", spans[spans["lane"] == "send"])
    with pytest.raises(ValueError, match="no column"):
        draw("workers", pd.DataFrame({"entity": ["a"]}))
