"""Break-even numbers of workers, against facts/paper.md and against a search one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcluster.theory import sync_sgd
from simcluster.theory.break_even import slower_than_one_node, transfer_passes_computation

#: AlexNet at C = 0.45 s and i = 200 on 1 Gbit/s.
ALONE, MESSAGE = 200 * 0.45, 243_860_896 / 125e6
PULLS: list[sync_sgd.Pull] = ["free", "unicast", "multicast"]


@pytest.mark.parametrize(("pull", "expected"), [("free", 46), ("unicast", 23)])
def test_vanilla_becomes_slower_than_one_node(pull: sync_sgd.Pull, expected: int) -> None:
    assert slower_than_one_node(ALONE, MESSAGE, pull) == expected


@pytest.mark.parametrize(("pull", "expected"), [("free", 7), ("unicast", 5), ("multicast", 7)])
def test_transfer_passes_computation(pull: sync_sgd.Pull, expected: int) -> None:
    # 90 / 1.951 = 46.1: M^2 > 46.1, 2 M^2 > 46.1, M^2 + M > 46.1
    assert transfer_passes_computation(ALONE, MESSAGE, pull) == expected


def test_equal_is_not_yet_more() -> None:
    assert transfer_passes_computation(16, 1) == 5  # 16/4 = 4 * 1
    assert slower_than_one_node(4.5, 1) == 4  # 4.5/3 + 3 = 4.5


def test_on_a_slow_link_no_number_of_workers_helps() -> None:
    assert slower_than_one_node(1, 1) == 1
    assert slower_than_one_node(100, 1, "unicast", operation_overhead=20) == 1
    assert transfer_passes_computation(1, 10) == 1


@given(alone=st.floats(0.1, 100), message=st.floats(0.3, 10), pull=st.sampled_from(PULLS), overhead=st.floats(0.2, 10))
def test_against_every_number_of_workers(alone: float, message: float, pull: sync_sgd.Pull, overhead: float) -> None:
    passing = transfer_passes_computation(alone, message, pull, overhead)
    losing = slower_than_one_node(alone, message, pull, overhead)
    for workers in range(1, 500):
        computation = sync_sgd.computation_time(workers, 1, alone, operation_overhead=overhead)
        transfer = sync_sgd.transfer_time(workers, message, 1, pull=pull)
        if workers >= passing:
            assert transfer > computation * (1 - 1e-12)
        else:
            assert transfer <= computation * (1 + 1e-12)
        if workers >= losing:
            assert computation + transfer > alone * (1 - 1e-12)
        if workers == losing - 1:
            assert computation + transfer <= alone * (1 + 1e-12)
