from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

import pytest

from simcluster.sharing import ProcessorSharing, VirtualClock


@dataclass
class Work:
    size: float
    rank: int = 0
    weight: float = 1.0
    tag: float = inf
    clock: Any = None


def test_equal_jobs_end_together_in_the_order_of_their_ranks():
    clock = ProcessorSharing(10.0)
    jobs = [Work(100.0, rank=rank) for rank in (2, 0, 1)]
    assert [clock.admit(job, 5.0) for job in jobs] == [True, True, False]
    assert clock.delay() == 30.0
    assert clock.finish(34.9) == []
    assert [job.rank for job in clock.finish(35.0)] == [0, 1, 2]
    assert (clock.count, clock.virtual, clock.weight, clock.level) == (0, 0.0, 0.0, 0.0)


def test_weights_share_in_proportion():
    clock = ProcessorSharing(20.0)
    light, heavy = Work(10.0, 0, 1.0), Work(40.0, 1, 3.0)
    clock.admit(light, 0.0)
    clock.admit(heavy, 0.0)
    assert clock.delay() == 2.0
    assert clock.finish(2.0) == [light]
    assert clock.delay() == pytest.approx(0.5, rel=1e-15)
    assert clock.finish(2.0 + clock.delay()) == [heavy]


def test_a_job_can_be_cancelled_and_gives_back_what_it_needed():
    clock = ProcessorSharing(10.0)
    stays, goes = Work(100.0, 0), Work(50.0, 1)
    clock.admit(stays, 0.0)
    clock.admit(goes, 0.0)
    assert clock.cancel(goes, 4.0) == 30.0
    assert clock.delay() == 8.0
    assert clock.finish(12.0) == [stays]


def test_a_changed_capacity_counts_from_then_on_and_zero_stands_still():
    clock = ProcessorSharing(10.0)
    job = Work(100.0)
    clock.admit(job, 0.0)
    clock.change_capacity(0.0, 5.0)
    assert clock.delay() == inf
    clock.change_capacity(50.0, 1000.0)
    assert clock.delay() == 1.0
    assert clock.remaining(job, 1000.5) == 25.0


def test_an_end_that_rounds_to_the_present_comes_now():
    clock = ProcessorSharing(1e9, now=1e6)
    first, second = Work(1.0, 0), Work(1.0 + 1e-9, 1)
    clock.admit(first, 1e6)
    clock.admit(second, 1e6)
    due = clock.finish(1e6 + clock.delay())
    assert due == [first, second]


def test_entries_of_cancelled_jobs_are_swept_out():
    clock = ProcessorSharing(1.0)
    clock.admit(Work(1.0, 0), 0.0)
    for rank in range(1, 5000):
        job = Work(1e9, rank)
        clock.admit(job, 0.0)
        clock.cancel(job, 0.0)
    assert len(clock._heap) < 200


def test_rounding_errors_of_weights_do_not_pile_up():
    clock = ProcessorSharing(1.0)
    clock.admit(Work(1e12, 0, weight=0.1), 0.0)
    for rank in range(1, 20_000):
        job = Work(1.0, rank, weight=1e3 / (rank % 7 + 3))
        clock.admit(job, 0.0)
        clock.cancel(job, 0.0)
    assert clock.weight == pytest.approx(0.1, rel=1e-11)


def test_a_job_that_has_moved_to_another_clock_is_forgotten_by_the_first():
    first, second = VirtualClock(), VirtualClock()
    first.level = second.level = 1.0
    job, other = Work(2.0, 0), Work(5.0, 1)
    first.push(job, 2.0)
    first.push(other, 5.0)
    first.advance(1.0)
    second.advance(1.0)
    second.push(job, first.drop(job))
    assert (second.delay(), first.delay()) == (1.0, 4.0)
    assert first.jobs() == [other]
