"""Sweeps and their store."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from simcluster.errors import StuckError, UnfinishedError, UserInputError
from simcluster.experiments import (
    count_stored,
    load_store,
    performing,
    plan_sweep,
    run_sweep,
    running,
    sweep,
    with_intervals,
)
from simcluster.experiments.seeding import replication_seed
from simcluster.recording import PARTS
from simcluster.simulation import load_grid, load_scenario, simulate

FILE = Path(__file__).parents[2] / "scenarios" / "homomorphic_2017" / "alexnet.yaml"
AXES = {"cluster.workers": "1..4", "network.bandwidth": ["1 Gbit/s", "10 Gbit/s"]}
JITTER = "compute.jitter={cv: 0.2}"


@pytest.fixture(scope="module")
def expected() -> str:
    return sweep(FILE, AXES, replications=2, overrides=[JITTER]).to_csv()


def test_a_row_is_what_a_single_run_gives() -> None:
    table = sweep(FILE, AXES)
    assert list(table.columns[:4]) == ["cluster.workers", "network.bandwidth_bytes_per_s", "replication", "seed"]
    assert list(table["cluster.workers"]) == [1, 1, 2, 2, 3, 3, 4, 4]
    assert list(table["network.bandwidth_bytes_per_s"]) == [1.25e8, 1.25e9] * 4
    one = simulate(load_scenario(FILE, ["cluster.workers=3", "network.bandwidth=10Gbit/s"]))
    row = table.iloc[5].to_dict()
    assert {name: row[name] for name in one.metrics} == one.metrics


@pytest.mark.parametrize("jobs", [2, 4])
def test_the_same_bytes_whatever_the_number_of_processes(jobs: int, expected: str) -> None:
    assert sweep(FILE, AXES, replications=2, overrides=[JITTER], jobs=jobs).to_csv() == expected


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_the_same_bytes_on_a_dask_cluster(expected: str) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        address = cluster.scheduler_address.replace("tcp://", "dask://")
        table = sweep(FILE, AXES, replications=2, overrides=[JITTER], executor=address)
    assert table.to_csv() == expected


def test_a_sweep_goes_on_where_it_stopped(expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_BATCH_S", 0.0)
    store = tmp_path / "store.sqlite"
    plan = plan_sweep(load_grid(FILE, [JITTER, "cluster.workers=1..4", "network.bandwidth=1 Gbit/s,10 Gbit/s"]), 2)
    done: list[int] = []

    def stop(progress: Any) -> None:
        done.append(progress.done)
        if progress.done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(plan, store=store, watch=stop)
    assert done == [0, 1, 2, 3, 4, 5]
    assert len(load_store(store)) == 5
    assert load_store(store, "runs")["status"].value_counts().to_dict() == {"waiting": 11, "done": 5}
    again = run_sweep(plan, store=store)
    assert (again.progress.cached, again.progress.finished) == (5, 11)
    assert again.table.to_csv() == expected
    assert load_store(store).to_csv() == expected
    assert run_sweep(plan, store=store).progress.finished == 0


def test_the_order_of_the_runs_is_shuffled_and_always_the_same() -> None:
    plan = plan_sweep(load_grid(FILE, ["cluster.workers=1..50"]), 2)
    first = [run.point for run in plan.shuffled()]
    assert first != sorted(first)
    assert sorted(first[:50]) == list(range(50)), "every point comes once before any comes again"
    assert first == [run.point for run in plan_sweep(load_grid(FILE, ["cluster.workers=1..50"]), 2).shuffled()]


def test_all_points_share_the_seeds_of_their_replications() -> None:
    table = sweep(FILE, {"cluster.workers": [2, 5]}, replications=3)
    assert list(table["replication"]) == [0, 1, 2] * 2
    assert list(table["seed"]) == [replication_seed(1, number) for number in range(3)] * 2


def test_a_swept_seed_is_a_setting() -> None:
    table = sweep(FILE, {"seed": [4, 5]}, overrides=[JITTER])
    assert list(table.columns[:2]) == ["seed", "replication"]
    assert list(table["seed"]) == [4, 5]
    assert table["update_time_s"].nunique() == 2


def test_failed_points_are_kept_reported_and_not_tried_again_unless_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = performing.simulate

    def simulate(scenario: Any, record: bool) -> Any:
        if scenario.cluster.workers == 2:
            raise StuckError("everybody waits")
        return real(scenario, record=record)

    store = tmp_path / "store.sqlite"
    plan = plan_sweep(load_grid(FILE, ["cluster.workers=1..3"]))
    with monkeypatch.context() as patch:
        patch.setattr(performing, "simulate", simulate)
        swept = run_sweep(plan, store=store)
        assert swept.errors == {"cluster.workers=2": "everybody waits"}
        assert list(swept.table["cluster.workers"]) == [1, 3]
        assert list(swept.points) == [0, 2]
        row = load_store(store, "runs").iloc[1]
        assert (row["status"], row["attempts"], row["error"]) == ("failed", 1, "everybody waits")
        with pytest.raises(UnfinishedError, match=r"1 of 3 runs failed; the first: cluster\.workers=2: everybody"):
            sweep(FILE, {"cluster.workers": "1..3"}, store=store)
    again = run_sweep(plan, store=store)
    assert (again.progress.finished, again.progress.failed, len(again.errors)) == (0, 1, 1)
    healed = run_sweep(plan, store=store, retry_failed=True)
    assert (healed.progress.finished, healed.progress.failed, healed.errors) == (1, 0, {})
    assert list(healed.table["cluster.workers"]) == [1, 2, 3]


def test_a_store_holds_several_sweeps_that_share_runs(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"
    sweep(FILE, {"cluster.workers": "1..3"}, store=store)
    plan = plan_sweep(load_grid(FILE, ["cluster.workers=2..5"]))
    assert run_sweep(plan, store=store).progress.cached == 2
    assert list(load_store(store)["cluster.workers"]) == [2, 3, 4, 5]
    assert list(load_store(store, sweep=1)["cluster.workers"]) == [1, 2, 3]
    sweeps = load_store(store, "sweeps")
    assert sweeps.to_dict("records") == [
        {"sweep": 1, "scenario": "alexnet", "runs": 3, "done": 3},
        {"sweep": 2, "scenario": "alexnet", "runs": 4, "done": 4},
    ]
    sweep(FILE, {"cluster.workers": "1..3"}, store=store)
    assert list(load_store(store)["cluster.workers"]) == [1, 2, 3]


def test_updates_and_spans_come_back_as_they_were(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"
    sweep(FILE, {"cluster.workers": [2, 3]}, store=store)
    with pytest.raises(UserInputError, match="this sweep kept no spans"):
        load_store(store, "spans")
    sweep(FILE, {"cluster.workers": [2, 3]}, store=store, spans=True)
    result = simulate(load_scenario(FILE, ["cluster.workers=3"]), record=True)
    for name, single in (("updates", result.updates), ("spans", result.spans), ("links", result.links)):
        table = load_store(store, name)
        rows = table[table["cluster.workers"] == 3].reset_index(drop=True)
        assert list(rows.columns[:2]) == ["cluster.workers", "replication"]
        pd.testing.assert_frame_equal(rows[single.columns], single, check_dtype=False)


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    text, foreign = tmp_path / "text", tmp_path / "foreign.sqlite"
    text.write_text("hello " * 1000)
    with sqlite3.connect(foreign) as base:
        base.execute("CREATE TABLE mine (a)")
    for path, message in ((text, "not a database"), (foreign, "not a store"), (tmp_path, "no such file")):
        with pytest.raises(UserInputError, match=message):
            load_store(path)
        with pytest.raises(UserInputError, match=r"can't be used|not a store"):
            sweep(FILE, store=path)
    with pytest.raises(UserInputError, match="no such file"):
        load_store(tmp_path / "missing")
    with sqlite3.connect(foreign) as base:
        assert base.execute("SELECT name FROM sqlite_master").fetchall() == [("mine",)]


def test_bad_questions_to_a_store(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"
    sweep(FILE, {"cluster.workers": [1]}, store=store)
    with pytest.raises(UserInputError, match="no table 'span'"):
        load_store(store, "span")
    with pytest.raises(UserInputError, match="has no sweep 7"):
        load_store(store, sweep=7)


def test_intervals_of_a_sweep_with_replications() -> None:
    table = sweep(FILE, {"cluster.workers": [2, 4]}, overrides=[JITTER], replications=4)
    points = with_intervals(table)
    assert list(points["cluster.workers"]) == [2, 4]
    assert list(points["replications"]) == [4, 4]
    times = table["update_time_s"][:4]
    assert points["update_time_s"][0] == pytest.approx(times.mean())
    half_width = 3.182446 * times.std() / 2  # t(0.95, 3 degrees of freedom) * s / sqrt(4)
    assert points["update_time_s_high"][0] - points["update_time_s"][0] == pytest.approx(half_width, rel=1e-6)
    assert points["limited_by"][0] == table["limited_by"][0]


def test_a_plan_needs_a_replication() -> None:
    with pytest.raises(UserInputError, match="at least 1"):
        sweep(FILE, replications=0)


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        ("cluster.workers=2,3,2", r"cluster\.workers=2 and cluster\.workers=2 \(points 1 and 3\)"),
        ("network.bandwidth=1Gbit/s,1000Mbit/s", r"bandwidth=1Gbit/s and network\.bandwidth=1000Mbit/s"),
    ],
)
def test_points_that_are_the_same_are_refused(axis: str, words: str) -> None:
    with pytest.raises(UserInputError, match=words):
        plan_sweep(load_grid(FILE, [axis]), 2)


def test_replications_of_a_swept_seed_show_the_seed_that_they_ran_under() -> None:
    table = sweep(FILE, {"seed": [4, 5]}, overrides=[JITTER], replications=2)
    assert list(table["scenario.seed"]) == [4, 4, 5, 5]
    assert list(table["seed"]) == [4, replication_seed(4, 1), 5, replication_seed(5, 1)]
    assert list(with_intervals(table)["scenario.seed"]) == [4, 5]


def test_what_limits_a_point_follows_from_the_means() -> None:
    parts = {part: [0.0, 0.0, 0.0] for part in PARTS}
    times = {**parts, "computation_s": [3.0, 1.0, 1.0], "push_s": [2.0, 2.0, 2.0]}
    table = pd.DataFrame({"replication": [0, 1, 2], "seed": [1, 2, 3], **times, "limited_by": ["computation"] * 3})
    # means: 5 / 3 s of computation, 2 s of network
    assert list(with_intervals(table)["limited_by"]) == ["network"]


def test_stored_runs_are_counted_as_they_would_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "store.sqlite"
    plan = plan_sweep(load_grid(FILE, ["cluster.workers=1..3"]))
    assert count_stored(plan, store) == (0, 0)
    assert not store.exists()

    def simulate(scenario: Any, record: bool) -> Any:
        if scenario.cluster.workers == 2:
            raise StuckError("everybody waits")
        return real(scenario, record=record)

    real = performing.simulate
    monkeypatch.setattr(performing, "simulate", simulate)
    run_sweep(plan, store=store)
    assert count_stored(plan, store) == (2, 1)
    assert count_stored(plan, store, spans=True) == (0, 1)
