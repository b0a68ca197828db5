"""Schemes that are equal on paper are equal here: to rounding, or bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from simcluster.learning.options import OptimiserOptions
from simcluster.learning.sgd import Sgd
from tests.learning.playing import Play, both, options_of, pushed, table

MOMENTUM = {"rate": 0.2, "momentum": 0.9, "weight_decay": 0.001, "schedule": "cosine", "period": 60}
PROBLEMS = {
    "softmax": {"kind": "softmax"},
    "mlp": {"kind": "mlp", "hidden": [6]},
    "quadratic": {"kind": "quadratic", "dimension": 30, "noise": 0.3, "spread": 0.5},
}


def replay_on_the_union(play: Play, updates: int) -> np.ndarray:
    """One worker that sees every minibatch of all workers at once, written without anything of a scheme."""
    task = play.learner._task
    sources = [task.source(worker) for worker in range(len(play.replicas))]
    x, optimiser = task.initial(), Sgd(OptimiserOptions(**MOMENTUM), play.learner._layout.size)
    for _ in range(updates):
        parts = [source._samples.chosen(source._next()) for source in sources]
        inputs = np.concatenate([part.inputs for part in parts])
        targets = np.concatenate([part.targets for part in parts])
        optimiser.step(x, 0, task._network.gradient(x, inputs, targets))
    return x


@pytest.mark.parametrize("name", ["softmax", "mlp"])
def test_sync_with_equal_shards_is_one_worker_on_the_union(name: str) -> None:
    options = options_of(problem=PROBLEMS[name], optimiser=MOMENTUM)
    play = Play(options, 4)
    assert play.sync(50) == pytest.approx(replay_on_the_union(Play(options, 4), 50), abs=1e-12)


@pytest.mark.parametrize("name", PROBLEMS)
def test_async_with_one_worker_is_sequential_sgd_bit_for_bit(name: str) -> None:
    options = options_of(problem=PROBLEMS[name], optimiser=MOMENTUM)
    play = Play(options, 1)
    task = play.learner._task
    source, x, optimiser = task.source(0), task.initial(), Sgd(options.optimiser, play.learner._layout.size)
    for _ in range(40):
        optimiser.step(x, 0, source.gradient(x))
    assert (play.asynchronous([0] * 40) == x).all()


@pytest.mark.parametrize("name", PROBLEMS)
def test_parameters_after_one_local_step_are_as_good_as_gradients(name: str) -> None:
    """Local SGD with H = 1 is sync-ps."""
    options = options_of(problem=PROBLEMS[name], optimiser=MOMENTUM)
    gradients, parameters = Play(options), Play(options, exchange="parameters")
    assert parameters.sync(50) == pytest.approx(gradients.sync(50), abs=1e-12)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("exchange", ["gradients", "parameters"])
def test_all_reduce_is_sync_ps(name: str, exchange: str) -> None:
    options = options_of(problem=PROBLEMS[name], optimiser=MOMENTUM)
    server, ring = Play(options, exchange=exchange), Play(options, exchange=exchange)
    assert ring.all_reduce(30, 2) == pytest.approx(server.sync(30, 2), abs=1e-12)


@pytest.mark.parametrize("exchange", ["gradients", "parameters"])
@pytest.mark.parametrize("parts", [2, 3, 7, 64])
def test_parts_change_nothing(exchange: str, parts: int) -> None:
    options = options_of(optimiser=MOMENTUM)
    whole, cut = Play(options, exchange=exchange), Play(options, exchange=exchange, parts=parts)
    assert (cut.sync(20) == whole.sync(20)).all()


@pytest.mark.parametrize("parts", [1, 5])
def test_a_stand_in_learns_the_same_whatever_the_clock_moves(parts: int) -> None:
    small = Play(options_of(optimiser=MOMENTUM)).sync(20)
    large = Play(options_of(optimiser=MOMENTUM, coupling="stand-in"), parts=parts, size=243_860_896.0)
    assert (large.sync(20) == small).all()
    assert large.sent == pytest.approx(20 * 5 * 243_860_896.0)


@pytest.mark.parametrize("codec", ["gzip", "shuffle-zlib", "none"])
@pytest.mark.parametrize("exchange", ["gradients", "parameters"])
def test_lossless_codecs_change_nothing(codec: str, exchange: str) -> None:
    options = options_of(optimiser=MOMENTUM)
    plain, coded = Play(options, exchange=exchange), Play(options, exchange=exchange, codecs=both(codec))
    assert (coded.sync(20) == plain.sync(20)).all()
    assert coded.sent > 0


def complete(workers: int) -> np.ndarray:
    return np.full((workers, workers), 1 / workers)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_adapt_then_combine_on_a_complete_graph_is_all_reduce(momentum: float) -> None:
    options = options_of(optimiser={"rate": 0.2, "momentum": momentum})
    gossip = Play(options).gossip(30, complete(4), adapt_first=True)
    assert gossip == pytest.approx(np.tile(Play(options).all_reduce(30), (4, 1)), abs=1e-12)


def test_averaging_first_is_not_all_reduce_by_the_rate_times_the_spread_of_the_last_gradients() -> None:
    """In the published order the means agree until gradients at different parameters differ: on a quadratic never."""
    problem = {"kind": "quadratic", "dimension": 10, "noise": 0.5, "spread": 1.0}
    options = options_of(problem=problem, optimiser={"rate": 0.2})
    gossip, ring = Play(options), Play(options)
    values, reference = gossip.gossip(30, complete(4)), ring.all_reduce(30)
    assert values.mean(axis=0) == pytest.approx(reference, abs=1e-12)
    gradients = np.array([replica._gradient for replica in gossip.replicas])
    apart = -0.2 * (gradients - gradients.mean(axis=0))
    assert values - values.mean(axis=0) == pytest.approx(apart, abs=1e-12)
    assert np.abs(apart).max() > 0.05
    # with curvature that changes, the mean is another one, too
    network = options_of(problem=PROBLEMS["mlp"], optimiser={"rate": 0.2})
    mixed, exact = Play(network).gossip(30, complete(4)).mean(axis=0), Play(network).all_reduce(30)
    assert 1e-4 < np.linalg.norm(mixed - exact) / np.linalg.norm(exact) < 0.5


def test_round_robin_with_barrier_staleness_zero_is_sync() -> None:
    """SSP with bound 0: all compute on the same version, and their steps add up: a rate M times smaller."""
    options = options_of(problem=PROBLEMS["quadratic"], optimiser={"rate": 0.2})
    stale = options_of(problem=PROBLEMS["quadratic"], optimiser={"rate": 0.05})
    play = Play(stale)
    store = play.learner.store()
    for _ in range(20):
        for replica in play.replicas:
            replica.begin()
            replica.compute(1)
        for name, replica in zip(play.names, play.replicas, strict=True):
            store.apply(play.whole, play.send(name, play.whole, replica.outgoing(play.whole)))
        for name, replica in zip(play.names, play.replicas, strict=True):
            replica.install(play.whole, play.send("server-0", play.whole, store.parameters(play.whole), to=name))
    assert store.values == pytest.approx(Play(options).sync(20), abs=1e-12)


def test_backup_workers_drop_what_is_late() -> None:
    options = options_of(problem=PROBLEMS["quadratic"], optimiser={"rate": 0.2})
    play = Play(options, 4)
    play.sync(1, first=3)
    sources = [play.learner._task.source(worker) for worker in range(3)]
    expected = -0.2 * np.mean([source.gradient(np.zeros(30)) for source in sources], axis=0)
    assert play.learner.store().values == pytest.approx(expected, abs=1e-15)


def test_elastic_averaging_by_hand() -> None:
    problem = {"kind": "quadratic", "dimension": 2, "condition": 1.0, "noise": 0.0}
    play = Play(options_of(problem=problem, optimiser={"rate": 0.5}), 1, exchange="parameters")
    # one step from 0 towards 1: 0.5; the worker moves to 0.5 * 0.9, the server to 0.5 * 0.2
    assert play.elastic(1, 1, 0.1, 0.2) == pytest.approx([0.1, 0.1])
    assert play.replicas[0].values == pytest.approx([0.45, 0.45])


def test_downpour_applies_what_one_worker_changed() -> None:
    problem = {"kind": "quadratic", "dimension": 2, "condition": 1.0, "noise": 0.0}
    play = Play(options_of(problem=problem, optimiser={"rate": 0.5}), 2, exchange="parameters")
    # both change 0 to 0.5 on what they pulled before anybody pushed: the changes add up
    assert play.asynchronous([0, 1]) == pytest.approx([1.0, 1.0])


def test_steps_that_were_computed_meanwhile_are_added_to_what_arrived() -> None:
    problem = {"kind": "quadratic", "dimension": 2, "condition": 1.0, "noise": 0.0}
    play = Play(options_of(problem=problem, optimiser={"rate": 0.5}), 2, exchange="parameters")
    one, other = play.replicas
    one.begin()
    other.values[...] = 4.0
    one.blend(play.whole, other.parameters(play.whole), 0.5)
    one.compute(1)
    assert list(one.values) == [2.5, 2.5]


def test_a_gradient_is_that_of_the_parameters_it_began_with() -> None:
    problem = {"kind": "quadratic", "dimension": 2, "condition": 1.0, "noise": 0.0}
    play = Play(options_of(problem=problem), 2)
    one, other = play.replicas
    other.values[...] = 4.0
    one.begin()
    one.blend(play.whole, other.parameters(play.whole), 0.5)
    one.compute(2)
    # that of 0, not that of 2, where it is 1; and it is used where the worker is by then: 2 + 0.1
    assert list(one.outgoing(play.whole).array) == [-1.0, -1.0]
    one.step(play.whole)
    assert one.values == pytest.approx([2.1, 2.1])


@pytest.mark.parametrize("codec", ["1-bit", "top-k", "qsgd", "fp16", "powersgd"])
def test_the_same_seed_gives_the_same_bytes(codec: str) -> None:
    options = options_of(problem=PROBLEMS["mlp"], optimiser=MOMENTUM, evaluate_every=5)
    runs = []
    for _ in range(2):
        play = Play(options, codecs=both(codec))
        play.sync(12)
        runs.append((table(play).tobytes(), play.sent))
    assert runs[0] == runs[1]
    other = Play(options, codecs=both(codec), seed=4)
    other.sync(12)
    assert table(other).tobytes() != runs[0][0]


def test_one_more_worker_changes_no_draw_of_the_others() -> None:
    options = options_of(problem=PROBLEMS["quadratic"] | {"spread": 0.0})
    few, many = Play(options, 2), Play(options, 3)
    few.sync(1)
    many.sync(1)
    assert (few.replicas[1]._gradient == many.replicas[1]._gradient).all()


def test_each_direction_has_its_codec_and_its_bytes() -> None:
    options = options_of(data={"source": "synthetic", "samples": 400, "features": 8, "classes": 40})
    play = Play(options, codecs=pushed("1-bit"))
    play.sync(1)
    # 8 columns of 40 rows and one of the bias, each 8 bytes and 2 words; four pushes, and one plain pull for all
    assert play.sent == 4 * 9 * 16 + 4 * 40 * 9
