"""What every scheme must do: a new one is tested by being in the registry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simcluster import analysis
from simcluster.recording import PARTS
from simcluster.simulation import Registry, simulate
from simcluster.trace import trace_events
from tests.building import run, scenario

SCHEMES = list(Registry().names("scheme"))
CODEC = {"ratio": 2, "compress_rate": "200 MB/s", "decompress_rate": "400 MB/s"}
UNEQUAL = {"distribution": "lognormal", "cv": 0.4}
STAR = {"topology": "star", "bandwidth": "100 MB/s", "latency": "1 ms"}
#: Schemes that ask for machines with several workers.
MACHINES = {"hierarchical", "h-adpsgd"}
#: What a scheme needs besides its name.
NEEDS: dict[str, dict[str, Any]] = {"h-adpsgd": {"workers_per_machine": 2}}
#: Settings without which a scheme hides its communication behind computing already.
EXPOSED: dict[str, dict[str, Any]] = {"d-psgd": {"averaging": "adapt-then-combine"}}
LAYERS = [
    {"name": f"layer-{place}", "parameters": "2 MB", "forward_time": "10 ms", "backward_time": "20 ms"}
    for place in range(6)
]


def changes(scheme: str, workers: int = 3, **training: Any) -> dict[str, Any]:
    """Return a small scenario of a scheme, with unequal workers."""
    network = dict(STAR)
    if scheme in MACHINES:
        inside = {"nodes_per_machine": 2, "inside": "400 MB/s"}
        network = {"topology": "machines", "bandwidth": "100 MB/s", "latency": "1 ms", **inside}
    updates = 6 * workers if asynchronous(scheme, workers) else 6
    return {
        "model": {"parameters": "12 MB"},
        "compute": {"minibatch_time": "0.3 s", "minibatch": 64, "scaling": "weak", "jitter": UNEQUAL},
        "cluster": {"workers": workers},
        "network": network,
        "training": {"scheme": scheme, "updates": updates, **NEEDS.get(scheme, {}), **training},
    }


def asynchronous(scheme: str, workers: int) -> bool:
    """Whether an update is the contribution of some workers, not of all."""
    options = Registry().options("scheme", scheme).model_validate({"scheme": scheme, **NEEDS.get(scheme, {})})
    contributions: int = options.contributions(workers)  # type: ignore[attr-defined]
    return contributions < workers


@pytest.mark.parametrize("codec", ["none", CODEC], ids=["plain", "codec"])
@pytest.mark.parametrize("workers", [1, 2, 3, 7, 16])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_second_and_byte_is_accounted_for_and_nobody_starves(scheme: str, workers: int, codec: Any) -> None:
    result = run(changes(scheme, workers) | {"compression": {"codec": codec}})
    updates, spans, end = result.updates, result.spans, result.metrics["total_time_s"]

    for _, lane in spans.groupby(["entity", "lane"], sort=False):
        assert lane["start_s"].iloc[0] == 0
        assert lane["end_s"].iloc[-1] == end
        assert (lane["start_s"].to_numpy()[1:] == lane["end_s"].to_numpy()[:-1]).all()

    length = updates["end_s"] - updates["start_s"]
    assert np.allclose(updates[list(PARTS)].sum(axis=1), length, rtol=1e-12, atol=1e-9)
    assert (updates[list(PARTS)] >= -1e-12).all(axis=None)
    assert (updates["staleness"] >= 0).all()

    applied = updates.query("update > 0")
    assert set(applied["worker"]) == {f"worker-{index}" for index in range(workers)}
    assert sorted(set(applied["update"])) == list(range(1, result.metrics["updates"] + 1))
    assert (applied["applied_s"] <= end).all()

    computing = spans.query("lane == 'compute' and activity == 'compute'")
    seen = (computing["end_s"] - computing["start_s"]).groupby(computing["entity"]).sum()
    told = updates.groupby("worker")["computation_s"].sum()
    assert np.allclose(seen.reindex(told.index), told, rtol=1e-9)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_same_seed_gives_the_same_bytes_and_recording_is_neutral(scheme: str) -> None:
    question = scenario(changes(scheme, 7))
    results = [simulate(question, record=record) for record in (False, True, False)]
    rows = [result.updates.to_csv() for result in results]
    assert rows[0] == rows[1] == rows[2]
    assert results[0].metrics == results[1].metrics
    other = simulate(scenario(changes(scheme, 7) | {"seed": 8}))
    assert other.updates.to_csv() != rows[0]


@pytest.mark.parametrize("overlap", ["backward", "full"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_overlap_costs_no_byte_and_saves_time(scheme: str, overlap: str) -> None:
    options = Registry().options("scheme", scheme)
    if not options.overlaps:  # type: ignore[attr-defined]
        with pytest.raises(Exception, match="behind the computation already"):
            scenario(changes(scheme, 4, overlap=overlap))
        return
    layers = {"model": {"layers": LAYERS, "parameters": "12 MB"}}
    steady = layers | {"compute": {"minibatch_time": "0.3 s", "jitter": None}}
    exposed = EXPOSED.get(scheme, {})
    plain = run(changes(scheme, 4, **exposed) | steady)
    hidden = run(changes(scheme, 4, overlap=overlap, **exposed) | steady)
    assert hidden.metrics["update_time_s"] < plain.metrics["update_time_s"]
    if not asynchronous(scheme, 4):
        assert hidden.metrics["bytes_on_wire"] == pytest.approx(plain.metrics["bytes_on_wire"], rel=1e-6)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_explanation_and_trace_are_about_the_updates_that_were_applied(scheme: str) -> None:
    result = run(changes(scheme, 4) | {"compression": {"codec": CODEC}})
    explained = analysis.explain(result)
    assert explained.length_s == pytest.approx(result.metrics["update_time_s"], rel=1e-9)
    assert 1 <= explained.shown <= result.metrics["updates"]

    arrows: dict[int, list[int]] = {}
    for event in trace_events(result.spans, result.links):
        if event["ph"] in "stf":
            arrows.setdefault(event["id"], []).append(event["ts"])
    assert bool(arrows) == Registry().options("scheme", scheme).uses_servers  # type: ignore[attr-defined]
    assert all(list(times) == sorted(times) for times in arrows.values())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_run_can_go_on_for_a_while(scheme: str) -> None:
    """Time to a fixed number of updates grows linearly: no backlog, nobody stuck."""
    question = changes(scheme, 4)
    question["compute"]["jitter"] = None
    times = []
    for factor in (1, 4):
        question["training"]["updates"] = 24 * factor
        times.append(run(question, record=False).metrics["total_time_s"])
    assert times[1] / times[0] == pytest.approx(4, rel=0.15)


#: Relabellings of four workers under which a scheme must look the same: all where every place is alike, turns where
#: everybody begins with the next one, neighbours of a hypercube. Roots of trees, leaders, and who is active in a pair
#: are places of their own.
RELABELLED = {
    **dict.fromkeys(("sync-ps", "async-ps", "ssp", "backup-workers", "easgd"), (3, 0, 2, 1)),
    **dict.fromkeys(("ring-allreduce", "direct", "all-gather", "d-psgd"), (1, 2, 3, 0)),
    "halving-doubling": (1, 0, 3, 2),
}


@pytest.mark.parametrize("codec", ["none", CODEC], ids=["plain", "codec"])
@pytest.mark.parametrize("scheme", RELABELLED)
def test_relabelling_workers_permutes_the_results(scheme: str, codec: Any) -> None:
    """Workers of four speeds; each keeps its life, whatever its number."""
    speeds = (1.0, 1.3, 1.7, 2.3)
    lives = []
    for places in ((0, 1, 2, 3), RELABELLED[scheme]):
        question = changes(scheme, 4) | {"compression": {"codec": codec}}
        question["compute"] = question["compute"] | {"jitter": None}
        question["cluster"] = {"groups": [{"count": 1, "speed": speeds[place]} for place in places]}
        updates = run(question, record=False).updates
        rows = {
            speeds[place]: updates[updates["worker"] == f"worker-{index}"].drop(columns="worker").to_numpy(float)
            for index, place in enumerate(places)
        }
        lives.append(rows)
    for speed in speeds:
        assert np.allclose(lives[0][speed], lives[1][speed], rtol=1e-9, atol=1e-9), speed
