import pandas as pd
import pytest

from simcluster.plots import draw

from . import builders


def table():
    return pd.concat([builders.sweep([16], rho=0.2, h=1 + k / 10) for k in range(11)], ignore_index=True)


def test_computation_grows_with_h_and_transfer_does_not():
    computation, transfer = draw("overhead", table()).axes[0].containers
    assert [bar.get_height() for bar in computation] == pytest.approx([90 / 16 * (1 + k / 10) for k in range(11)])
    assert [bar.get_height() for bar in transfer] == pytest.approx([2 * 16 * 0.2 * builders.ONE_WAY] * 11)


def test_the_ideal_and_the_vanilla_time_are_level_lines_from_edge_to_edge():
    figure = draw("overhead", table())
    assert builders.legend_texts(figure)[2:] == ["vanilla", "ideal i·C/M"]
    (ax,) = figure.axes
    levels = {float(line.get_ydata()[0]) for line in ax.lines}
    assert levels == {90 / 16, 90 / 16 + 2 * 16 * builders.ONE_WAY}
    for line in ax.lines:
        assert line.get_xdata()[0] <= ax.get_xlim()[0]
        assert line.get_xdata()[1] >= ax.get_xlim()[1]


def test_h_is_labelled_with_the_same_decimals():
    (ax,) = draw("overhead", table()).axes
    assert [label.get_text() for label in ax.get_xticklabels()][::5] == ["1.0", "1.5", "2.0"]
    assert ax.get_xlabel() == "Operation overhead h"


def test_of_many_h_round_ones_are_labelled():
    many = pd.concat([builders.sweep([16], h=1 + k / 20) for k in range(61)], ignore_index=True)
    figure = draw("overhead", many)
    shown = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert shown == ["1.00", "1.50", "2.00", "2.50", "3.00", "3.50", "4.00"]
    assert builders.overlaps(figure) == []


def test_lines_are_the_callers_choice():
    assert builders.legend_texts(draw("overhead", table(), lines=["single_node_update_time_s"]))[2:] == ["one node"]
    with pytest.raises(ValueError, match=r"no column 'vanila_update_time_s' .nearest: 'vanilla_update_time_s'"):
        draw("overhead", table(), lines=["vanila_update_time_s"])
