"""Learning curves and the Pareto picture show what their tables hold."""

import numpy as np
import pandas as pd
import pytest

from simcluster.plots import draw
from simcluster.plots.pareto import unbeaten

from . import builders


def lines_of(figure):
    return [line for line in figure.axes[0].lines if len(line.get_xdata()) > 1]


def test_a_curve_has_the_points_of_its_run():
    table = builders.learning()
    for x, scale in (("time_s", 1.0), ("update", 1.0)):
        curves = lines_of(draw("learning-curve", table, x=x))
        assert len(curves) == 3
        server = table[table["entity"] == "server"]
        assert curves[0].get_xdata() == pytest.approx(server[x] * scale)
        assert curves[0].get_ydata() == pytest.approx(server["accuracy"])


def test_runs_that_are_told_apart_leave_out_the_workers():
    both = pd.concat([builders.learning().assign(codec=codec) for codec in ("none", "1-bit")])
    figure = draw("learning-curve", both, by="codec", y="loss", log="y")
    assert len(lines_of(figure)) == 2
    assert figure.axes[0].get_yscale() == "log"
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["none", "1-bit"]


def test_replications_are_thin_lines_of_one_colour():
    several = pd.concat([builders.learning(0).assign(codec="none", replication=number) for number in range(3)])
    curves = lines_of(draw("learning-curve", several, by="codec"))
    assert len(curves) == 3
    assert len({line.get_color() for line in curves}) == 1


def test_the_coupling_is_said():
    figure = draw("learning-curve", builders.learning().assign(coupling="stand-in"))
    said = [text.get_text() for text in figure.axes[0].texts if text.get_gid() == "remark"]
    assert said == ["a stand-in: the clock is that of the scenario's model"]


def test_nobody_beats_the_front():
    rng = np.random.default_rng(3)
    across, up = rng.integers(20, size=60).astype(float), rng.integers(20, size=60).astype(float)
    front = set(unbeaten(across, up))
    for place in range(60):
        beaten = any(
            across[other] <= across[place] and up[other] >= up[place]
            and (across[other] < across[place] or up[other] > up[place])
            for other in range(60)
        )  # fmt: skip
        twin = any(across[other] == across[place] and up[other] == up[place] for other in front)
        assert (not beaten) == (place in front or twin)


def test_trainings_without_the_target_are_left_out_and_said():
    figure = draw("pareto", builders.trainings())
    front = figure.axes[0].lines[-1]
    assert list(front.get_xdata()) == [10, 40]
    assert list(front.get_ydata()) == [0.95, 0.97]
    assert any("1" in text.get_text() for text in figure.axes[0].texts if text.get_gid() == "remark")


def test_soon_or_good_names_target_and_clock_and_cuts_no_point():
    table = builders.trainings().assign(target="accuracy >= 0.95", coupling="own")
    axes = draw("pareto", table).axes[0]
    said = [text.get_text() for text in axes.texts if text.get_gid() == "remark"]
    assert "target: accuracy >= 0.95" in said[0]
    assert "the clock moves its own bytes" in said[0]
    assert axes.get_xlim()[0] == 0
    assert axes.get_xlim()[1] > 60
