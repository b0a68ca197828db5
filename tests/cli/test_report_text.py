"""The report of a run as text, where schemes mean different things by an update."""

from __future__ import annotations

from simcluster.cli.compare_output import comparison_report
from simcluster.cli.report_text import comparison, run_report
from simcluster.experiments import compare
from simcluster.simulation import simulate
from tests.building import scenario


def test_presets_are_compared_for_equal_contributions() -> None:
    # 2 s of computing, four pushes and pulls of 1 s each on one link: 10 s for all. Equal workers stay in step without
    # a barrier, too; only the last pull isn't waited for.
    asynchronous = scenario({"training": {"scheme": "async-ps", "updates": 64}})
    both = {"sync": scenario({"training": {"updates": 4}}), "async": asynchronous}
    runs = {name: (one, simulate(one)) for name, one in both.items()}
    header, first, second, remark = comparison(runs).splitlines()
    assert header.endswith("relative, for equal contributions")
    assert first.endswith("1.000")
    relative = float(second.split()[-1])
    times = {name: result.metrics["update_time_s"] for name, (_, result) in runs.items()}
    assert relative == round(4 * float(times["async"] or 0) / float(times["sync"] or 1), 3)
    assert 0.95 < relative < 1
    assert remark.startswith("not all mean the same by an update")
    alike = comparison(dict.fromkeys(("one", "two"), runs["sync"]))
    assert "update time, relative" in alike
    assert "not all mean" not in alike


def test_runs_of_different_length_are_not_compared_as_a_whole_in_silence() -> None:
    sync = scenario({"training": {"updates": 4}})
    unequal = compare(sync, scenario({"training": {"scheme": "backup-workers", "updates": 4}}), 2)
    assert "A simulates 4 updates of each worker, but B 3: the whole run" in comparison_report(unequal)
    equal = compare(sync, scenario({"training": {"scheme": "async-ps", "updates": 16}}), 2)
    assert "of each worker" not in comparison_report(equal)


def test_a_run_says_its_spectral_gap() -> None:
    gossip = scenario({"training": {"scheme": "d-psgd", "graph": "complete"}})
    assert "spectral gap  1 of the mixing matrix" in run_report(gossip, simulate(gossip))
    server = scenario()
    assert "spectral gap" not in run_report(server, simulate(server))


def test_peers_aggregate_without_a_server() -> None:
    ring = scenario({"cluster": {"worker": {"aggregation_rate": "10 MB/s"}}, "training": {"scheme": "ring-allreduce"}})
    text = run_report(ring, simulate(ring))
    assert "aggregate " in text
    assert "limited by aggregation: " in text
    assert "at the server" not in text
