"""Laws that every run obeys: seconds and bytes balance, recording is neutral, the same seed gives the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simcluster.recording import PARTS
from simcluster.simulation import simulate
from tests.building import run, scenario

CODEC = {"rho": 0.5, "compress_time": "4 s", "decompress_time": "2 s"}


@st.composite
def changes(draw: st.DrawFn) -> dict[str, Any]:
    """Any scenario of sync-ps on a shared link."""
    usage = draw(st.sampled_from(["every-update", "homomorphic", "one-time"]))
    compression: dict[str, Any] = {"codec": draw(st.sampled_from(["none", CODEC])), "usage": usage}
    if usage == "every-update":
        compression["direction"] = draw(st.sampled_from(["push", "pull", "both"]))
    if usage == "homomorphic":
        compression["operation_overhead"] = draw(st.sampled_from([0.8, 1.0, 1.7]))
    group = st.fixed_dictionaries(
        {"count": st.integers(1, 4), "speed": st.sampled_from([0.3, 1.0, 2.5]), "cores": st.integers(1, 3)}
    )
    jitter = {
        "distribution": draw(st.sampled_from(["lognormal", "gamma"])),
        "cv": draw(st.sampled_from([0.05, 0.9])),
        "per": draw(st.sampled_from(["update", "minibatch"])),
    }
    compute: dict[str, Any] = {"scaling": draw(st.sampled_from(["strong", "weak"]))}
    if draw(st.booleans()):
        compute["jitter"] = jitter
    rate = draw(st.sampled_from([{}, {"aggregation_rate": "150 MB/s"}]))
    return {
        "compute": compute,
        "cluster": {
            "groups": draw(st.lists(group, min_size=1, max_size=3)),
            "server": {"cores": draw(st.integers(1, 4)), **rate},
        },
        "network": {"latency": draw(st.sampled_from(["0 s", "10 ms", "3 s"]))},
        "training": {
            "local_iterations": draw(st.integers(1, 3)),
            "updates": draw(st.integers(1, 4)),
            "pull": draw(st.sampled_from(["unicast", "multicast", "free"])),
        },
        "compression": compression,
        "seed": draw(st.integers(0, 5)),
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes())
def test_every_second_and_every_byte_is_accounted_for(change: dict[str, Any]) -> None:
    result = run(change)
    metrics, updates, spans, links = result.metrics, result.updates, result.spans, result.links
    end = metrics["total_time_s"]

    # Spans tile each lane from 0 to the end of the run.
    for _, lane in spans.groupby(["entity", "lane"], sort=False):
        assert lane["start_s"].iloc[0] == 0
        assert lane["end_s"].iloc[-1] == end
        assert (lane["start_s"].to_numpy()[1:] == lane["end_s"].to_numpy()[:-1]).all()

    # The parts of a row add up to its length, and computation is what the compute lane shows.
    length = updates["end_s"] - updates["start_s"]
    assert np.allclose(updates[list(PARTS)].sum(axis=1), length, rtol=1e-12, atol=1e-12 * float(end))
    assert (updates[list(PARTS)] >= 0).all(axis=None)
    computing = spans.query("lane == 'compute' and activity == 'compute'").copy()
    seen = (computing["end_s"] - computing["start_s"]).groupby([computing["update"], computing["entity"]]).sum()
    told = updates.set_index(["update", "worker"])["computation_s"]
    assert np.allclose(seen.sort_index(), told.sort_index(), rtol=1e-12)
    assert np.allclose(updates["transfer_s"], length - updates["computation_s"], rtol=1e-9, atol=1e-12 * float(end))

    # Bytes: what spans and links moved is what was sent.
    pushed = spans.query("activity == 'push'")["size_bytes"].sum()
    pulled = spans.query("activity == 'pull'")["size_bytes"].sum()
    pull = change["training"]["pull"]
    workers = metrics["workers"]
    expected = pushed + {"unicast": pulled, "multicast": pulled / workers, "free": 0.0}[pull]
    assert metrics["bytes_on_wire"] == pytest.approx(expected, rel=1e-12)
    moved = ((links["end_s"] - links["start_s"]) * links["rate_bytes_per_s"]).sum()
    assert moved == pytest.approx(metrics["bytes_on_wire"], rel=1e-9)
    assert (links["rate_bytes_per_s"] <= 100e6 * (1 + 1e-12)).all()

    # No core works on two things at once, and codecs do what their usage says.
    works = spans.query("activity in ('encode', 'decode')")
    encoded = 0 if change["compression"]["codec"] == "none" else _codec_works(change, workers)
    assert len(works) == encoded


def _codec_works(change: dict[str, Any], workers: int) -> int:
    """Count encodings and decodings."""
    if change["compression"]["usage"] != "every-update":
        return 2 * workers
    direction, updates = change["compression"]["direction"], change["training"]["updates"]
    push = 2 * workers if direction != "pull" else 0
    pull = 1 + workers if direction != "push" else 0
    return updates * (push + pull)


PROFILES: list[Any] = [
    "none",
    CODEC,
    {"rho": 0.1, "compress_rate": "40 MB/s", "decompress_rate": "900 MB/s", "agreed_fraction": 0.02},
]
LAYERS = [
    {"name": f"layer-{place}", "parameters": f"{10 * place + 5} MB", "forward_time": "1 s", "backward_time": "2 s"}
    for place in range(4)
]


@st.composite
def modified(draw: st.DrawFn) -> dict[str, Any]:
    """Any scenario of sync-ps or all-gather on a star, with a codec for each direction and all modifiers."""
    compression = {
        "push": draw(st.sampled_from(PROFILES)),
        "pull": draw(st.sampled_from(PROFILES)),
        "runs_on": draw(st.sampled_from(["core", "device"])),
    }
    training: dict[str, Any] = {
        "scheme": draw(st.sampled_from(["sync-ps", "all-gather"])),
        "updates": draw(st.integers(1, 4)),
        "exchange": "gradients",
        "double_buffering": draw(st.booleans()),
        "overlap": draw(st.sampled_from(["none", "backward", "full"])),
        "order": draw(st.sampled_from(["fifo", "priority"])),
    }
    if draw(st.booleans()):
        training["slice_size"] = draw(st.sampled_from(["7 MB", "40 MB", "1 GB"]))
    server: dict[str, Any] = {"placement": draw(st.sampled_from(["separate", "colocated"]))}
    speeds = draw(st.lists(st.sampled_from([0.3, 1.0, 2.5]), min_size=1, max_size=4))
    if draw(st.booleans()):
        server["shards"] = draw(st.integers(1, len(speeds)))
    sharing = draw(st.sampled_from(["fair", "fifo"]))
    groups = [{"count": 1, "speed": speed, "cores": 1 + place % 2} for place, speed in enumerate(speeds)]
    return {
        "model": {"parameters": "80 MB", "layers": LAYERS},
        "compute": {"minibatch_time": "12 s", "scaling": draw(st.sampled_from(["strong", "weak"]))},
        "cluster": {"groups": groups, "worker": {"device_sharing": sharing}, "server": server},
        "network": {"topology": "star", "latency": draw(st.sampled_from(["0 s", "10 ms", "3 s"]))},
        "training": training,
        "compression": compression,
    }


def _fraction(codec: Any) -> float:
    return 1.0 if codec == "none" else float(codec["rho"])


def _bytes_an_update(change: dict[str, Any]) -> float:
    """Return what travels between machines in an update [B], by formula."""
    size, workers = 80e6, len(change["cluster"]["groups"])
    push = change["compression"]["push"]
    agreed = 0.0 if push == "none" else push.get("agreed_fraction", 0.0)
    if change["training"]["scheme"] == "all-gather":
        return workers * (workers - 1) * _fraction(push) * size
    # A server on a worker's machine has that worker's share for nothing.
    server = change["cluster"]["server"]
    inside = 1 / workers if server["placement"] == "colocated" else 0.0
    return workers * (1 - inside) * (_fraction(push) + agreed + _fraction(change["compression"]["pull"])) * size


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(modified())
def test_every_second_and_byte_is_accounted_for_with_all_modifiers(change: dict[str, Any]) -> None:
    result = run(change)
    metrics, updates, spans = result.metrics, result.updates, result.spans
    end, count, workers = metrics["total_time_s"], change["training"]["updates"], metrics["workers"]

    for _, lane in spans.groupby(["entity", "lane"], sort=False):
        assert lane["start_s"].iloc[0] == 0
        assert lane["end_s"].iloc[-1] == end
        assert (lane["start_s"].to_numpy()[1:] == lane["end_s"].to_numpy()[:-1]).all()
    length = updates["end_s"] - updates["start_s"]
    assert np.allclose(updates[list(PARTS)].sum(axis=1), length, rtol=1e-12, atol=1e-12 * float(end))
    assert (updates[list(PARTS)] >= -1e-12 * end).all(axis=None)
    late = int(change["training"]["double_buffering"])
    assert (updates["staleness"] == np.minimum(updates["update"] - 1, late)).all()
    assert len(updates) == count * workers

    # Bytes by formula; on a star each crosses two links.
    colocated = change["cluster"]["server"]["placement"] == "colocated"
    assert metrics["bytes_on_wire"] == pytest.approx(count * _bytes_an_update(change), rel=1e-9, abs=1e-3)
    moved = result.links.eval("(end_s - start_s) * rate_bytes_per_s").groupby(result.links["link"]).sum().sum()
    assert moved == pytest.approx(2 * metrics["bytes_on_wire"], rel=1e-9, abs=1e-3)
    # Rates are bytes by durations, which may be short: their rounding counts in bytes.
    excess = result.links.eval("(end_s - start_s) * (rate_bytes_per_s - 100e6)")
    assert (excess <= 1e-3).all()

    # What is encoded is what is sent, each part once, and workers' codecs leave their cores alone on a device.
    if change["training"]["scheme"] == "sync-ps":
        encoded = spans.query("activity == 'encode'").groupby(spans["entity"].str.startswith("worker"))
        if not colocated:
            sizes = encoded["size_bytes"].sum()
            pushed = 80e6 * count * workers if change["compression"]["push"] != "none" else 0
            pulled = 80e6 * count if change["compression"]["pull"] != "none" else 0
            assert sizes.get(True, 0) == pytest.approx(pushed)
            assert sizes.get(False, 0) == pytest.approx(pulled)
    works = spans.query("activity in ('encode', 'decode') and entity.str.startswith('worker')", engine="python")
    if change["compression"]["runs_on"] == "device" and not colocated:
        assert set(works["lane"]) <= {"codec"}
    # Nothing that a dedicated device computes is slowed down by codecs.
    if change["compression"]["runs_on"] == "core":
        each = [12 / (workers if change["compute"]["scaling"] == "strong" else 1) / group["speed"]
            for group in change["cluster"]["groups"]]  # fmt: skip
        told = updates.groupby("worker")["computation_s"].mean().to_numpy()
        assert np.allclose(told, each, rtol=1e-9)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(modified())
def test_recording_changes_nothing_with_all_modifiers(change: dict[str, Any]) -> None:
    recorded, plain = run(change, record=True), run(change, record=False)
    assert recorded.metrics == plain.metrics
    pd.testing.assert_frame_equal(recorded.updates, plain.updates, check_exact=True)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes())
def test_recording_changes_nothing(change: dict[str, Any]) -> None:
    recorded, plain = run(change, record=True), run(change, record=False)
    assert recorded.metrics == plain.metrics
    pd.testing.assert_frame_equal(recorded.updates, plain.updates, check_exact=True)


FINGERPRINT = """
import hashlib, sys
from simcluster import simulate
from tests.building import scenario
change = {"compute": {"jitter": {"distribution": "gamma", "cv": 0.4, "per": "minibatch"}},
          "compression": {"codec": {"ratio": 1.7, "compress_rate": "30 MB/s", "decompress_rate": "90 MB/s"}},
          "training": {"local_iterations": 3, "updates": 4},
          "cluster": {"groups": [{"count": 3}, {"count": 2, "speed": 0.5}]}}
