import numpy as np
import pandas as pd
import pytest

from simcluster.plots import draw, style

from . import builders


def rows(figure):
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def boxes(figure, label):
    """Return left, right, top and bottom of the spans of one part."""
    drawn = [part for part in figure.axes[0].collections if part.get_label() == label]
    corners = [path.vertices for part in drawn for path in part.get_paths()]
    return [(float(v[:, 0].min()), float(v[:, 0].max()), float(v[:, 1].min()), float(v[:, 1].max())) for v in corners]


def test_a_row_a_lane_grouped_by_entity_with_the_server_first():
    figure = draw("timeline", builders.spans(2))
    one = ["core-0", "send", "receive"]
    assert rows(figure) == ["server-0  core-0", "worker-0  compute", *one, "worker-1  compute", *one]
    assert builders.overlaps(figure) == []


def test_spans_lie_at_their_times():
    figure = draw("timeline", builders.spans(2))
    assert [box[:2] for box in boxes(figure, "compute")] == [(0.0, 12.0), (0.0, 10.0)]
    assert [box[:2] for box in boxes(figure, "server decode")] == [(20.0, 26.0)]
    assert [box[:2] for box in boxes(figure, "decode")] == [(38.0, 40.0)] * 2
    assert figure.axes[0].get_xlim() == (0.0, 40.0)
    assert figure.axes[0].get_xlabel() == "Time since update 1 began [s]"


def test_the_legend_names_what_happens_and_not_waiting():
    parts = ["compute", "encode", "push", "server decode", "aggregate", "server encode", "pull", "decode"]
    assert builders.legend_texts(draw("timeline", builders.spans(2))) == parts


def test_waits_of_the_update_say_their_cause_and_idle_lanes_are_blank():
    figure = draw("timeline", builders.spans(2))
    assert [text.get_text() for text in figure.axes[0].texts] == ["other workers"] * 2
    assert len(boxes(figure, "wait")) == 2


def test_waiting_for_a_part_has_a_tint_of_its_colour():
    table = builders.spans(2).replace({"cause": {"other workers": "server decode"}})
    figure = draw("timeline", table)
    (waits,) = [part for part in figure.axes[0].collections if part.get_label() == "wait"]
    assert np.allclose(waits.get_facecolor()[0][:3], style.tint(style.PURPLE))
    assert builders.remark(figure) == "pale: waits for what has this colour"
    assert builders.overlaps(figure) == []


def test_long_remarks_are_broken_and_stay_on_the_page():
    table = builders.spans(100).replace({"cause": {"other workers": "push"}})
    table.loc[5, "start_s"] = np.nan
    table.loc[table["update"] == 2, "start_s"] = 39.0
    figure = draw("timeline", table)
    assert builders.remark(figure).count("\n") == 2
    assert builders.overlaps(figure) == []


def test_time_counts_from_the_beginning_of_the_update():
    figure = draw("timeline", builders.spans(2), update=2)
    assert [box[:2] for box in boxes(figure, "compute")] == [(0.0, 10.0)] * 2


def test_neighbouring_updates_are_faint_and_said():
    table = builders.spans(2)
    early = (table["entity"] == "worker-1") & (table["update"] == 2)
    table.loc[early, ["lane", "start_s"]] = ["other", 39.0]
    figure = draw("timeline", table)
    assert builders.remark(figure) == "faint: other updates"
    assert {part.get_alpha() for part in figure.axes[0].collections if part.get_label() == "compute"} == {1.0, 0.3}


def test_twenty_five_workers_have_a_row_each():
    figure = draw("timeline", builders.spans(25))
    assert rows(figure) == ["server-0", *(f"worker-{index}" for index in range(25))]
    assert builders.overlaps(figure) == []
    assert builders.remark(figure) == ""


def test_too_many_workers_are_left_out_but_not_the_slowest():
    figure = draw("timeline", builders.spans(1000, slow=500), max_rows=12)
    shown = rows(figure)
    assert len(shown) <= 12
    assert shown[0] == "server-0"
    assert "worker-500" in shown
    assert shown[-1] == "worker-999"
    assert builders.remark(figure) == f"{1001 - sum(name[0] != '(' for name in shown)} of 1001 entities not shown"
    hidden = sum(int(name[1:].split()[0]) for name in shown if name.startswith("("))
    assert f"{hidden} of 1001" in builders.remark(figure)
    assert builders.overlaps(figure) == []


def test_what_overlaps_in_time_shares_the_row_of_its_entity():
    table = builders.spans(20)
    table.loc[table["activity"] == "push", "start_s"] = 5.0
    figure = draw("timeline", table)
    compute, push = boxes(figure, "compute")[0], boxes(figure, "push")[0]
    assert compute[3] <= push[2] or push[3] <= compute[2]
    assert 0 <= push[2] - 1 < push[3] - 1 <= 1


def test_an_activity_that_is_not_known_is_grey_with_its_own_name():
    table = builders.spans(2).replace({"activity": {"push": "gossip $"}})
    figure = draw("timeline", table)
    assert "gossip \\$" in builders.legend_texts(figure)


def test_parts_have_the_colours_of_the_other_pictures():
    figure = draw("timeline", builders.spans(2))
    (compute,) = [part for part in figure.axes[0].collections if part.get_label() == "compute"]
    expected = [int(style.BLUE[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    assert np.allclose(compute.get_facecolor()[0][:3], expected)


def test_an_update_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="no span belongs to update 7: the table has updates 1 to 2"):
        draw("timeline", builders.spans(2), update=7)
    with pytest.raises(ValueError, match="no span belongs to an update"):
        draw("timeline", builders.spans(2).assign(update=0))
    with pytest.raises(ValueError, match="5 or more"):
        draw("timeline", builders.spans(2), max_rows=4)


def test_the_whole_run_shows_what_happens_before_the_first_and_after_the_last_update():
    spans = builders.spans(4)
    spans.loc[spans["activity"] == "encode", "update"] = 0
    figure = draw("timeline", spans, update="all")
    ax = figure.axes[0]
    assert ax.get_xlabel().startswith("Time since the start")
    assert ax.get_xlim()[1] >= spans["end_s"].max()
    assert "faint" not in builders.remark(figure)


def test_who_is_down_or_recovers_is_shown():
    spans = builders.spans(2)
    down = {"entity": "worker-1", "lane": "compute", "activity": "wait", "update": 0, "size_bytes": 0.0}
    incidents = pd.DataFrame(
        [
            down | {"start_s": 2.0, "end_s": 5.0, "cause": "crashed"},
            down | {"start_s": 5.0, "end_s": 6.0, "cause": "recovery"},
        ]
    )
    for rows_at_most in (30, 5):
        figure = draw("timeline", pd.concat([spans, incidents], ignore_index=True), max_rows=rows_at_most)
        assert [box[:2] for box in boxes(figure, "crashed")] == [(2.0, 5.0)]
        assert [box[:2] for box in boxes(figure, "recovery")] == [(5.0, 6.0)]
