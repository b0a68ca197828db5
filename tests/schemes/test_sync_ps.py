"""Synchronous SGD through a parameter server: by hand, against theory, and against a slow re-computation."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import pytest

from simcluster.theory.order_statistics import Distribution, expected_maximum
from simcluster.theory.symmetric import SymmetricUpdate
from tests.building import run, scenario
from tests.schemes.reference import Reference

#: encode 4 s, decode 2 s, 100 MB -> 50 MB.
CODEC = {"rho": 0.5, "compress_time": "4 s", "decompress_time": "2 s"}


class TestByHand:
    """W/B = 1 s; 4 workers; c = 8/4 = 2 s."""

    def test_vanilla(self) -> None:
        # 2 s of computing, 4 pushes share the link for 4 s, 4 pulls for 4 s.
        metrics = run().metrics
        assert metrics["update_time_s"] == 10
        assert (metrics["computation_s"], metrics["push_s"], metrics["pull_s"]) == (2, 4, 4)
        assert metrics["transfer_s"] == 8
        assert metrics["total_time_s"] == 20
        assert metrics["bytes_on_wire"] == 2 * 8 * 100e6
        assert metrics["speedup"] == pytest.approx(8 / 10)

    def test_every_update(self) -> None:
        # 2 compute, 4 encode, 4*0.5 push, 4*2 decode in turn, 4 encode, 2 pull, 2 decode.
        metrics = run({"compression": {"codec": CODEC, "usage": "every-update"}}).metrics
        assert metrics["update_time_s"] == 2 + 4 + 2 + 8 + 4 + 2 + 2
        assert metrics["server_decode_s"] == 8
        assert metrics["wait_s"] == 0

    def test_more_server_cores_decode_side_by_side(self) -> None:
        changes = {"compression": {"codec": CODEC}, "cluster": {"workers": 4, "server": {"cores": 3}}}
        assert run(changes).metrics["server_decode_s"] == 4  # three at once, and one more

    def test_direction(self) -> None:
        push = run({"compression": {"codec": CODEC, "direction": "push"}}).metrics
        assert push["update_time_s"] == 2 + 4 + 2 + 8 + 4
        pull = run({"compression": {"codec": CODEC, "direction": "pull"}}).metrics
        assert pull["update_time_s"] == 2 + 4 + 4 + 2 + 2

    def test_homomorphic_codes_once(self) -> None:
        metrics = run({"compression": {"codec": CODEC, "usage": "homomorphic", "operation_overhead": 1.5}}).metrics
        assert metrics["update_time_s"] == 3 + 2 + 2
        assert metrics["total_time_s"] == 4 + 2 * 7 + 2
        assert metrics["encode_s"] == metrics["decode_s"] == 0

    def test_one_time_computes_at_full_speed(self) -> None:
        assert run({"compression": {"codec": CODEC, "usage": "one-time"}}).metrics["update_time_s"] == 2 + 2 + 2

    @pytest.mark.parametrize(("usage", "seconds"), [("every-update", 4), ("homomorphic", 2)])
    def test_aggregation_reads_what_is_averaged(self, usage: str, seconds: float) -> None:
        changes = {
            "compression": {"codec": CODEC, "usage": usage},
            "cluster": {"workers": 4, "server": {"aggregation_rate": "100 MB/s"}},
        }
        assert run(changes).metrics["aggregate_s"] == seconds

    @pytest.mark.parametrize(("pull", "seconds"), [("unicast", 4.5), ("multicast", 1.5), ("free", 0)])
    def test_pull(self, pull: str, seconds: float) -> None:
        metrics = run({"training": {"pull": pull}, "network": {"latency": "0.5 s"}}).metrics
        assert metrics["pull_s"] == seconds
        assert metrics["push_s"] == 4.5

    def test_weak_scaling_keeps_the_minibatch(self) -> None:
        metrics = run({"compute": {"scaling": "weak"}}).metrics
        assert metrics["computation_s"] == 8
        assert metrics["samples_per_s"] == 4 * 64 / 16

    def test_the_server_decodes_what_has_arrived_while_others_still_compute(self) -> None:
        # Speeds 2 and 1, c = 4 s: computed at 2 and 4, encoded at 6 and 8, pushed alone in 0.5 s each; the first is
        # decoded from 6.5 to 8.5, exactly when the second arrives. Equal workers would have needed 5 s after encoding.
        groups = [{"count": 1, "speed": 2.0}, {"count": 1, "speed": 1.0}]
        result = run({"cluster": {"groups": groups}, "compression": {"codec": CODEC}, "training": {"updates": 1}})
        assert result.metrics["update_time_s"] == 10.5 + 4 + 1 + 2
        decodes = result.spans.query("entity == 'server-0' and activity == 'decode'")
        assert decodes["start_s"].tolist() == [6.5, 8.5]

    def test_the_faster_worker_waits_at_the_barrier(self) -> None:
        groups = [{"count": 1, "speed": 2.0}, {"count": 1, "speed": 1.0}]
        result = run({"cluster": {"groups": groups}, "training": {"updates": 1}})
        # computed at 2 and 4 s; the first push is alone and over at 3, the second at 5.
        assert result.updates["wait_s"].tolist() == [2, 0]


PULLS = ["unicast", "multicast", "free"]
USAGES: list[dict[str, Any]] = [
    {"codec": "none"},
    *({"codec": CODEC, "usage": "every-update", "direction": way} for way in ("push", "pull", "both")),
    {"codec": CODEC, "usage": "one-time"},
    {"codec": CODEC, "usage": "homomorphic", "operation_overhead": 1.37},
]


@pytest.mark.parametrize("compression", USAGES, ids=lambda one: "-".join(map(str, one.values())).split("{")[0] or "own")
@pytest.mark.parametrize("pull", PULLS)
def test_symmetric_workers_meet_theory(compression: dict[str, Any], pull: str) -> None:
    for workers, cores, scaling in itertools.product(range(1, 26), (1, 4), ("strong", "weak")):
        changes = {
            "model": {"parameters": "243860896 B"},
            "compute": {"minibatch_time": "0.45 s", "minibatch": 256, "scaling": scaling},
            "cluster": {"workers": workers, "server": {"cores": cores, "aggregation_rate": "3 GB/s"}},
            "network": {"bandwidth": "1 Gbit/s", "latency": "137 us"},
            "training": {"local_iterations": 200, "updates": 3, "pull": pull},
            "compression": compression,
        }
        result = run(changes, record=False)
        none = compression["codec"] == "none"
        theory = SymmetricUpdate(
            workers=workers,
            iterations=200,
            minibatch_time=0.45,
            parameters=243860896,
            bandwidth=125e6,
            scaling=scaling,
            latency=137e-6,
            pull=pull,
            compressed_fraction=1.0 if none else 0.5,
            encode_time=0.0 if none else 4.0,
            decode_time=0.0 if none else 2.0,
            usage=compression.get("usage", "every-update"),
            direction=compression.get("direction", "both"),
            operation_overhead=compression.get("operation_overhead", 1.0),
            cores=cores,
            aggregation_rate=3e9,
        )
        parts = theory.parts()
        case = (workers, cores, scaling)
        assert result.metrics["update_time_s"] == pytest.approx(parts.total, rel=1e-12), case
        assert result.metrics["total_time_s"] == pytest.approx(theory.total_time(3), rel=1e-12), case
        for name in ("computation", "encode", "push", "server_decode", "aggregate", "server_encode", "pull", "decode"):
            expected = getattr(parts, name)
            simulated = result.metrics[f"{name}_s"]
            assert simulated == pytest.approx(expected, rel=1e-11, abs=1e-12 * parts.total), (case, name)


@pytest.mark.parametrize("seed", range(40))
def test_unequal_workers_meet_the_slow_re_computation(seed: int) -> None:
    rng = random.Random(seed)
    workers, minibatch_time = rng.randint(1, 9), rng.choice([2.0, 8.0, 11.0])
    speeds = [rng.choice([0.3, 0.5, 1.0, 1.0, 1.7, 4.0]) for _ in range(workers)]
    encoded = rng.random() < 0.7
    reference = Reference(
        compute=[minibatch_time / workers / speed for speed in speeds],
        parameters=100e6,
        bandwidth=100e6,
        latency=rng.choice([0.0, 0.01, 0.7]),
        fraction=0.5 if encoded else 1.0,
        encode=4.0 if encoded else 0.0,
        decode=2.0 if encoded else 0.0,
        cores=rng.randint(1, 4),
        pull=rng.choice(PULLS),
    )
    changes = {
        "compute": {"minibatch_time": f"{minibatch_time} s"},
        "cluster": {
            "groups": [{"count": 1, "speed": speed} for speed in speeds],
            "server": {"cores": reference.cores},
        },
        "network": {"latency": f"{reference.latency} s"},
        "training": {"pull": reference.pull, "updates": 3},
        "compression": {"codec": CODEC if encoded else "none"},
    }
    ends = [time for _, time in sorted(run(changes).updates.groupby("update")["end_s"].max().items())]
    assert ends == pytest.approx(reference.update_ends(3), rel=1e-12)


@pytest.mark.parametrize(
    ("distribution", "cv"), [("exponential", 1.0), ("lognormal", 0.5), ("gamma", 0.7), ("uniform", 0.4)]
)
def test_stragglers_cost_the_order_statistic(distribution: Distribution, cv: float) -> None:
    # Transfers take nothing beside computing, so that an update lasts as long as its slowest worker: mean tau * H_M.
    changes = {
        "model": {"parameters": "1 B"},
        "network": {"bandwidth": "100 Gbit/s"},
        "compute": {"minibatch_time": "16 s", "jitter": {"distribution": distribution, "cv": cv, "per": "update"}},
        "cluster": {"workers": 16},
        "training": {"updates": 4000},
    }
    metrics = run(changes, record=False).metrics
    half_width = 3.29 * float(metrics["update_time_s_std"]) / math.sqrt(4000)  # 99.9 %
    assert half_width < 0.025 * float(metrics["update_time_s"])
    assert abs(float(metrics["update_time_s"]) - expected_maximum(distribution, cv, 16)) < half_width


@pytest.mark.parametrize("per", ["update", "minibatch"])
@pytest.mark.parametrize(
    ("distribution", "cv"), [("lognormal", 0.8), ("gamma", 0.4), ("uniform", 0.5), ("exponential", 1)]
)
def test_jitter_keeps_the_mean_and_has_the_spread(distribution: str, cv: float, per: str) -> None:
    changes = {
        "model": {"parameters": "1 B"},
        "compute": {"minibatch_time": "1 s", "jitter": {"distribution": distribution, "cv": cv, "per": per}},
        "cluster": {"workers": 1},
        "training": {"updates": 4000, "local_iterations": 4, "pull": "free"},
    }
    metrics = run(changes, record=False).metrics
    spread = cv * 4 if per == "update" else cv * 2
    assert metrics["update_time_s"] == pytest.approx(4, abs=3.29 * spread / math.sqrt(4000))
    assert metrics["update_time_s_std"] == pytest.approx(spread, rel=0.15)


def test_one_more_worker_changes_no_other_draw() -> None:
    def computations(workers: int) -> list[float]:
        jitter = {"distribution": "lognormal", "cv": 0.5, "per": "update"}
        result = run({"compute": {"scaling": "weak", "jitter": jitter}, "cluster": {"workers": workers}})
        return result.updates.query("worker == 'worker-1'")["computation_s"].tolist()

    # The second update's computation is a difference of two instants, which differ with the workers.
    assert computations(3)[0] == computations(4)[0]
    assert computations(3) == pytest.approx(computations(4), rel=1e-12)


def test_scaling_all_times_scales_the_results_exactly() -> None:
    jitter = {"distribution": "lognormal", "cv": 0.5, "per": "update"}
    one = run({"compute": {"jitter": jitter}, "network": {"bandwidth": "100 MB/s"}}).updates
    two = run(
        {"compute": {"jitter": jitter, "minibatch_time": "16 s"}, "network": {"bandwidth": "50 MB/s"}}
    ).updates
    times = [name for name in one.columns if name.endswith("_s")]
    assert (one[times] * 2 == two[times]).all(axis=None)


def test_the_scenario_of_the_tests_is_the_one_they_say() -> None:
    assert scenario().network.bandwidth == 100e6
