"""The columns of theory beside a sweep: each equals the simulation, or isn't there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcluster.cli.theory_columns import theory_columns
from simcluster.simulation import simulate
from tests.building import scenario

FREE = {"compress_time": "0 s", "decompress_time": "0 s"}


@st.composite
def changes(draw: st.DrawFn) -> dict[str, Any]:
    network = draw(
        st.sampled_from(
            [
                {},
                {"latency": "10 ms"},
                {"duplex": "full"},
                {"goodput": 0.5},
                {"message_overhead": "30 MB"},
                {"latency": "10 ms", "window": "100 kB"},
                {"discipline": "fifo"},
                {"unfairness": 0.5},
                {"background": [{"rate": "10 MB/s"}]},
                {"schedule": [{"at": "3 s", "factor": 0.5}]},
                {"topology": "star"},
            ]
        )
    )
    cluster = draw(
        st.sampled_from(
            [
                {"workers": 4},
                {"groups": [{"count": 3, "speed": 2}]},
                {"groups": [{"count": 2}, {"count": 2, "speed": 0.5}]},
                {"workers": 3, "server": {"cores": 2, "aggregation_rate": "300 MB/s"}},
            ]
        )
    )
    jitter = draw(st.sampled_from([{}, {"jitter": {"distribution": "gamma", "cv": 0.5, "per": "update"}}]))
    return {
        "network": network,
        "cluster": cluster,
        "compute": {"scaling": draw(st.sampled_from(["strong", "weak"])), **jitter},
        "training": {"pull": draw(st.sampled_from(["unicast", "multicast", "free"])), "local_iterations": 3},
    }


@settings(max_examples=80, deadline=None)
@given(changes(), st.sampled_from([0.1, 0.5, 1.0]))
def test_each_column_is_what_the_simulation_gives(change: dict[str, Any], rho: float) -> None:
    def update_time(h: float | None) -> float:
        codec: dict[str, Any] = {"codec": "none"}
        if h is not None:
            codec = {"codec": {"rho": rho, **FREE}, "usage": "homomorphic", "operation_overhead": h}
        return float(simulate(scenario({**change, "compression": codec})).metrics["update_time_s"] or 0)

    codec = {"codec": {"rho": rho, **FREE}, "usage": "homomorphic", "operation_overhead": 1.5}
    columns = theory_columns(scenario({**change, "compression": codec}))
    vanilla = update_time(None)
    if "theory_update_time_s" in columns:
        assert columns["theory_update_time_s"] == pytest.approx(update_time(1.5), rel=1e-12)
        assert columns["vanilla_update_time_s"] == pytest.approx(vanilla, rel=1e-12)
    latency = 0.02 if "latency" in change["network"] else 0.0
    for name, limit in (
        ("max_operation_overhead", vanilla),
        ("max_operation_overhead_one_device", columns["single_node_update_time_s"]),
    ):
        if columns.get(name, 0) > 0:
            assert update_time(columns[name]) == pytest.approx(limit, abs=latency + 1e-9 * limit)


def test_the_columns_are_there_where_the_formulas_hold() -> None:
    columns = theory_columns(scenario())
    assert {"theory_update_time_s", "vanilla_update_time_s", "max_operation_overhead"} <= set(columns)


CODEC = {"ratio": 2, "compress_rate": "200 MB/s", "decompress_rate": "400 MB/s"}
OTHER = {"ratio": 4, "compress_rate": "100 MB/s", "decompress_rate": "100 MB/s"}
LAYER = {"parameters": "25 MB", "forward_time": "1 s", "backward_time": "1 s"}
LAYERS = {"parameters": "100 MB", "layers": [{"name": f"layer-{place}", **LAYER} for place in range(4)]}


@pytest.mark.parametrize(
    "change",
    [
        {"cluster": {"server": {"placement": "colocated"}}},
        {"cluster": {"server": {"shards": 2}}, "compression": {"codec": CODEC}},
        {"training": {"slice_size": "10 MB"}, "network": {"latency": "10 ms"}},
        {"training": {"overlap": "full"}, "model": LAYERS},
        {"training": {"double_buffering": True, "exchange": "gradients"}},
        {"compression": {"codec": CODEC, "pull": OTHER}},
        {"compression": {"codec": "none", "push": CODEC}},
        {"compression": {"codec": CODEC, "runs_on": "device"}},
        {"faults": [{"kind": "slow", "on": "worker-0", "at": "1 s", "lasts": "5 s", "factor": 0.5}]},
        {"recovery": {"checkpoint_interval": "5 s", "checkpoint_time": "2 s"}},
        {"compression": {"codec": {**CODEC, "agreed_fraction": 0.1}}},
    ],
)
def test_no_column_is_there_where_its_formula_does_not_hold(change: dict[str, Any]) -> None:
    question = scenario(change)
    simulated = simulate(question).metrics["update_time_s"]
    assert theory_columns(question).get("theory_update_time_s", simulated) == pytest.approx(simulated, rel=1e-12)


def test_one_update_of_an_asynchronous_scheme_is_the_work_of_one_worker() -> None:
    columns = theory_columns(scenario({"training": {"scheme": "async-ps"}}))
    assert columns == {"single_node_update_time_s": 2.0, "ideal_speedup": 4.0}
