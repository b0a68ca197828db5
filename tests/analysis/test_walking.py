"""The walk back: of what ended at one instant, which explains what began then."""

from __future__ import annotations

import pandas as pd
import pytest

from simcluster.analysis import Walker, blame
from simcluster.analysis.causes import Blamer

Row = tuple[str, str, str, int, float, float]


def table(*rows: Row) -> pd.DataFrame:
    names = ["entity", "lane", "activity", "update", "start_s", "end_s"]
    return pd.DataFrame(rows, columns=names).assign(size_bytes=0.0, cause="")


#: Began at 3 s, on worker-1; what else ended then can only be told by the rules.
AFTER: Row = ("worker-1", "core-0", "encode", 2, 3.0, 5.0)


@pytest.mark.parametrize(
    ("near", "far"),
    [
        # The machine comes before the update and the name ...
        (("worker-1", "compute", "compute", 1, 0.0, 3.0), ("worker-0", "send", "push", 2, 0.0, 3.0)),
        # ... on it the lane before the update and the hand-over ...
        (("worker-1", "core-0", "decode", 1, 0.0, 3.0), ("worker-1", "compute", "compute", 2, 0.0, 3.0)),
        (("worker-1", "core-0", "decode", 1, 0.0, 3.0), ("worker-1", "receive", "pull", 2, 0.0, 3.0)),
        # ... elsewhere a transfer before work, whatever its update ...
        (("worker-2", "send", "push", 1, 0.0, 3.0), ("worker-0", "core-0", "encode", 2, 0.0, 3.0)),
        # ... then the update, and at last the name, by its number.
        (("worker-9", "send", "push", 2, 0.0, 3.0), ("worker-0", "send", "push", 1, 0.0, 3.0)),
        (("worker-9", "send", "push", 2, 0.0, 3.0), ("worker-10", "send", "push", 2, 0.0, 3.0)),
    ],
)
def test_the_nearest_of_what_ended_explains_what_began(near: Row, far: Row) -> None:
    for rows in ((near, far, AFTER), (AFTER, far, near)):
        first, second = Walker(table(*rows)).back(0.0, 5.0, 2)
        assert (first.entity, first.lane, first.update) == (near[0], near[1], near[3])
        assert (second.entity, second.activity) == ("worker-1", "encode")


def test_work_after_transfers_and_transfers_after_work() -> None:
    spans = table(
        ("server-0", "core-0", "encode", 1, 0.0, 3.0),
        ("worker-0", "send", "push", 1, 0.0, 3.0),
        ("worker-1", "receive", "pull", 1, 3.0, 5.0),
    )
    assert [step.entity for step in Walker(spans).back(0.0, 5.0, 1)] == ["server-0", "worker-1"]


def test_only_the_same_work_on_the_same_core_queues() -> None:
    spans = table(
        ("server-0", "core-0", "decode", 1, 0.0, 1.0),
        ("server-0", "core-0", "decode", 1, 1.0, 2.0),
        ("server-0", "core-0", "encode", 1, 2.0, 3.0),
        ("server-0", "send", "pull", 1, 3.0, 4.0),
        ("server-0", "send", "pull", 1, 4.0, 5.0),
    )
    assert [step.queued for step in Walker(spans).back(0.0, 5.0, 1)] == [True, False, False, False, False]


def test_a_path_may_begin_in_the_middle_of_a_transfer_whose_latency_is_over() -> None:
    spans = table(("worker-0", "send", "push", 1, 0.0, 10.0))
    blamer = Blamer(spans, latency=2.0)
    (late,) = Walker(spans).back(4.0, 10.0, 1)
    assert (late.began_s, late.start_s) == (0.0, 4.0)
    assert blamer.pieces([late])["cause"].tolist() == ["network"]
    (early,) = Walker(spans).back(1.0, 10.0, 1)
    assert blamer.pieces([early])[["cause", "end_s"]].to_numpy().tolist() == [["latency", 2.0], ["network", 10.0]]


def test_what_takes_no_time_is_on_no_path() -> None:
    spans = table(
        ("worker-0", "compute", "compute", 1, 0.0, 2.0),
        ("worker-0", "core-0", "encode", 1, 2.0, 2.0),
        ("worker-0", "send", "push", 1, 2.0, 3.0),
    )
    assert [step.activity for step in Walker(spans).back(0.0, 3.0, 1)] == ["compute", "push"]


def test_free_computing_saves_what_stragglers_compute_and_a_free_codec_its_queue() -> None:
    path = pd.DataFrame(
        {
            "activity": ["compute", "compute", "decode", "aggregate", "decode"],
            "cause": ["compute", "stragglers", "server", "server", "codec"],
            "start_s": [0.0, 1.0, 3.0, 6.0, 10.0],
            "end_s": [1.0, 3.0, 6.0, 10.0, 15.0],
        }
    )
    savings = blame(path).set_index("cause")["saving_s"]
    assert savings[["compute", "stragglers", "codec", "server"]].tolist() == [3.0, 2.0, 8.0, 7.0]