result = simulate(scenario(change), record=sys.argv[1] == "record")
tables = [result.summary, result.updates] + ([result.spans, result.links] if sys.argv[2] == "all" else [])
print(hashlib.sha256("".join(table.to_csv() for table in tables).encode()).hexdigest())
"""


def test_the_same_seed_gives_the_same_bytes_in_every_process() -> None:
    def fingerprint(record: str, tables: str, hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", FINGERPRINT, record, tables]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert len({fingerprint("record", "all", seed) for seed in ("0", "1", "random")}) == 1
    assert fingerprint("record", "two", "3") == fingerprint("plain", "two", "4")


def test_another_seed_gives_other_draws() -> None:
    jitter = {"jitter": {"distribution": "gamma", "cv": 0.4, "per": "update"}}
    times = {simulate(scenario({"compute": jitter, "seed": seed})).metrics["update_time_s"] for seed in range(3)}
    assert len(times) == 3


def test_relabelling_workers_relabels_results() -> None:
    speeds = [0.5, 1.0, 4.0]

    def ends(order: list[float]) -> dict[float, list[float]]:
        change = {"cluster": {"groups": [{"count": 1, "speed": speed} for speed in order]}}
        updates = run(change).updates
        return {
            speed: updates.query(f"worker == 'worker-{place}'")["wait_s"].tolist() for place, speed in enumerate(order)
        }

    assert ends(speeds) == ends(speeds[::-1])
