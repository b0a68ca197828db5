"""Devices: computing and codecs on one device, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
import simpy

from simcluster.cluster.devices import DedicatedDevice, FairDevice, SerialDevice
from simcluster.recording import ENCODE, Nobody, NullRecorder, SpanRecorder, words
from simcluster.results.tables import spans_table


def ends(kind: Any, jobs: list[tuple[str, float, float]]) -> dict[str, float]:
    """Return when jobs end that start at a time and need so many seconds of the whole device."""
    env = simpy.Environment()
    device = kind(env, "m", NullRecorder())
    done: dict[str, float] = {}

    def job(name: str, start: float, duration: float) -> Any:
        yield env.timeout(start)
        if name.startswith("codec"):
            yield from device.work(words.ENCODE, duration, 1.0, Nobody(), ENCODE)
        else:
            yield device.compute(duration)
        done[name] = env.now

    for name, start, duration in jobs:
        env.process(job(name, start, duration))
    env.run()
    return done


def test_a_fair_device_halves_what_overlaps() -> None:
    # From 0 to 2 alone; from 2 on both at half speed: the codec's 1 s takes until 4, the rest of 4 s until 5.
    assert ends(FairDevice, [("compute", 0, 4), ("codec", 2, 1)]) == {"codec": 4, "compute": 5}


def test_a_fair_device_is_shared_by_all_of_three() -> None:
    assert ends(FairDevice, [("compute", 0, 3), ("codec-a", 0, 1), ("codec-b", 0, 2)]) == {
        "codec-a": 3, "codec-b": 5, "compute": 6,
    }  # fmt: skip


def test_a_serial_device_works_in_turn() -> None:
    assert ends(SerialDevice, [("compute", 0, 4), ("codec", 2, 1), ("again", 3, 2)]) == {
        "compute": 4, "codec": 5, "again": 7,
    }  # fmt: skip


def test_a_dedicated_device_only_computes() -> None:
    env = simpy.Environment()
    env.run(DedicatedDevice(env).compute(2.5))
    assert env.now == 2.5


@pytest.mark.parametrize("kind", [FairDevice, SerialDevice])
def test_work_of_no_time_ends_at_once(kind: Any) -> None:
    assert ends(kind, [("codec", 1, 0), ("compute", 1, 0)]) == {"codec": 1, "compute": 1}


def test_the_lane_shows_what_codecs_do_on_a_device() -> None:
    env = simpy.Environment()
    recorder = SpanRecorder(env)
    device = FairDevice(env, "m", recorder)
    env.process(device.work(words.ENCODE, 2.0, 8.0, Nobody(), ENCODE))
    device.compute(2.0)
    env.run(6)
    spans = spans_table(recorder.spans, env.now)
    assert list(spans[["activity", "start_s", "end_s"]].itertuples(index=False, name=None)) == [
        ("encode", 0, 4), ("wait", 4, 6),
    ]  # fmt: skip
