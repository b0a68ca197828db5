"""What every scheme must do when machines fail: a new one is tested by being in the registry.

The laws are those of any run: what is sent is delivered or discarded (``simulate`` raises otherwise), spans tile every
lane, every update is applied once by everybody who is in, rows of one worker don't overlap, the same seed gives the
same bytes, recording changes nothing; and in the end nobody holds a core, a lane, a device, a lock or a connection.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simcluster.errors import StuckError
from simcluster.recording import PARTS
from simcluster.results import Result
from simcluster.simulation import Registry, simulate
from tests.building import run, scenario
from tests.learning.scenarios import LEARNING, losses
from tests.schemes.resources import inventory
from tests.schemes.test_contract import CODEC, LAYERS, MACHINES, SCHEMES, changes

Faults = list[dict[str, Any]]

#: What the modifiers of schemes need; the codec runs on a core, unless it is said.
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "codec": {"compression": {"codec": CODEC}},
    "device": {"compression": {"codec": CODEC, "runs_on": "device"}},
    "fifo": {"compression": {"codec": CODEC, "runs_on": "device"}, "worker": {"device_sharing": "fifo"}},
    "homomorphic": {"compression": {"usage": "homomorphic", "runs_on": "device", "codec": CODEC}},
    "adding": {"worker": {"aggregation_rate": "100 MB/s"}, "server": {"aggregation_rate": "100 MB/s"}},
    "overlap": {"training": {"overlap": "full"}, "model": {"layers": LAYERS}},
    "overlap-fifo": {
        "training": {"overlap": "full"}, "model": {"layers": LAYERS}, "worker": {"device_sharing": "fifo"},
        "compression": {"codec": CODEC, "runs_on": "device"},
    },
    "slices": {"training": {"slice_size": "3 MB", "order": "priority"}},
    "double": {"training": {"double_buffering": True, "exchange": "gradients"}},
    "shards": {"server": {"shards": 3}},
    "colocated": {"server": {"placement": "colocated"}},
    "multicast": {"training": {"pull": "multicast", "slice_size": "3 MB"}},
}  # fmt: skip


def crash(machine: str, at: float, lasts: float | None = None) -> dict[str, Any]:
    fault = {"kind": "crash", "on": machine, "at": f"{at} s"}
    return fault if lasts is None else fault | {"lasts": f"{lasts} s"}


def often(kind: str, mean: float, lasts: float, **more: Any) -> dict[str, Any]:
    laws = [{"distribution": "exponential", "mean": f"{time} s"} for time in (mean, lasts)]
    return {"kind": kind, "on": "*", "every": laws[0], "lasts": laws[1], **more}


SAVING = {"checkpoint_interval": "0.5 s", "checkpoint_time": "0.1 s"}
#: Faults, and what is done about them.
CASES: dict[str, tuple[Faults, dict[str, Any]]] = {
    "wait": ([crash("worker-1", 0.7, 2)], {}),
    "continue": ([crash("worker-1", 0.7, 1)], {"policy": "continue", "rebuild_time": "0.1 s", "restore_time": "0.1 s"}),
    "time-out": ([crash("worker-1", 0.7, 2)], {"timeout": "0.5 s"}),
    "restart": ([crash("worker-3", 1.9, 0.5)], {"policy": "restart", **SAVING}),
    "lost for good": ([crash("worker-1", 0.7)], {"policy": "continue"}),
    "the first is lost": ([crash("worker-0", 0.5)], {"policy": "continue"}),
    "at time 0": ([crash("worker-0", 0, 1)], {"restore_time": "0.2 s"}),
    "two at once": ([crash("worker-0", 1.1, 1), crash("worker-2", 1.1, 1.5)], {"policy": "continue"}),
    "all at once": ([crash("worker-*", 0.9, 1)], {"restore_time": "0.2 s"}),
    "all at once, and regroup": ([crash("worker-*", 0.9, 1)], {"policy": "continue", "rebuild_time": "0.2 s"}),
    "during recovery": ([crash("worker-1", 0.7, 0.5), crash("worker-1", 1.25, 0.5)], {"restore_time": "0.2 s"}),
    "just after recovery": ([crash("worker-1", 0.7, 0.5), crash("worker-1", 1.41, 0.5)], {"restore_time": "0.2 s"}),
    "one over the other": ([crash("worker-1", 0.7, 1), crash("worker-1", 1.2, 1)], {}),
    "one after the other": ([crash("worker-1", 0.5, 0.5), crash("worker-1", 1, 0.5)], {}),
    "slow phases": ([often("slow", 0.5, 0.3, factor=0.3)], {}),
    "cut links": ([often("link", 0.5, 0.1, factor=0)], {}),
    "all kinds": (
        [often("crash", 4, 0.3), often("slow", 0.5, 0.3, factor=0.3), often("link", 0.5, 0.1, factor=0.1)],
        {"restore_time": "0.1 s", "rebuild_time": "0.05 s", "policy": "continue", **SAVING},
    ),
}
OF_SERVERS: dict[str, tuple[Faults, dict[str, Any]]] = {
    "a server": ([crash("server-0", 1.6, 0.5)], {"restore_time": "0.2 s", **SAVING}),
    "a server at time 0": ([crash("server-0", 0, 0.5)], {"restore_time": "0.2 s"}),
    "a server that has saved nothing": ([crash("server-0", 1.2, 0.5)], {}),
    "a server, a worker down": (
        [crash("worker-1", 1.2, 0.6), crash("server-0", 1.6, 0.5)], {"restore_time": "0.2 s", **SAVING}
    ),
    "a server, a worker restoring": (
        [crash("worker-1", 1.2, 0.3), crash("server-0", 1.6, 0.1)], {"restore_time": "0.5 s", **SAVING}
    ),
    "a worker while a server restores": (
        [crash("server-0", 1.2, 0.3), crash("worker-1", 1.6, 0.4)], {"restore_time": "0.5 s", **SAVING}
    ),
}  # fmt: skip


def question(
    scheme: str, variant: str, faults: Faults, recovery: dict[str, Any], **more: Any
) -> dict[str, Any] | None:
    """Return a small scenario of a scheme with faults; None if the scheme knows no such variant."""
    options: Any = Registry().options("scheme", scheme)
    change = VARIANTS[variant]
    training = change.get("training", {})
    server = change.get("server", {})
    unknown = (
        (not options.overlaps and ("overlap" in training or "slice_size" in training))
        or (not options.buffers and "double_buffering" in training)
        or ("pull" in training and "pull" not in options.model_fields)
        or (not options.uses_servers and ("shards" in server or "placement" in server))
    )
    if unknown:
        return None
    found = changes(scheme, 8 if scheme in MACHINES else 4, **training)
    found["cluster"]["worker"] = change.get("worker", {})
    if options.uses_servers:
        found["cluster"]["server"] = server
    found["model"] = {"parameters": "12 MB", **change.get("model", {})}
    found["compression"] = change.get("compression", {"codec": "none"})
    return found | {"faults": faults, "recovery": recovery} | more


def check(result: Result) -> None:
    """See that every second, update and worker is accounted for."""
    updates, spans, end = result.updates, result.spans, result.metrics["total_time_s"]
    for _, lane in spans.groupby(["entity", "lane"], sort=False):
        assert lane["start_s"].iloc[0] == 0
        assert lane["end_s"].iloc[-1] == end
        assert (lane["start_s"].to_numpy()[1:] == lane["end_s"].to_numpy()[:-1]).all()

    length = updates["end_s"] - updates["start_s"]
    assert np.allclose(updates[list(PARTS)].sum(axis=1), length, rtol=1e-12, atol=1e-9)
    assert (updates[list(PARTS)] >= -1e-12).all(axis=None)
    assert (updates["staleness"] >= 0).all()
    for _, rows in updates.sort_values(["start_s", "end_s"]).groupby("worker"):
        assert (rows["start_s"].to_numpy()[1:] >= rows["end_s"].to_numpy()[:-1] - 1e-9).all()

    applied = updates.query("update > 0")
    assert sorted(set(applied["update"])) == list(range(1, int(result.metrics["updates"] or 0) + 1))
    assert not applied.duplicated(["update", "worker"]).any()
    assert (applied["applied_s"] <= end).all()

    computing = spans.query("lane == 'compute' and activity == 'compute'")
    seen = (computing["end_s"] - computing["start_s"]).groupby(computing["entity"]).sum()
    told = updates.groupby("worker")["computation_s"].sum()
    assert np.allclose(seen.reindex(told.index), told, rtol=1e-9)
    for down in result.incidents.query("kind == 'crash'").itertuples():
        meanwhile = (computing["start_s"] < down.end_s - 1e-9) & (computing["end_s"] > down.start_s + 1e-9)
        assert not (meanwhile & (computing["entity"] == down.entity)).any()


def go(data: dict[str, Any]) -> Result:
    """Run a scenario, and check it; again without recording, and compare."""
    with inventory() as kept:
        result = simulate(scenario(data), record=True)
    check(result)
    assert kept.held() == []
    again = simulate(scenario(data))
    assert again.updates.to_csv() == result.updates.to_csv()
    assert again.incidents.to_csv() == result.incidents.to_csv()
    assert again.metrics == result.metrics
    return result


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_training_survives(scheme: str, case: str) -> None:
    faults, recovery = CASES[case]
    data = question(scheme, "codec", faults, recovery)
    assert data is not None
    result = go(data)
    assert result.metrics["updates"] == data["training"]["updates"]
    assert result.metrics["incomplete"] is None


@pytest.mark.parametrize("case", OF_SERVERS)
@pytest.mark.parametrize("scheme", [name for name in SCHEMES if Registry().options("scheme", name).uses_servers])  # type: ignore[attr-defined]
def test_a_training_survives_its_server(scheme: str, case: str) -> None:
    data = question(scheme, "codec", *OF_SERVERS[case])
    assert data is not None
    assert go(data).metrics["crashes"] == len(data["faults"])


@pytest.mark.parametrize(
    ("scheme", "variant"),
    [(scheme, variant) for scheme in SCHEMES for variant in VARIANTS if question(scheme, variant, [], {})],
)
def test_its_modifiers_survive_too(scheme: str, variant: str) -> None:
    for case in ("wait", "continue", "restart", "all kinds"):
        data = question(scheme, variant, *CASES[case])
        assert data is not None
        go(data)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_random_faults_of_thirty_seeds(scheme: str) -> None:
    names = list(VARIANTS)
    policies = ("wait", "continue", "restart")
    for seed in range(30):
        recovery = {"restore_time": "0.1 s", "policy": policies[seed % 3], **SAVING}
        faults = [often("crash", 10, 0.3)]
        data = question(scheme, names[seed % len(names)], faults, recovery, seed=seed) or question(
            scheme, "plain", faults, recovery, seed=seed
        )
        assert data is not None
        with inventory() as kept:
            check(simulate(scenario(data), record=True))
        assert kept.held() == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_fault_that_never_strikes_changes_no_byte(scheme: str) -> None:
    for variant in ("plain", "overlap"):
        data = question(scheme, variant, [], {})
        if data is None:
            continue
        plain = run(data)
        never = run(
            data
            | {
                "faults": [
                    crash("worker-0", 1e6, 1),
                    {"kind": "slow", "on": "*", "at": "1e6 s", "lasts": "1 s", "factor": 0.5},
                    {"kind": "link", "on": "*", "at": "1e6 s", "lasts": "1 s", "factor": 0.5},
                ]
            }
        )
        # A network that may be interrupted isn't computed in bulk: the last bits of times may differ there.
        exact = scheme != "ring-allreduce"
        for table, other in ((plain.updates, never.updates), (plain.spans, never.spans)):
            if exact:
                assert table.to_csv() == other.to_csv()
        assert never.metrics["total_time_s"] == pytest.approx(plain.metrics["total_time_s"], rel=1e-12)
        assert never.metrics["bytes_on_wire"] == pytest.approx(plain.metrics["bytes_on_wire"], rel=1e-12)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_crash_at_the_last_update_ends_as_one_before(scheme: str) -> None:
    data = question(scheme, "codec", [], {})
    assert data is not None
    end = float(run(data, record=False).metrics["total_time_s"] or 0)
    for share in (0.97, 0.999, 1.0):
        result = go(data | {"faults": [crash("worker-1", share * end, 0.5)]})
        assert result.metrics["updates"] == data["training"]["updates"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_crash_while_a_checkpoint_is_written_spoils_it(scheme: str) -> None:
    data = question(scheme, "codec", [], {"policy": "restart", **SAVING})
    assert data is not None
    options: Any = Registry().options("scheme", scheme)
    if options.goes_on:  # where it isn't the workers who stop for a checkpoint
        data["recovery"] = SAVING
    first = run(data, record=False).incidents.iloc[0]
    assert first["kind"] == "checkpoint"
    middle = (first["start_s"] + first["end_s"]) / 2
    data["faults"] = [crash("server-0" if options.goes_on else "worker-1", middle, 0.3)]
    result = go(data)
    written = result.incidents.query("kind == 'checkpoint'")
    assert written["start_s"].min() > middle
    assert result.updates.query("update == 1")["start_s"].min() >= middle + 0.3 - 1e-9


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_group_that_loses_all_but_one_goes_on(scheme: str) -> None:
    data = question(scheme, "plain", [], {"policy": "continue"})
    assert data is not None
    others = range(1, data["cluster"]["workers"])
    data["faults"] = [crash(f"worker-{index}", 0.2 + 0.2 * index) for index in others]
    if scheme == "backup-workers":
        with pytest.raises(StuckError, match=r"worker-2 is down since 0.6 s, for good"):
            go(data)
    else:
        assert go(data).metrics["updates"] == data["training"]["updates"]


@pytest.mark.parametrize("scheme", ["ad-psgd", "ssp"])
def test_nobody_waits_for_the_slowest_or_a_partner_that_is_lost(scheme: str) -> None:
    more = {"bound": 1} if scheme == "ssp" else {"averaging": "once-per-update"}
    for lost in range(4):
        data = question(scheme, "plain", [crash(f"worker-{lost}", 1)], {"policy": "continue"})
        assert data is not None
        data["training"] |= more | {"updates": 80}
        result = go(data)
        after = result.updates.query("update > 0 and start_s > 2")
        assert set(after["worker"]) == {f"worker-{index}" for index in range(4) if index != lost}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_real_training_goes_on_after_faults(scheme: str) -> None:
    """What is learned after a crash is learned on parameters that everybody has: the loss goes down all the same."""
    faults, recovery = CASES["all kinds"]
    data = question(scheme, "plain", faults, recovery)
    assert data is not None
    data |= {"learning": LEARNING | {"coupling": "stand-in", "evaluate_every": 4}}
    data["training"] |= {"exchange": "gradients"} if scheme not in ("easgd",) else {}
    result = run(data)
    loss = losses(result)
    assert np.isfinite(loss).all()
    assert loss[-1] < loss[0]
