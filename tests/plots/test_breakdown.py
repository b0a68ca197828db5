import numpy as np
import pytest

from simcluster.plots import draw, style

from . import builders


def heights(figure, label):
    (bars,) = [bars for bars in figure.axes[0].containers if bars.get_label() == label]
    return [bar.get_height() for bar in bars]


def test_bars_have_the_heights_of_the_table_and_stand_on_each_other():
    table = builders.sweep([1, 2, 4], gzip=True)
    figure = draw("breakdown", table)
    assert heights(figure, "compute") == [90.0, 45.0, 22.5]
    assert heights(figure, "server decode") == pytest.approx([1.898, 3.796, 7.592])
    tops = [bar.get_y() + bar.get_height() for bar in figure.axes[0].containers[-1]]
    assert tops == pytest.approx(table["update_time_s"].to_list())


def test_the_two_part_view_adds_up_to_the_same_time():
    table = builders.sweep([1, 2, 4], gzip=True)
    figure = draw("breakdown", table, parts="two")
    assert heights(figure, style.TWO_PARTS["transfer"].label) == pytest.approx(table["transfer_s"].to_list())
    assert builders.legend_texts(figure)[:2] == [look.label for look in style.TWO_PARTS.values()]


def test_the_legend_names_only_parts_that_take_time_and_the_line_of_one_node():
    assert builders.legend_texts(draw("breakdown", builders.sweep([2, 4]))) == ["compute", "push", "pull", "one node"]
    assert builders.legend_texts(draw("breakdown", builders.sweep([2]), lines=())) == ["compute", "push", "pull"]


def test_a_part_too_thin_to_be_seen_is_not_in_the_legend_but_in_the_bar():
    figure = draw("breakdown", builders.sweep([2, 4]).assign(wait_s=1e-4), lines=())
    assert "wait" not in builders.legend_texts(figure)
    assert heights(figure, "wait") == pytest.approx([1e-4, 1e-4])
    assert "wait" in builders.legend_texts(draw("breakdown", builders.sweep([2, 4]).assign(wait_s=1.0)))


def test_axes_say_their_units():
    (ax,) = draw("breakdown", builders.sweep([1, 2])).axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Workers M", "Time per update [s]")
    (ax,) = draw("breakdown", builders.sweep([200])).axes
    assert ax.get_ylabel() == "Time per update [min]"
    assert ax.containers[1][0].get_height() == pytest.approx(200 * builders.ONE_WAY / 60)


@pytest.mark.parametrize(
    ("count", "ticks"), [(25, "1 5 10 15 20 25"), (150, "1 25 50 75 100 125 150"), (5, "1 2 3 4 5")]
)
def test_round_numbers_of_nodes_are_labelled_and_nothing_overlaps(count, ticks):
    figure = draw("breakdown", builders.sweep(range(1, count + 1), gzip=True))
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ticks.split()
    assert builders.overlaps(figure) == []


def test_powers_of_two_stand_side_by_side():
    figure = draw("breakdown", builders.sweep([1, 2, 4, 8, 1024]))
    assert [bar.get_x() + 0.4 for bar in figure.axes[0].containers[0]] == pytest.approx([0, 1, 2, 3, 4])
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["1", "2", "4", "8", "1024"]


def test_many_long_names_are_turned_and_stay_on_the_page():
    table = builders.sweep(range(1, 25)).assign(preset=[f"a preset with a name of its own {n}" for n in range(24)])
    figure = draw("breakdown", table, x="preset")
    assert {label.get_rotation() for label in figure.axes[0].get_xticklabels()} == {90.0}
    assert builders.overlaps(figure) == []


def test_names_keep_the_order_of_the_table():
    figure = draw("breakdown", builders.presets(), x="preset")
    names = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert names == ["vanilla", "gzip", "homomorphic"]


def test_a_failed_run_leaves_a_gap_and_a_remark():
    table = builders.sweep([1, 2, 3, 4])
    table.loc[1, "push_s"] = np.nan
    figure = draw("breakdown", table)
    assert [round(bar.get_x() + 0.4) for bar in figure.axes[0].containers[0]] == [0, 2, 3]
    assert builders.remark(figure) == "1 of 4 rows left out: no finite values"
    assert builders.overlaps(figure) == []


def test_nothing_but_failed_runs_is_refused():
    with pytest.raises(ValueError, match=r"no row has values in all of cluster.workers, computation_s"):
        draw("breakdown", builders.sweep([1, 2]).assign(computation_s=np.inf))


def test_two_runs_for_one_bar_are_refused_with_the_parameter_they_differ_in():
    with pytest.raises(ValueError, match=r"3 rows share cluster.workers = 16 \(they differ in .*preset\)"):
        draw("breakdown", builders.presets())


def test_unknown_parts_are_refused():
    with pytest.raises(ValueError, match="'all' or 'two'"):
        draw("breakdown", builders.sweep([1]), parts="three")


def test_times_of_zero_are_drawn():
    table = builders.sweep([1, 2])
    table[[f"{part}_s" for part in style.PARTS]] = 0.0
    assert draw("breakdown", table, lines=()).axes[0].get_ylim() == (0.0, 1.0)
