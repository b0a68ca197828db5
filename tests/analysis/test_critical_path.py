"""The critical path and its blame: by hand, as laws of every run, and against runs in which a cause is free."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from simcluster.analysis import CAUSES, blame, critical_path, explain
from simcluster.analysis.explaining import explain_tables, latency_of
from simcluster.errors import UserInputError
from tests.building import run
from tests.simulation.test_laws import changes

CODEC = {"rho": 0.5, "compress_time": "4 s", "decompress_time": "2 s"}
#: Times nobody can mistake for zero, and too short to matter.
FREE = 1e-9


def shares(result: Any, column: str = "duration_s") -> dict[str, float]:
    table = explain(result).blame
    return dict(zip(table["cause"], table[column], strict=True))


def summarized(path: pd.DataFrame) -> list[tuple[str, str, str, float]]:
    lengths = path["end_s"] - path["start_s"]
    return list(zip(path["entity"], path["activity"], path["cause"], lengths.round(9), strict=True))


def test_the_path_of_an_update_by_hand() -> None:
    # 100 MB at 100 MB/s: alone a transfer takes 1 s, two in lockstep 2 s; C/2 = 4 s; the server decodes in turn.
    result = run({"cluster": {"workers": 2}, "compression": {"codec": CODEC}, "network": {"latency": "1 s"}})
    assert summarized(critical_path(result, 2)) == [
        ("worker-0", "compute", "compute", 4.0),
        ("worker-0", "encode", "codec", 4.0),
        ("worker-0", "push", "latency", 1.0),
        ("worker-0", "push", "network", 1.0),
        ("server-0", "decode", "server", 2.0),
        ("server-0", "decode", "codec", 2.0),
        ("server-0", "encode", "codec", 4.0),
        ("worker-0", "pull", "latency", 1.0),
        ("worker-0", "pull", "network", 1.0),
        ("worker-0", "decode", "codec", 2.0),
    ]


def test_the_path_leads_through_the_slowest_worker() -> None:
    # Strong scaling on 4: c = 2 s; worker-2 needs 8 s. Its push finds the link idle: 1 s; then 4 pulls at once: 4 s.
    groups = [{"count": 2}, {"count": 1, "speed": 0.25}, {"count": 1}]
    result = run({"cluster": {"groups": groups, "server": {"cores": 1, "aggregation_rate": "400 MB/s"}}})
    mean = (3 * 2 + 8) / 4
    assert summarized(critical_path(result, 1)) == [
        ("worker-2", "compute", "compute", mean),
        ("worker-2", "compute", "stragglers", 8 - mean),
        ("worker-2", "push", "network", 1.0),
        ("server-0", "aggregate", "server", 1.0),
        ("worker-0", "pull", "network", 4.0),
    ]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes())
def test_a_path_is_contiguous_and_explains_every_second(change: dict[str, Any]) -> None:
    result = run(change)
    ends = [0.0, *result.updates.groupby("update")["end_s"].max()]
    ends[0] = float(result.updates["start_s"].min())
    paths = {update: critical_path(result, update) for update in range(1, len(ends))}
    for update, path in [*paths.items(), (None, critical_path(result))]:
        begin, end = (ends[0], ends[-1]) if update is None else ends[update - 1 : update + 1]
        assert path["start_s"].iloc[0] == begin
        assert path["end_s"].iloc[-1] == end
        assert (path["start_s"].to_numpy()[1:] == path["end_s"].to_numpy()[:-1]).all()
        assert (path["end_s"] > path["start_s"]).all()
        assert set(path["cause"]) <= set(CAUSES) - {"waiting"}
        table = blame(path)
        assert math.fsum(table["share"]) == pytest.approx(1, rel=1e-12)
        assert math.fsum(table["duration_s"]) == pytest.approx(end - begin, rel=1e-9)
        assert (table["share"] >= 0).all()
    assert explain(result).length_s == pytest.approx(result.metrics["update_time_s"], rel=1e-9)


@pytest.mark.parametrize("usage", ["every-update", "homomorphic"])
@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("scaling", ["strong", "weak"])
def test_in_lockstep_a_free_cause_saves_exactly_what_is_said(usage: str, cores: int, scaling: str) -> None:
    base: dict[str, Any] = {
        "compute": {"scaling": scaling},
        "cluster": {"workers": 4, "server": {"cores": cores, "aggregation_rate": "500 MB/s"}},
        "network": {"latency": "300 ms"},
        "compression": {"codec": CODEC, "usage": usage},
    }
    free: dict[str, dict[str, Any]] = {
        "network": {"network": {"bandwidth": f"{1e8 / FREE} B/s"}},
        "latency": {"network": {"latency": "0 s"}},
        "compute": {"compute": {"minibatch_time": f"{FREE} s"}},
        "codec": {"compression": {"codec": {"rho": 0.5, "compress_time": "0 s", "decompress_time": "0 s"}}},
    }
    result = run(base)
    savings = shares(result, "saving_s")
    for cause, change in free.items():
        sections = base | {name: {**base.get(name, {}), **values} for name, values in change.items()}
        faster = run(sections, record=False).metrics["update_time_s"]
        assert result.metrics["update_time_s"] - faster == pytest.approx(savings[cause], abs=1e-6), cause


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes())
def test_without_queues_a_free_network_saves_no_more_than_its_share(change: dict[str, Any]) -> None:
    change["cluster"]["server"] = {"cores": sum(group["count"] for group in change["cluster"]["groups"])}
    result = run(change)
    explained = explain(result)
    saving = shares(result)["network"] * change["training"]["updates"]
    free = {**change, "network": {**change["network"], "bandwidth": f"{1e8 / FREE} B/s"}}
    updates = run(free, record=False).updates
    length = explained.length_s * change["training"]["updates"]
    assert float(updates["end_s"].max() - updates["start_s"].min()) >= length - saving - 1e-9 * (1 + length)


def test_stragglers_are_what_the_slowest_takes_longer_than_the_mean() -> None:
    jitter = {"distribution": "gamma", "cv": 0.6, "per": "update"}
    result = run({"compute": {"jitter": jitter}, "cluster": {"workers": 8}, "training": {"updates": 20}})
    computing = result.updates.groupby("update")["computation_s"]
    expected = (computing.max() - computing.mean()).mean()
    # Without a codec the last one to compute is the last one to arrive: the pushes are equal.
    updates = [blame(critical_path(result, update)).set_index("cause") for update in range(1, 21)]
    late = sum(table.loc["stragglers", "duration_s"] for table in updates) / 20
    assert late == pytest.approx(expected, rel=1e-9)


def table(*rows: tuple[str, str, str, int, float, float]) -> pd.DataFrame:
    names = ["entity", "lane", "activity", "update", "start_s", "end_s"]
    return pd.DataFrame(rows, columns=names).assign(size_bytes=0.0, cause="")


def test_what_is_sent_while_computing_was_released_by_it() -> None:
    spans = table(
        ("worker-0", "compute", "compute", 1, 0.0, 8.0),
        ("worker-0", "send", "push", 1, 3.0, 5.0),
        ("worker-0", "send", "push", 1, 5.0, 9.0),
        ("worker-1", "compute", "compute", 1, 0.0, 8.0),
    )
    updates = pd.DataFrame({"update": [1], "start_s": [0.0], "applied_s": [9.0]})
    path = explain_tables(spans, updates, {}).path
    assert summarized(path) == [
        ("worker-0", "compute", "compute", 3.0),
        ("worker-0", "push", "network", 2.0),
        ("worker-0", "push", "network", 4.0),
    ]


def test_updates_that_overtake_each_other_are_taken_in_the_order_of_their_ends() -> None:
    # Nobody waits for anybody: worker-1 is at its update 2 for longer than worker-0 at its update 3.
    spans = table(
        ("worker-0", "compute", "compute", 1, 0.0, 2.0),
        ("worker-0", "compute", "compute", 3, 2.0, 4.0),
        ("worker-1", "compute", "compute", 2, 0.0, 7.0),
        ("worker-2", "compute", "compute", 4, 0.0, 7.0),
    )
    updates = pd.DataFrame({"update": [1, 2, 3, 4], "start_s": [0.0, 0.0, 2.0, 0.0], "applied_s": [2.0, 7.0, 4.0, 7.0]})
    paths = {update: explain_tables(spans, updates, {}, update).path for update in (1, 2, 3, 4)}
    windows = {update: (path["start_s"].iloc[0], path["end_s"].iloc[-1]) for update, path in paths.items()}
    assert windows == {1: (0, 2), 3: (2, 4), 2: (4, 7), 4: (4, 7)}
    assert {update: set(path["entity"]) for update, path in paths.items()} == {
        1: {"worker-0"}, 3: {"worker-0"}, 2: {"worker-1"}, 4: {"worker-2"},
    }
    assert explain_tables(spans, updates, {}).length_s == 7 / 4


@pytest.mark.parametrize("pull", ["unicast", "multicast", "free"])
@pytest.mark.parametrize("codec", ["none", CODEC])
def test_every_second_is_explained_where_links_are_many(pull: str, codec: Any) -> None:
    change = {
        "compute": {"jitter": {"distribution": "gamma", "cv": 0.5, "per": "minibatch"}},
        "cluster": {"groups": [{"count": 3}, {"count": 2, "speed": 0.5, "cores": 2}], "server": {"cores": 2}},
        "network": {"topology": "star", "latency": "1 ms"},
        "training": {"updates": 4, "local_iterations": 2, "pull": pull},
        "compression": {"codec": codec},
    }
    found = explain(run(change)).blame.set_index("cause")["share"]
    assert found["waiting"] == 0
    assert found.sum() == pytest.approx(1)
    assert (found[["compute", "network", "latency"]] > 0).all()


def test_time_that_nothing_explains_is_waiting() -> None:
    spans = table(
        ("worker-0", "compute", "compute", 1, 1.0, 3.0),
        ("worker-0", "send", "push", 1, 4.0, 6.0),
        ("worker-0", "receive", "wait", 0, 0.0, 6.0),
    )
    updates = pd.DataFrame({"update": [1], "start_s": [0.0], "applied_s": [6.0]})
    found = explain_tables(spans, updates, {})
    assert [(row[1], row[3]) for row in summarized(found.path)] == [
        ("wait", 1.0), ("compute", 2.0), ("wait", 1.0), ("push", 2.0),
    ]
    assert found.blame.set_index("cause").loc["waiting", "share"] == pytest.approx(2 / 6)


def test_the_text_says_what_would_help_most() -> None:
    text = str(explain(run({"compression": {"codec": CODEC}}), 1))
    # 2 + 4 + 2 + 4*2 + 4 + 2 + 2 = 24 s, of which 6 s are the server's queue
    assert text.startswith("what determined the 24 s of update 1\n")
    assert "codec    12 s  50.0%              6 s" in text
    assert "decode x 3" in text
    assert text.endswith("If the codec were free, an update would take about 6 s.")


def test_a_long_path_is_cut_in_the_middle_of_the_text() -> None:
    rows = [("worker-0", ("send", "receive")[step % 2], "push", 1, float(step), step + 1.0) for step in range(60)]
    updates = pd.DataFrame({"update": [1], "start_s": [0.0], "applied_s": [60.0]})
    assert "... 36 more" in str(explain_tables(table(*rows), updates, {}))


def test_what_can_not_be_explained_is_said() -> None:
    with pytest.raises(UserInputError, match="there is no update 3: the run has updates 1 to 2"):
        explain(run(), 3)
    with pytest.raises(UserInputError, match="recorded no spans"):
        explain(run(record=False))
    with pytest.raises(ValueError, match="the path is empty"):
        blame(critical_path(run()).iloc[:0])


def test_latency_comes_from_the_scenario_if_it_is_one() -> None:
    assert latency_of(run({"network": {"latency": "3 ms"}}).scenario) == 0.003
    assert latency_of({"network": {"latency": "1 s", "inside_latency": "2 us"}}) == 2e-6
    assert latency_of({"network": {"latency": [1, 2]}}) == 0.0
    assert latency_of({}) == 0.0
