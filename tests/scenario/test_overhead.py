"""The overhead of computing on compressed data, composed from those of single operations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.building import run, scenario

SHARES = {"gemm": 0.6, "relu": 0.1}


def homomorphic(overhead: Any) -> dict[str, Any]:
    compression = {"codec": {"rho": 0.5}, "usage": "homomorphic", "operation_overhead": overhead}
    return {"model": {"operation_shares": SHARES}, "compression": compression}


@pytest.mark.parametrize(
    ("overhead", "whole"),
    [(1.5, 1.5), ({"gemm": 2.0}, 1.6), ({"gemm": 2.0, "relu": 0.5}, 1.55), ({"gemm": 1.0, "relu": 1.0}, 1.0)],
)
def test_what_a_share_costs_more_is_added_to_the_whole(overhead: Any, whole: float) -> None:
    assert scenario(homomorphic(overhead)).overhead == pytest.approx(whole)
    # Four workers share a minibatch of 8 s.
    assert run(homomorphic(overhead)).metrics["computation_s"] == pytest.approx(2 * whole)


def test_it_counts_only_where_compressed_data_is_computed_on() -> None:
    assert scenario({"compression": {"codec": {"rho": 0.5}, "usage": "one-time"}}).overhead == 1
    every_update = {"compression": {"codec": {"rho": 0.5}, "operation_overhead": 1.5}}
    assert scenario(every_update).overhead == 1
    assert run(every_update).metrics["computation_s"] == 2
