"""The events of a trace: a slice for each span, arrows, counters, names; times to the nanosecond."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from simcluster.trace import trace_events, write_trace
from tests.building import run

CODEC = {"rho": 0.5, "compress_time": "4 s", "decompress_time": "2 s"}


def table(*rows: tuple[str, str, str, int, float, float, str]) -> pd.DataFrame:
    names = ["entity", "lane", "activity", "update", "start_s", "end_s", "cause"]
    return pd.DataFrame(rows, columns=names).assign(size_bytes=0.0)


NO_LINKS = pd.DataFrame({"link": [], "start_s": [], "end_s": [], "rate_bytes_per_s": [], "flows": []})


def events(spans: pd.DataFrame, phase: str, links: pd.DataFrame = NO_LINKS) -> list[dict[str, Any]]:
    return [event for event in trace_events(spans, links) if event["ph"] == phase]


def test_every_span_is_a_slice_that_ends_where_the_next_one_begins() -> None:
    result = run({"compression": {"codec": CODEC}, "network": {"bandwidth": "97 MB/s", "latency": "33 us"}})
    slices = events(result.spans, "X", result.links)
    assert len(slices) == len(result.spans)
    ends: dict[tuple[int, int], int] = {}
    for one in slices:
        track = one["pid"], one["tid"]
        assert one["ts"] == ends.get(track, 0)
        ends[track] = one["ts"] + one["dur"]
    assert set(ends.values()) == {round(result.metrics["total_time_s"] * 1e9)}


def test_kinds_of_machines_are_processes_and_lanes_are_threads_in_the_order_of_their_numbers() -> None:
    names = ["worker-10", "worker-2", "server-0", "worker-0"]
    rows = [(name, lane, "compute", 1, 0.0, 1.0, "") for name in names for lane in ("send", "core-1", "compute")]
    named = events(table(*rows), "M")
    processes = [one["args"]["name"] for one in named if one["name"] == "process_name"]
    assert processes == ["links and queues", "servers", "workers"]
    threads = [one["args"]["name"] for one in named if one["name"] == "thread_name"]
    machines = ["server-0", "worker-0", "worker-2", "worker-10"]
    assert threads == [f"{machine}/{lane}" for machine in machines for lane in ("compute", "core-1", "send")]
    for kind in ("process", "thread"):
        places = [one["args"]["sort_index"] for one in named if one["name"] == f"{kind}_sort_index"]
        assert places == sorted(set(places))
    numbers = {(one["pid"], one["tid"]) for one in named if "tid" in one}
    assert not {pid for pid, _ in numbers} & {tid for _, tid in numbers}


def test_what_overlaps_gets_a_thread_of_its_own() -> None:
    spans = table(
        ("worker-0", "send", "push", 1, 0.0, 4.0, ""),
        ("worker-0", "send", "push", 1, 1.0, 3.0, ""),
        ("worker-0", "send", "push", 1, 2.0, 5.0, ""),
        ("worker-0", "send", "push", 1, 3.0, 6.0, ""),
    )
    first, second, third, fourth = (one["tid"] for one in events(spans, "X"))
    assert len({first, second, third}) == 3
    assert fourth == second
    threads = [one["args"]["name"] for one in events(spans, "M") if one["name"] == "thread_name"]
    assert threads == ["worker-0/send", "worker-0/send (2)", "worker-0/send (3)"]


def test_what_takes_no_time_comes_before_what_begins_then() -> None:
    spans = table(("a", "core-0", "encode", 1, 1.0, 2.0, ""), ("a", "core-0", "decode", 1, 1.0, 1.0, ""))
    assert [(one["name"], one["dur"]) for one in events(spans, "X")] == [("decode", 0), ("encode", 10**9)]


@pytest.mark.parametrize(
    ("change", "station"),
    [
        ({"compression": {"codec": CODEC}, "cluster": {"server": {"aggregation_rate": "1 GB/s"}}}, "aggregate"),
        ({"compression": {"codec": CODEC}}, "encode"),
        ({"compression": {"codec": CODEC, "direction": "push"}}, "decode"),
        ({}, None),
    ],
)
def test_arrows_lead_from_push_to_server_to_pull(change: dict[str, Any], station: str | None) -> None:
    result = run(change)
    slices = {(one["tid"], one["ts"]): one["name"] for one in events(result.spans, "X") if one["dur"]}
    places = {phase: events(result.spans, phase) for phase in "stf"}
    ends = {phase: [slices[one["tid"], one["ts"]] for one in found] for phase, found in places.items()}
    assert ends == {"s": ["push"] * 8, "t": [station] * 8 if station else [], "f": ["pull"] * 8}
    lanes = {one["tid"]: one["args"]["name"] for one in events(result.spans, "M") if one["name"] == "thread_name"}
    pushes = {one["id"]: lanes[one["tid"]].replace("send", "receive") for one in places["s"]}
    assert pushes == {one["id"]: lanes[one["tid"]] for one in places["f"]}
    assert len(pushes) == 8


def test_counters_follow_links_and_queues() -> None:
    result = run({"compression": {"codec": CODEC}, "cluster": {"workers": 3}, "training": {"updates": 1}})
    found: dict[str, list[tuple[float, float]]] = {}
    for one in events(result.spans, "C", result.links):
        found.setdefault(one["name"], []).append((one["ts"] / 1e9, one["args"]["value"]))
    # c = 8/3 s, encode 4 s, three pushes of 50 MB: 1.5 s; three decodings of 2 s; encode 4 s; pulls 1.5 s; decode 2 s.
    push = round(8 / 3 + 4, 9)
    pull = push + 1.5 + 6 + 4
    steps = [(0, 0), (push, 1), (push + 1.5, 0), (pull, 1), (pull + 1.5, 0), (pull + 3.5, 0)]
    assert found["link utilisation %"] == [(pytest.approx(time, abs=2e-9), 100.0 * on) for time, on in steps]
    assert found["link transfers"] == [(pytest.approx(time, abs=2e-9), 3 * on) for time, on in steps]
    queue = [(0, 0), (push + 1.5, 2), (push + 3.5, 1), (push + 5.5, 0)]
    assert found["waiting for a core"] == [(pytest.approx(time, abs=2e-9), length) for time, length in queue]
    double = result.links.assign(capacity_bytes_per_s=200e6)
    assert {one["args"]["value"] for one in events(result.spans, "C", double) if "%" in one["name"]} == {0.0, 50.0}


def test_links_that_are_silent_between_two_stretches_say_so() -> None:
    names = ["link", "start_s", "end_s", "rate_bytes_per_s", "flows"]
    links = pd.DataFrame([("a", 1.0, 2.0, 1e6, 1), ("a", 2.0, 3.0, 2e6, 2), ("a", 5.0, 6.0, 1e6, 1)], columns=names)
    links = links.assign(capacity_bytes_per_s=4e6)
    spans = table(("worker-0", "compute", "compute", 1, 0.0, 6.0, ""))
    rates = [one for one in events(spans, "C", links) if one["name"] == "a utilisation %"]
    seen = [(one["ts"] // 10**9, one["args"]["value"]) for one in rates]
    assert seen == [(0, 0.0), (1, 25.0), (2, 50.0), (3, 0.0), (5, 25.0), (6, 0.0)]


def test_the_file_is_json_with_microseconds_and_their_fractions(tmp_path: Path) -> None:
    spans = table(
        ("worker-0", "compute", "compute", 1, 0.0, 1.000000001, ""),
        ("worker-0", "compute", "wait", 1, 1.000000001, 86400.123456789, 'a "name" \u00fc'),
    )
    write_trace(tmp_path / "trace.json", spans, NO_LINKS)
    text = (tmp_path / "trace.json").read_text()
    assert '"ts":1000000.001,"dur":86399123456.788' in text
    slices = [event for event in json.loads(text)["traceEvents"] if event["ph"] == "X"]
    assert slices[0]["dur"] == 1000000.001
    assert slices[1]["name"] == 'wait: a "name" \u00fc'
    assert slices[1]["args"] == {"update": 1, "cause": 'a "name" \u00fc'}
