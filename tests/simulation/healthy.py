"""Healthy random runs: none of them may be taken for one that is stuck.

Run as ``python -m tests.simulation.healthy --runs 1000``.
Schemes, modifiers, codecs, topologies, jitter, background traffic and faults that are over at some time are drawn at
random; budgets are none.
"""

from __future__ import annotations

import argparse
import random
import sys
import traceback
from collections.abc import Iterable
from time import monotonic
from typing import Any

from simcluster.errors import SimclusterError
from simcluster.simulation import Registry, simulate
from tests.building import scenario
from tests.schemes.test_contract import CODEC, LAYERS, MACHINES, NEEDS, SCHEMES

POLICIES = ("wait", "continue", "restart")
LAWS: tuple[dict[str, Any], ...] = (
    {"distribution": "exponential"},
    {"distribution": "weibull", "shape": 0.7},
    {"distribution": "lognormal", "shape": 1.0},
    {"distribution": "pareto", "shape": 2.5},
)


def draw(seed: int) -> dict[str, Any]:
    """Return the changes of the base scenario that make one healthy run."""
    rng = random.Random(seed)
    scheme = rng.choice(SCHEMES)
    options: Any = Registry().options("scheme", scheme)
    workers = rng.choice([2, 4, 6, 8]) if scheme in MACHINES else rng.randint(1, 9)
    training: dict[str, Any] = {"scheme": scheme, "updates": rng.randint(1, 40), **NEEDS.get(scheme, {})}
    if "exchange" in options.model_fields and rng.random() < 0.5 and scheme != "easgd":
        training["exchange"] = "gradients"
    if options.overlaps:
        training |= rng.choice([{}, {"overlap": "backward"}, {"overlap": "full"}, {"slice_size": "2 MB"}])
    server = rng.choice([{}, {"shards": 2}, {"placement": "colocated"}]) if options.uses_servers and workers > 1 else {}
    return {
        "model": {"parameters": "12 MB", "layers": LAYERS},
        "compute": {"minibatch_time": "0.3 s", "minibatch": 64, "scaling": "weak", "jitter": _jitter(rng)},
        "cluster": {"workers": workers, **({"server": server} if server else {})},
        "network": _network(rng, scheme),
        "training": training,
        "compression": rng.choice([{"codec": "none"}, {"codec": CODEC}, {"codec": CODEC, "runs_on": "device"}]),
        "faults": [_fault(rng) for _ in range(rng.randint(0, 3))],
        "recovery": {
            "policy": rng.choice(POLICIES), "restore_time": "0.2 s", "rebuild_time": "0.1 s",
            "checkpoint_interval": "1 s", "checkpoint_time": "20 ms",
        },
        "seed": seed,
    }  # fmt: skip


def _jitter(rng: random.Random) -> dict[str, Any] | None:
    return rng.choice([None, {"distribution": "lognormal", "cv": 0.5}, {"distribution": "gamma", "cv": 1.5}])


def _network(rng: random.Random, scheme: str) -> dict[str, Any]:
    if scheme in MACHINES:
        inside = {"nodes_per_machine": 2, "inside": "400 MB/s"}
        return {"topology": "machines", "bandwidth": "100 MB/s", "latency": "1 ms", **inside}
    network: dict[str, Any] = {"topology": rng.choice(["star", "shared-link"]), "bandwidth": "100 MB/s"}
    network["latency"] = rng.choice(["0 s", "50 us", "10 ms"])
    if rng.random() < 0.3:
        network["background"] = [{"rate": "60 MB/s", "on": "20 ms", "off": "30 ms", "random": True}]
    return network


def _fault(rng: random.Random) -> dict[str, Any]:
    """Return a fault that is over some time, and leaves enough time in between."""
    kind = rng.choice(["crash", "slow", "link"])
    on = rng.choice(["*", "worker-0"]) if kind != "link" else "*"
    fault: dict[str, Any] = {"kind": kind, "on": on}
    if rng.random() < 0.5:
        fault |= {"at": f"{rng.uniform(0, 5):.3f} s", "lasts": f"{rng.uniform(0.01, 5):.3f} s"}
    else:
        fault |= {"every": {**rng.choice(LAWS), "mean": "20 s"}, "lasts": {**rng.choice(LAWS), "mean": "0.3 s"}}
    if kind != "crash":
        fault["factor"] = rng.choice([0.1, 0.5]) if kind == "slow" else rng.choice([0, 0.1, 0.5])
    return fault


def healthy(seeds: Iterable[int]) -> dict[int, str]:
    """Simulate healthy runs, and return what went wrong in which."""
    failed = {}
    for seed in seeds:
        try:
            simulate(scenario(draw(seed)), record=bool(seed % 2))
        except SimclusterError as error:
            failed[seed] = f"{type(error).__name__}: {error}"
        except Exception:  # whatever it is, the seed tells more than the end of all runs
            failed[seed] = traceback.format_exc()
    return failed


def main() -> int:
    """Simulate as many as are asked for, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="The first seed.")
    asked = parser.parse_args()
    began = monotonic()
    failed = healthy(range(asked.first, asked.first + asked.runs))
    for seed, why in failed.items():
        print(f"seed {seed}: {why}")
    print(f"{asked.runs} runs, {len(failed)} of them failed, in {monotonic() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
