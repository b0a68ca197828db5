"""Checkpoints give back what was there, and whoever begins again gets parameters that make sense."""

from __future__ import annotations

import numpy as np
import pytest

from tests.learning.playing import Play, options_of, table

MOMENTUM = {"rate": 0.1, "momentum": 0.9, "schedule": "step", "period": 5}
QUADRATIC = {"kind": "quadratic", "dimension": 6, "noise": 0.0, "spread": 0.3}


def play_of(**arguments: object) -> Play:
    return Play(options_of(problem=QUADRATIC, optimiser=MOMENTUM, evaluate_every=2), **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("way", ["sync", "all_reduce"])
def test_going_back_is_as_if_nothing_had_happened(way: str) -> None:
    """Without noise the steps after a checkpoint are the same the second time, momentum and schedule included."""
    play, straight = play_of(), play_of()
    getattr(play, way)(4)
    keep = play.learner.save()
    getattr(play, way)(1)
    keep()
    getattr(play, way)(2)
    play.clock.now = 4.0
    play.learner.restore()
    play.learner.resume(range(4))
    assert (getattr(play, way)(6) == getattr(straight, way)(10)).all()
    # evaluations before the crash stay in the table; those of the second time follow
    assert table(play)[:, 1].tolist() == [0, 2, 4, 6, 6, 8, 10]


def test_without_a_checkpoint_it_goes_back_to_the_start() -> None:
    play = play_of()
    play.sync(3)
    play.learner.restore()
    play.learner.resume(range(4))
    assert (play.learner.store().values == 0).all()
    assert all((replica.values == 0).all() for replica in play.replicas)


def test_a_worker_that_comes_back_takes_the_servers_parameters() -> None:
    play = play_of()
    play.sync(3)
    play.replicas[2].values[...] = np.nan
    play.learner.resume([2])
    assert (play.replicas[2].values == play.learner.store().values).all()


def test_without_a_server_it_takes_those_of_one_that_stayed() -> None:
    play, straight = play_of(), play_of()
    play.all_reduce(3)
    play.replicas[2].values[...] = 7.0
    play.learner.resume([2])
    # its momentum too: training goes on as if it had never been away
    assert play.all_reduce(3) == pytest.approx(straight.all_reduce(6), abs=1e-15)
    assert (play.replicas[2].values == play.replicas[0].values).all()


def test_when_all_begin_again_they_follow_the_one_that_has_got_furthest() -> None:
    play = play_of()
    play.all_reduce(2)
    play.replicas[3].begin()
    play.replicas[3].values[...] = 5.0
    play.learner.resume(range(4))
    assert all((replica.values == 5.0).all() for replica in play.replicas)


def test_gossip_keeps_its_own_or_takes_the_mean() -> None:
    play = play_of(shared=False)
    for place, replica in enumerate(play.replicas):
        replica.values[...] = place
    play.learner.resume(range(4))
    assert [replica.values[0] for replica in play.replicas] == [0, 1, 2, 3]
    play.learner.resume([3])
    assert [replica.values[0] for replica in play.replicas] == [0, 1, 2, 1]
