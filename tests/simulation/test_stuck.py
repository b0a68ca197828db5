"""A run that can't go on ends, and says who waits for what since when; what it simulated until then is kept."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

from simcluster.cli import main
from simcluster.errors import StuckError, UnfinishedError
from simcluster.experiments import load_store, sweep
from simcluster.results import Result
from tests.building import changed, run
from tests.simulation.healthy import healthy
from tests.simulation.planted import PLANTED


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the watch lose its patience after fewer events than it does in earnest."""
    monkeypatch.setattr("simcluster.simulation.running._LEAST_CROWD", 30_000)
    monkeypatch.setattr("simcluster.simulation.stepping._MOST_TICKS", 30_000)
    monkeypatch.setattr("simcluster.schemes.supervision._MOST_SETBACKS", 0)


@pytest.mark.parametrize("name", PLANTED)
def test_every_planted_bug_is_found(name: str) -> None:
    planted = PLANTED[name]
    with planted.plant(), pytest.raises(StuckError, match=planted.says) as caught:
        run(planted.changes)
    partial = caught.value.result
    if planted.applied:
        assert isinstance(partial, Result)
        assert partial.metrics["updates"] >= planted.applied
        assert partial.metrics["incomplete"] == str(caught.value)
        assert not partial.spans.empty
    else:
        assert partial is None
        assert "not one update was finished" in str(caught.value)


@pytest.mark.parametrize("name", PLANTED)
def test_the_command_line_says_so_and_keeps_what_there_is(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = PLANTED[name]
    file, out = tmp_path / "stuck.yaml", tmp_path / "out"
    file.write_text(yaml.safe_dump(changed(planted.changes)), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["simcluster", "run", str(file), "--out", str(out)])
    with planted.plant(), pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert ended.value.code == 3
    assert "simcluster: the run could not finish: " in told.err
    if planted.applied:
        assert told.out.startswith("INCOMPLETE: what was simulated until the run could not go on")
        with (out / "summary.csv").open(encoding="utf-8", newline="") as table:
            [row] = csv.DictReader(table)
        assert row["incomplete"]
        assert row["incomplete"] in told.err
    else:
        assert not told.out
        assert not out.exists()


def test_only_some_of_many_are_named() -> None:
    with pytest.raises(StuckError, match="; and 4 more"):
        run({"network": {"schedule": [{"at": "0 s", "factor": 0}]}, "cluster": {"workers": 9}})


def test_a_budget_of_events_is_kept_to_the_event() -> None:
    def spent(events: int) -> str:
        with pytest.raises(StuckError) as caught:
            run({"training": {"updates": 100}, "budget": {"events": events}})
        return str(caught.value)

    assert "the budget of 150 events is spent at" in spent(150)
    assert spent(150) == spent(150)
    assert run({"budget": {"events": 10_000}}).metrics["incomplete"] is None


def test_a_budget_changes_nothing_in_what_is_done() -> None:
    free = run({"training": {"updates": 50}})
    with pytest.raises(StuckError) as caught:
        run({"training": {"updates": 50}, "budget": {"events": 500}})
    partial = caught.value.result
    assert isinstance(partial, Result)
    count = int(partial.metrics["updates"] or 0)
    assert 0 < count < 50
    columns = ["update", "worker", "start_s", "end_s", "wait_s"]
    same = partial.updates.query("0 < update")[columns], free.updates.query(f"update <= {count}")[columns]
    assert same[0].to_csv(index=False) == same[1].to_csv(index=False)


def test_a_sweep_says_why_a_run_failed_and_does_not_try_it_again(tmp_path: Path) -> None:
    file, store = tmp_path / "lost.yaml", tmp_path / "runs.sqlite"
    lost = {"faults": [{"kind": "crash", "on": "worker-2", "at": "15 s"}]}
    spent = {"budget": {"events": 100}}
    for change, why in ((lost, r"worker-2 is down since 15 s, for good"), (spent, "the budget of 100 events is spent")):
        file.write_text(yaml.safe_dump(changed(change)), encoding="utf-8")
        with pytest.raises(UnfinishedError, match=rf"1 of 2 runs failed; the first: training\.updates=100: .*{why}"):
            sweep(file, {"training.updates": [1, 100]}, store=store)
        runs = load_store(store, "runs")
        assert list(runs["status"]) == ["done", "failed"]
        assert list(runs["attempts"]) == [1, 1]
        assert "INCOMPLETE" not in runs["error"].iloc[1]


def test_in_earnest_it_is_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    planted = PLANTED["a loop that takes no time"]
    with planted.plant(), pytest.raises(StuckError, match=r"for 1000800 events and more"):
        run(planted.changes)


def test_no_false_alarm() -> None:
    assert healthy(range(25)) == {}
