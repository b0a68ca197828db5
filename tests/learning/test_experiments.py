"""Experiments know what was learned: intervals of times to a target, targets that are missed, stores and reports."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from simcluster import compare, replicate, sweep
from simcluster.cli.compare_output import comparison_report
from simcluster.cli.report_text import run_report
from simcluster.cli.sweep_output import shown_columns
from simcluster.experiments import load_store, plan_sweep, with_intervals
from simcluster.experiments.estimates import estimate
from simcluster.experiments.replicating import numbers_of
from simcluster.report import RunTables, run_page
from simcluster.scenario import Scenario, to_yaml
from simcluster.simulation import load_grid, simulate
from tests.building import scenario
from tests.learning.scenarios import LEARNING, learn


def learning(**changes: Any) -> Scenario:
    training = {"scheme": "sync-ps", "exchange": "gradients", "updates": 60}
    return scenario({"learning": LEARNING | changes, "training": training, "compute": {"minibatch": 32}})


def test_time_to_target_has_an_interval() -> None:
    found = replicate(learning(target="accuracy >= 0.7"), 3, metric="time_to_target_s")
    assert found.estimate.count == 3
    assert math.isfinite(found.estimate.half_width)
    assert set(found.table["target_reached"]) == {1}


def test_a_target_that_is_missed_makes_the_mean_infinite() -> None:
    rows = [
        {"time_to_target_s": 3.0, "target_reached": 1, "cost": None},
        {"time_to_target_s": None, "target_reached": 0, "cost": None},
    ]
    assert numbers_of(rows, "time_to_target_s") == [3.0, math.inf]
    assert estimate([3.0, math.inf]).mean == math.inf
    assert math.isnan(estimate([3.0, math.inf]).half_width)
    with pytest.raises(Exception, match="isn't a number"):
        numbers_of(rows, "cost")


def test_a_store_keeps_what_was_learned(tmp_path: Path) -> None:
    store = tmp_path / "runs.sqlite"
    file = tmp_path / "learns.yaml"
    file.write_text(to_yaml(learning().update(name="learns")))
    sweep(file, {"learning.optimiser.rate": [0.1, 0.3]}, store=store)
    table = load_store(store, "learning")
    assert set(table["learning.optimiser.rate"]) == {0.1, 0.3}
    expected = simulate(learning(optimiser={"rate": 0.3})).learning
    kept = table[table["learning.optimiser.rate"] == 0.3]
    assert kept["loss"].tolist() == expected["loss"].tolist()
    assert kept["entity"].tolist() == expected["entity"].tolist()


def test_means_leave_out_targets_that_some_missed() -> None:
    import pandas as pd

    table = pd.DataFrame(
        {
            "rate": [1, 1, 2, 2],
            "replication": [0, 1, 0, 1],
            "seed": [1, 2, 1, 2],
            "time_to_target_s": [1.0, 3.0, 2.0, math.nan],
            "target_reached": [1, 1, 1, 0],
        }
    )
    means = with_intervals(table)
    assert means["time_to_target_s"].tolist()[0] == 2.0
    assert math.isnan(means["time_to_target_s"].tolist()[1])
    assert means["target_reached"].tolist() == [1.0, 0.5]


def test_reports_name_the_coupling_and_the_target() -> None:
    options = learning(target="accuracy >= 0.7")
    result = simulate(options)
    text = run_report(options, result)
    assert "what was learned (the clock moves its own bytes)" in text
    assert "accuracy >= 0.7" in text
    page = run_page(RunTables.of(result))
    assert "What was learned" in page
    assert "Accuracy over simulated time." in page
    assert "Accuracy over updates." in page
    stand_in = learn({"updates": 3}, {"coupling": "stand-in"})
    assert "a stand-in" in run_report(options, stand_in)


def test_comparisons_name_times_to_a_target_and_the_coupling() -> None:
    soon = learning(target="accuracy >= 0.7")
    never = learning(target="accuracy >= 1")
    found = compare(soon, never, 2)
    lines = {line["metric"]: line for line in found.table.to_dict("records")}
    assert lines["time_to_target_s"]["a"] == pytest.approx(replicate(soon, 2).table["time_to_target_s"].mean())
    assert lines["time_to_target_s"]["b"] == math.inf
    text = comparison_report(found)
    (line,) = (line for line in text.splitlines() if line.startswith("time to target"))
    assert line.endswith("missed")
    assert "A learns, the clock moves its own bytes; its target: accuracy >= 0.7" in text
    assert "B learns, the clock moves its own bytes; its target: accuracy >= 1.0" in text


def test_sweeps_print_what_was_learned(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text(to_yaml(learning(stop_when=["accuracy >= 0.7"])) + "sweep: {cluster.workers: [2, 4]}\n")
    shown = shown_columns(None, plan_sweep(load_grid(file), 1))
    assert shown == ("update_time_s", "time_to_target_s", "final_accuracy", "final_loss", "coupling")
    file.write_text(to_yaml(learning(problem={"kind": "quadratic"})) + "sweep: {cluster.workers: [2, 4]}\n")
    assert shown_columns(None, plan_sweep(load_grid(file), 1)) == ("update_time_s", "final_loss", "coupling")
