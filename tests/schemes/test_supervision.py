"""Crashes, recovery and checkpoints, worked out by hand; and against the closed form of a checkpoint segment.

The base scenario: four workers compute 2 s, push 4 s together and pull 4 s: an update takes 10 s, or 8 s with three.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from simcluster.errors import StuckError
from simcluster.network.random_times import RandomTime
from simcluster.results import Result
from simcluster.rng import stream
from simcluster.theory.checkpointing import daly_interval, segment_time, young_interval
from tests.building import run, scenario

MINUTELY = {"distribution": "exponential", "mean": "60 s"}
CRASH = {"kind": "crash", "on": "worker-1", "at": "1 s", "lasts": "10 s"}
OFTEN = {"kind": "crash", "on": "worker-*", "every": {"distribution": "exponential", "mean": "60 s"}, "lasts": "1 s"}


def go(faults: list[dict[str, Any]], recovery: dict[str, Any] | None = None, updates: int = 10, **more: Any) -> Result:
    training = {"updates": updates, **more.pop("training", {})}
    result = run({"training": training, "faults": faults, "recovery": recovery or {}, **more})
    assert not result.spans.empty  # the spans of every lane tile its time, or this raises
    return result


def times(result: Result) -> list[float]:
    applied = result.updates.query("update > 0")
    return list(applied.groupby("update")["applied_s"].max())


def test_the_others_wait_and_the_update_begins_again() -> None:
    result = go([CRASH])
    assert times(result) == [21 + 10 * update for update in range(10)]
    assert result.metrics["crashes"] == 1
    assert result.metrics["availability"] == pytest.approx(1 - 10 / (5 * 111))
    # Four workers computed for a second until it crashed.
    assert result.metrics["lost_work_s"] == 4
    # It is over when the server has the first average: at 17 s, 16 s after the crash.
    assert result.metrics["recovery_time_s"] == 16


def test_restoring_takes_its_time() -> None:
    assert times(go([CRASH], {"restore_time": "3 s"}))[0] == 24


def test_the_others_go_on_and_it_joins_again_after_an_update() -> None:
    result = go([CRASH], {"policy": "continue", "rebuild_time": "1 s", "restore_time": "2 s"})
    # Regrouped at 2 s; two updates of three workers, since it is back at 11 s; it joins in 2 + 1 s.
    assert times(result) == [10, 18, *(31 + 10 * update for update in range(8))]
    applied = result.updates.query("update > 0")
    assert list(applied.groupby("update").size()) == [3, 3, *[4] * 8]
    samples = (2 * 3 + 8 * 4) / 40 * 10 * 64
    assert result.metrics["samples_per_s"] == pytest.approx(samples / result.metrics["total_time_s"])


def test_who_is_lost_for_good_is_left_behind() -> None:
    lost = {"kind": "crash", "on": "worker-1", "at": "1 s"}
    assert times(go([lost], {"policy": "continue", "rebuild_time": "1 s"})) == [10 + 8 * update for update in range(10)]
    assert times(go([lost], {"timeout": "5 s"}))[0] == 14


def test_patience_that_is_long_enough_is_the_same_as_waiting() -> None:
    assert times(go([CRASH], {"timeout": "20 s"})) == times(go([CRASH]))


def test_checkpoints_stop_everybody() -> None:
    result = go([], {"checkpoint_interval": "15 s", "checkpoint_time": "1 s"})
    # After 20 s, and 20 s after each: the last update needs none.
    assert times(result) == [10, 20, 31, 41, 52, 62, 73, 83, 94, 104]
    assert result.metrics["checkpoint_time_s"] == 4


@pytest.mark.parametrize(("machine", "policy"), [("worker-1", "restart"), ("server-0", "wait")])
def test_what_came_after_the_last_checkpoint_is_lost(machine: str, policy: str) -> None:
    recovery = {"policy": policy, "checkpoint_interval": "15 s", "checkpoint_time": "1 s"}
    result = go([{"kind": "crash", "on": machine, "at": "55 s", "lasts": "3 s"}], recovery)
    # The fifth update ended at 52 s and is done again from 58 s on, after the checkpoint of the fourth at 42 s.
    assert times(result) == [10, 20, 31, 41, 68, 78, 89, 99, 110, 120]
    assert (result.updates["update"] == 0).sum() == 8


def test_without_a_checkpoint_everything_is_lost() -> None:
    result = go([{"kind": "crash", "on": "worker-0", "at": "95 s", "lasts": "5 s"}], {"policy": "restart"})
    assert times(result) == [110 + 10 * update for update in range(10)]


def test_a_crash_during_recovery_begins_it_again() -> None:
    second = {"kind": "crash", "on": "worker-2", "at": "12 s", "lasts": "4 s"}
    # Back at 11 s and restoring until 14 s, when the other one is down from 12 to 16 s; restored at 19 s.
    assert times(go([CRASH, second], {"restore_time": "3 s"}))[0] == 29


def test_a_crash_while_a_checkpoint_is_written_spoils_it() -> None:
    recovery = {"policy": "restart", "checkpoint_interval": "15 s", "checkpoint_time": "4 s"}
    result = go([{"kind": "crash", "on": "worker-2", "at": "22 s", "lasts": "1 s"}], recovery, updates=3)
    assert times(result) == [33, 43, 57]


def test_what_servers_apply_while_they_write_a_checkpoint_is_not_in_it() -> None:
    """One worker pushes at 8 s, its update is applied at 9 s, it pulls until 10 s, and so on every 10 s."""
    recovery = {"checkpoint_interval": "5 s", "checkpoint_time": "12 s"}
    result = go(
        [{"kind": "crash", "on": "server-0", "at": "25 s", "lasts": "1 s"}], recovery, updates=3,
        cluster={"workers": 1}, training={"scheme": "async-ps", "updates": 3},
    )  # fmt: skip
    # Begun at 9 s with the first update, written at 21 s; the second update, of 19 s, is lost with that of 25 s.
    assert times(result) == [9, 35, 45]
    assert list(result.updates.query("update == 0")["start_s"]) == [10, 20]
    assert list(result.incidents.query("kind == 'checkpoint'")["end_s"]) == [21]


def test_a_worker_that_crashes_while_it_joins_is_not_in() -> None:
    again = {"kind": "crash", "on": "worker-1", "at": "19 s", "lasts": "5 s"}
    # Regrouped at 1 s; it is back at 11 s and joins from 17 s on for 4 s, but crashes at 19 s: three go on, until 25 s.
    result = go([CRASH, again], {"policy": "continue", "restore_time": "4 s"}, updates=3)
    assert times(result)[:2] == [9, 17]
    applied = result.updates.query("update > 0")
    assert list(applied.groupby("update").size()) == [3, 3, 3]


def test_who_goes_on_until_a_server_fails_begins_again_when_it_has_restored() -> None:
    """A worker that is back loads its state; the server crashes and is back meanwhile: it has one life, not two."""
    faults = [
        {"kind": "crash", "on": "worker-1", "at": "1 s", "lasts": "5 s"},
        {"kind": "crash", "on": "server-0", "at": "3 s", "lasts": "1 s"},
    ]
    result = go(faults, {"restore_time": "20 s"}, training={"scheme": "async-ps", "updates": 12})
    # The server is back at 24 s, the worker at 26 s; it begins with a pull.
    assert result.updates.query("start_s > 3")["start_s"].min() == 24
    rows = result.updates.query("worker == 'worker-1' and start_s > 3").sort_values("start_s")
    assert rows["start_s"].iloc[0] > 26
    assert (rows["start_s"].to_numpy()[1:] >= rows["end_s"].to_numpy()[:-1]).all()


def test_a_crash_at_the_very_start() -> None:
    assert times(go([{**CRASH, "at": "0 s"}], updates=1)) == [20]


def test_somebody_who_is_waited_for_in_vain_is_named() -> None:
    with pytest.raises(StuckError, match="worker-1 is down since 15 s") as caught:
        go([{"kind": "crash", "on": "worker-1", "at": "15 s"}])
    partial = caught.value.result
    assert isinstance(partial, Result)
    assert partial.metrics["updates"] == 1
    assert "lost for good" in str(partial.metrics["incomplete"])


def test_slow_phases_stretch_what_is_computed() -> None:
    slow = {"kind": "slow", "on": "worker-*", "at": "1 s", "lasts": "10 s", "factor": 0.5}
    # One second computed, the other takes two: 3 s; and from 11 to 13 s at full speed again.
    assert times(go([slow], updates=2)) == [11, 21]


def test_of_several_slow_phases_the_slowest_counts() -> None:
    slow = [
        {"kind": "slow", "on": "worker-*", "at": "0 s", "lasts": "4 s", "factor": 0.5},
        {"kind": "slow", "on": "worker-*", "at": "1 s", "lasts": "2 s", "factor": 0.25},
    ]
    # 0.5 s of work by 1 s, 0.5 s by 3 s, 0.5 s by 4 s, and the last 0.5 s.
    assert times(go(slow, updates=1)) == [12.5]


def test_a_cut_link_stands_still_and_goes_on() -> None:
    cut = {"kind": "link", "on": "*", "at": "3 s", "lasts": "5 s", "factor": 0}
    assert times(go([cut], updates=1)) == [15]


def test_one_more_fault_changes_no_other_draw() -> None:
    late = {"kind": "crash", "on": "worker-0", "at": "1e6 s", "lasts": "1 s"}
    alone = go([OFTEN], updates=30).incidents.query("kind == 'crash' and start_s < 200")
    both = go([late, OFTEN], updates=30).incidents.query("kind == 'crash' and start_s < 200")
    assert not alone.empty
    assert alone.to_csv(index=False) == both.to_csv(index=False)


def test_one_more_worker_changes_no_other_draw() -> None:
    few, many = (
        go([OFTEN], updates=30, cluster={"workers": count}).incidents.query("entity == 'worker-2' and start_s < 150")
        for count in (4, 6)
    )
    assert not few.empty
    assert few.to_csv(index=False) == many.to_csv(index=False)


@pytest.mark.parametrize(
    "law",
    [
        {"distribution": "exponential"},
        {"distribution": "weibull", "shape": 0.7},
        {"distribution": "lognormal", "shape": 0.8},
        {"distribution": "pareto", "shape": 3.5},
    ],
)
def test_random_times_have_their_mean(law: dict[str, Any]) -> None:
    every = {**law, "mean": "2 s"}
    drawn = RandomTime.model_validate(every)
    rng = stream(1, "x", "y")
    sample = [drawn.draw(rng) for _ in range(40_000)]
    mean = math.fsum(sample) / len(sample)
    deviation = math.sqrt(math.fsum((one - mean) ** 2 for one in sample) / len(sample))
    assert abs(mean - 2) < 4 * deviation / math.sqrt(len(sample))


def test_a_checkpoint_segment_takes_as_long_as_its_closed_form_says() -> None:
    """One worker that sends nothing; segments of ten updates of 1 s and a checkpoint of 2 s."""
    segments, interval, failure = 1500, 10.0, 40.0
    result = run(
        {
            "model": {"parameters": "1 B"},
            "compute": {"minibatch_time": "1 s"},
            "cluster": {"workers": 1},
            "network": {"bandwidth": "1e15 B/s"},
            "training": {"updates": 10 * segments},
            "faults": [
                {"kind": "crash", "on": "worker-0", "every": {"distribution": "exponential", "mean": f"{failure} s"},
                 "lasts": "3 s"}
            ],
            "recovery": {
                "policy": "restart", "restore_time": "4 s", "checkpoint_interval": f"{interval - 0.5} s",
                "checkpoint_time": "2 s",
            },
        },
        record=False,
    )  # fmt: skip
    expected = segment_time(interval, 2.0, 3.0, 4.0, failure)
    # The last segment has no checkpoint; the interval of the mean by the spread of a segment, which is below its mean.
    measured = (float(result.metrics["total_time_s"] or 0) + 2) / segments
    assert measured == pytest.approx(expected, rel=4 / math.sqrt(segments))
    assert abs(measured - expected) / expected < 0.06


def test_the_optimum_lies_where_young_and_daly_say() -> None:
    checkpoint, failure = 5.0, 3600.0
    rate = {work: segment_time(work, checkpoint, 0, 0, failure) / work for work in range(50, 600)}
    best = min(rate, key=rate.__getitem__)
    assert daly_interval(checkpoint, failure) == pytest.approx(best, rel=0.01)
    assert young_interval(checkpoint, failure) == pytest.approx(best, rel=0.03)


def test_asking_for_checkpoints_alone_changes_no_time_of_an_update() -> None:
    plain = run({"training": {"updates": 4}})
    never = run({"training": {"updates": 4}, "recovery": {"checkpoint_interval": "1000 s"}})
    assert plain.updates.to_csv() == never.updates.to_csv()
    assert scenario({"recovery": {"checkpoint_interval": "1000 s"}}).can_crash


def test_a_slow_phase_inside_a_slower_one_changes_nothing() -> None:
    slow = [
        {"kind": "slow", "on": "worker-*", "at": "0 s", "lasts": "4 s", "factor": 0.25},
        {"kind": "slow", "on": "worker-*", "at": "1 s", "lasts": "2 s", "factor": 0.5},
    ]
    # A second of work by 4 s, the other one by 5 s.
    assert times(go(slow, updates=1)) == [13]


def test_the_time_to_the_next_crash_begins_when_the_last_one_is_over() -> None:
    crash = {"kind": "crash", "on": "worker-1", "every": "50 s", "lasts": "10 s"}
    found = go([crash], updates=14).incidents.query("kind == 'crash'")
    assert found[["start_s", "end_s"]].to_numpy().tolist()[:2] == [[50, 60], [110, 120]]
