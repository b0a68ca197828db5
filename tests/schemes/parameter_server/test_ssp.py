"""Bounded staleness: by hand, its bound, and its two ends: synchronous and asynchronous SGD."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcluster.results import Result
from tests.building import run
from tests.schemes.parameter_server.cases import CODEC, EXPONENTIAL, times, two


def test_by_hand() -> None:
    # As in async-ps until 10 s: then worker 0 is at clock 3, and worker 1 at clock 1. It has computed its second one at
    # 12 and pushed it, alone, at 13. Both pull for 2 s.
    result = two("ssp", 6, bound=1)
    assert times(result, 0) == [2, 6, 10, 17]
    assert times(result, 1) == [6, 13]
    assert times(result, 0, "wait_s") == [0, 0, 3, 0]
    assert times(result, 0, "pull_s") == [1, 2, 2, 0]
    assert times(result, 0, "start_s") == [0, 3, 8, 15]
    spans = result.spans.query("entity == 'worker-0' and lane == 'compute' and cause == 'staleness bound'")
    assert spans[["start_s", "end_s"]].to_numpy().tolist() == [[10, 13]]


def clocks_are_within(result: Result, bound: int) -> None:
    """See that no worker ever begins more than ``bound`` updates after the slowest: counted anew at every start."""
    rows = result.updates
    applied = rows.query("update > 0")
    for start, step in zip(rows["start_s"], rows["step"], strict=True):
        done = applied[applied["applied_s"] <= start].groupby("worker").size()
        slowest = done.reindex(rows["worker"].unique(), fill_value=0).min()
        assert step - 1 - slowest <= bound


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 4), st.integers(1, 7), st.integers(0, 1000), st.booleans(), st.sampled_from([1, 3]))
def test_the_bound_is_never_exceeded(bound: int, workers: int, seed: int, coded: bool, shards: int) -> None:
    changes = {
        "cluster": {"workers": workers, "server": {"shards": shards}},
        "compute": {"jitter": EXPONENTIAL},
        "compression": {"codec": CODEC if coded else "none"},
        "seed": seed,
    }
    result = run(changes | {"training": {"scheme": "ssp", "updates": 10 * workers, "bound": bound}}, record=False)
    clocks_are_within(result, bound)
    assert result.metrics["lag_max"] <= bound


def test_the_bound_is_reached() -> None:
    for bound in (0, 1, 3):
        assert two("ssp", 40, bound=bound).metrics["lag_max"] == bound


@pytest.mark.parametrize("workers", [1, 2, 3, 7, 16])
@pytest.mark.parametrize("shards", [1, 4])
def test_bound_0_is_synchronous(workers: int, shards: int) -> None:
    # Without codec, and where averaging costs nothing: else a server works for each worker, instead of once for all.
    changes = {
        "cluster": {"workers": workers, "server": {"shards": shards}},
        "compute": {"jitter": {"distribution": "lognormal", "cv": 0.4}},
    }
    stale = run(changes | {"training": {"scheme": "ssp", "updates": 5 * workers, "bound": 0}})
    sync = run(changes | {"training": {"scheme": "sync-ps", "updates": 5}})
    last_applied = stale.updates.query("update > 0").groupby("step")["applied_s"].max().tolist()
    averaged = sync.spans.query("activity == 'push'").groupby("update")["end_s"].max().tolist()
    assert last_applied == pytest.approx(averaged, rel=1e-12)
    rows = stale.updates.query("update > 0").sort_values(["step", "worker"])
    starts = sync.updates.sort_values(["update", "worker"])["start_s"].tolist()
    assert rows["start_s"].tolist() == pytest.approx(starts, rel=1e-12)


def test_a_bound_that_nobody_meets_is_asynchronous() -> None:
    changes = {"compute": {"jitter": EXPONENTIAL}}
    one = run(changes | {"training": {"scheme": "ssp", "updates": 60, "bound": 60}})
    other = run(changes | {"training": {"scheme": "async-ps", "updates": 60}})
    assert one.updates.to_csv() == other.updates.to_csv()


def test_a_tighter_bound_keeps_the_fast_waiting() -> None:
    shares = [two("ssp", 60, bound=bound).metrics["idle_share"] for bound in (0, 2, 60)]
    assert shares[0] > shares[2]
    waits = [two("ssp", 60, bound=bound).metrics["wait_s"] for bound in (0, 60)]
    assert waits[0] > waits[1]
