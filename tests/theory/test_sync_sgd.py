"""The paper's formulas, with numbers worked out by hand."""

from __future__ import annotations

import pytest

from simcluster.theory import sync_sgd

#: W = 1,000 B over chi = 100 B/s; C = 8 s, i = 3; M = 4.
SIZE, RATE, MINIBATCH, ITERATIONS, WORKERS = 1000.0, 100.0, 8.0, 3, 4


def test_computation_is_split_or_not() -> None:
    assert sync_sgd.computation_time(WORKERS, ITERATIONS, MINIBATCH) == 6  # 3 * 8 / 4
    assert sync_sgd.computation_time(WORKERS, ITERATIONS, MINIBATCH, "weak") == 24
    assert sync_sgd.computation_time(WORKERS, ITERATIONS, MINIBATCH, "strong", 1.5) == 9


def test_transfer_counts_one_direction_or_both() -> None:
    assert sync_sgd.transfer_time(WORKERS, SIZE, RATE) == 40  # 4 * 1,000 / 100
    assert sync_sgd.transfer_time(WORKERS, SIZE, RATE, pull="unicast") == 80
    assert sync_sgd.transfer_time(WORKERS, SIZE, RATE, pull="multicast") == 50  # four up, one down
    assert sync_sgd.transfer_time(WORKERS, SIZE, RATE, 0.2) == pytest.approx(8, rel=1e-15)


def test_the_update_is_their_sum() -> None:
    assert sync_sgd.update_time(WORKERS, ITERATIONS, MINIBATCH, SIZE, RATE) == 46
    compressed = sync_sgd.update_time(
        WORKERS, ITERATIONS, MINIBATCH, SIZE, RATE, compressed_fraction=0.5, operation_overhead=2, pull="unicast"
    )
    assert compressed == 12 + 40


def test_speedup_counts_samples() -> None:
    assert sync_sgd.speedup(WORKERS, ITERATIONS, MINIBATCH, SIZE, RATE) == 24 / 46
    assert sync_sgd.speedup(WORKERS, ITERATIONS, MINIBATCH, SIZE, RATE, scaling="weak") == 4 * 24 / (24 + 40)
    assert sync_sgd.speedup(WORKERS, ITERATIONS, MINIBATCH, 0, RATE) == sync_sgd.ideal_speedup(WORKERS) == 4
    assert sync_sgd.speedup(WORKERS, ITERATIONS, MINIBATCH, 0, RATE, scaling="weak") == 4


def test_the_total_adds_what_happens_once() -> None:
    assert sync_sgd.total_time(10, 46) == 460
    assert sync_sgd.total_time(10, 46, 3, 2) == 465


def test_one_message_of_alexnet_on_gigabit_ethernet() -> None:
    assert sync_sgd.transfer_time(1, 243_860_896, 125e6) == pytest.approx(1.951, abs=5e-4)
    assert sync_sgd.transfer_time(16, 243_860_896, 125e6) == pytest.approx(31.2, abs=0.05)
