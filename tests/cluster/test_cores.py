"""Cores: first come first served, the lowest free core first, one piece of work at a time."""

from __future__ import annotations

import simpy

from simcluster.cluster.cores import Cores
from simcluster.recording import SERVER_DECODE, Nobody, SpanRecorder, words
from simcluster.results.tables import spans_table


def test_work_queues_and_takes_the_lowest_free_core() -> None:
    env = simpy.Environment()
    recorder = SpanRecorder(env)
    cores = Cores(env, "m", 2, recorder)
    begun: list[tuple[str, float]] = []

    class Watch(Nobody):
        def __init__(self, name: str) -> None:
            self.name = name

        def enter(self, phase: int, cause: int = 0) -> None:
            if phase == SERVER_DECODE:
                begun.append((self.name, env.now))

    def job(name: str, start: float, duration: float) -> simpy.events.ProcessGenerator:
        yield env.timeout(start)
        yield from cores.work(words.WORDS.index(name), duration, 1.0, Watch(name), SERVER_DECODE)

    for name, start, duration in (("encode", 0, 4), ("push", 0, 1), ("decode", 0, 2), ("aggregate", 0.5, 1)):
        env.process(job(name, start, duration))
    env.run()
    assert begun == [("encode", 0), ("push", 0), ("decode", 1), ("aggregate", 3)]
    spans = spans_table(recorder.spans, env.now)
    lanes = {row.activity: row.lane for row in spans.itertuples() if row.activity != "wait"}
    assert lanes == {"encode": "core-0", "push": "core-1", "decode": "core-1", "aggregate": "core-1"}
    assert cores.busy_s == 4


def test_busy_time_counts_stretches_with_any_core_at_work_once() -> None:
    env = simpy.Environment()
    cores = Cores(env, "m", 3, SpanRecorder(env))

    def job(start: float, duration: float) -> simpy.events.ProcessGenerator:
        yield env.timeout(start)
        yield from cores.work(words.DECODE, duration, 0.0, Nobody(), SERVER_DECODE)

    for start, duration in ((1, 2), (2, 2), (6, 1)):
        env.process(job(start, duration))
    seen = []

    def look() -> simpy.events.ProcessGenerator:
        for _ in range(8):
            yield env.timeout(0.5 if not seen else 1)
            seen.append(cores.busy_s)

    env.process(look())
    env.run()
    assert seen == [0, 0.5, 1.5, 2.5, 3, 3, 3.5, 4]
