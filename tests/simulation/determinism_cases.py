"""What the determinism suite runs: a small case of every scheme, topology, kind of codec, fault and learning problem.

A scheme or codec that is new in the registry is a case by being there.
"""

from __future__ import annotations

from typing import Any

from simcluster.simulation import Registry

JITTER = {"distribution": "lognormal", "cv": 0.4}
MINIBATCHES = {"distribution": "gamma", "cv": 0.7, "per": "minibatch"}
COSTS = {"ratio": 3.7, "compress_rate": "200 MB/s", "decompress_rate": "470 MB/s"}
AGREED = COSTS | {"agreed_fraction": 0.01}
LAYERS = [
    {"name": f"layer-{place}", "parameters": f"{place + 1} MB", "forward_time": "7 ms", "backward_time": "13 ms"}
    for place in range(5)
]
STAR = {"topology": "star", "bandwidth": "100 MB/s", "latency": "1 ms"}
MACHINES = {
    "topology": "machines", "bandwidth": "100 MB/s", "latency": "1 ms", "nodes_per_machine": 2, "inside": "400 MB/s"
}  # fmt: skip
RACKS = {"topology": "racks", "bandwidth": "100 MB/s", "latency": "1 ms", "nodes_per_rack": 2, "oversubscription": 3.0}
CUSTOM = {
    "topology": "custom",
    "links": [{"name": "trunk", "bandwidth": "90 MB/s", "latency": "2 ms"}, {"name": "bus", "bandwidth": "70 MB/s"}],
    "routes": [
        {"source": "worker-*", "destination": "server-0", "links": ["bus", "trunk"]},
        {"source": "worker-*", "destination": "worker-*", "links": ["bus"], "symmetric": False},
    ],
}
OTHERS = [{"rate": "30 MB/s", "on": "100 ms", "off": "300 ms", "random": True}]
#: Schemes that ask for machines with several workers.
IN_MACHINES = {"hierarchical", "h-adpsgd"}
NEEDS: dict[str, dict[str, Any]] = {"h-adpsgd": {"workers_per_machine": 2}}
#: Codecs of the catalogue that encode what is learned.
LEARNED_CODECS = (
    "gzip-epyc", "fp16-epyc", "fixed-point-16-epyc", "1-bit-epyc", "qsgd-4bit-epyc", "terngrad-epyc",
    "dorefa-6bit-epyc", "signsgd-epyc", "top-k-1pct-epyc", "random-k-1pct-epyc", "dgc-01pct-epyc", "sbc-1pct-epyc",
    "powersgd-4-epyc",
)  # fmt: skip


def small(scheme: str, **sections: Any) -> dict[str, Any]:
    """Return a scenario of a few unequal workers, with other sections, or other settings in them."""
    updates = 40 if Registry().options("scheme", scheme).goes_on else 12  # type: ignore[attr-defined]
    data: dict[str, Any] = {
        "name": "small",
        "model": {"parameters": "12 MB"},
        "compute": {"minibatch_time": "0.3 s", "minibatch": 64, "scaling": "weak", "jitter": JITTER},
        "cluster": {"groups": [{"count": 3}, {"count": 2, "speed": 0.6, "cores": 2}]},
        "network": MACHINES if scheme in IN_MACHINES else STAR,
        "training": {"scheme": scheme, "updates": updates, **NEEDS.get(scheme, {})},
        "compression": {"codec": "none"},
        "seed": 11,
    }
    for section, values in sections.items():
        before = data.get(section)
        data[section] = {**before, **values} if isinstance(before, dict) and section != "network" else values
    return data


def _schemes() -> dict[str, dict[str, Any]]:
    """Return every scheme: plain, and with a codec, background traffic and machines that crash."""
    cases = {}
    crash = {"kind": "crash", "on": "worker-*", "every": {"distribution": "exponential", "mean": "6 s"}, "lasts": "1 s"}
    slow = {"kind": "slow", "on": "worker-1", "every": "2 s", "factor": 0.4,
            "lasts": {"distribution": "weibull", "mean": "1 s", "shape": 0.8}}
    for name in Registry().names("scheme"):
        cases[f"scheme {name}"] = small(name)
        network = (MACHINES if name in IN_MACHINES else STAR) | {"background": OTHERS, "unfairness": 0.3}
        cases[f"scheme {name}, codec and traffic"] = small(name, network=network, compression={"codec": COSTS})
        recovery = {"policy": "continue", "restore_time": "200 ms", "checkpoint_interval": "3 s"}
        cases[f"scheme {name}, crashes"] = small(name, faults=[crash, slow], recovery=recovery)
        if Registry().options("scheme", name).overlaps:  # type: ignore[attr-defined]
            overlapped = {"overlap": "full", "order": "priority", "slice_size": "2 MB"}
            cases[f"scheme {name}, overlap"] = small(name, model={"parameters": "15 MB", "layers": LAYERS},
                                                     training=overlapped)
    return cases


def _networks() -> dict[str, dict[str, Any]]:
    """Return every topology, and what disturbs one."""
    shared = {"topology": "shared-link", "bandwidth": "100 MB/s", "latency": "1 ms"}
    platforms = {"shared-link": shared, "star": STAR, "racks": RACKS, "machines": MACHINES, "custom": CUSTOM}
    cases = {f"topology {name}": small("sync-ps", network=platforms[name]) for name in Registry().names("topology")}
    cut = {"link": "*/up", "at": "500 ms", "lasts": "200 ms", "factor": 0.0}
    worn = {"link": "worker-1/*", "factor": 0.5, "every": {"distribution": "pareto", "mean": "1 s", "shape": 1.5},
            "lasts": {"distribution": "lognormal", "mean": "300 ms", "shape": 1.0}}
    disturbed = {
        "background": OTHERS, "unfairness": 0.5, "goodput": 0.94, "message_overhead": "2 kB", "window": "1 MB",
        "schedule": [cut, worn],
    }
    cases["network disturbed"] = small("async-ps", network=RACKS | disturbed)
    cases["network fifo"] = small("async-ps", network=shared | {"discipline": "fifo", "duplex": "full"})
    lossy = {"kind": "link", "on": "worker-*/up", "every": "2 s", "lasts": "500 ms", "factor": 0.1}
    cases["network faulty"] = small("ring-allreduce", faults=[lossy])
    return cases


def _machines() -> dict[str, dict[str, Any]]:
    """Return what codecs, servers and recovery add."""
    crash = {"kind": "crash", "every": {"distribution": "exponential", "mean": "9 s"}, "lasts": "1 s"}
    checkpoints = {"checkpoint_interval": "2 s", "checkpoint_time": "100 ms", "restore_time": "300 ms"}
    return {
        "codec in every update": small(
            "sync-ps", compression={"codec": COSTS}, compute={"jitter": MINIBATCHES},
            training={"local_iterations": 3},
        ),
        "codec homomorphic": small(
            "sync-ps", compression={"codec": COSTS, "usage": "homomorphic", "operation_overhead": 1.3}
        ),
        "codec agreed on": small("sync-ps", compression={"codec": AGREED, "direction": "push"}),
        "codec on the device": small(
            "async-ps", compression={"codec": COSTS, "runs_on": "device"},
            cluster={"worker": {"device_sharing": "fifo"}},
        ),
        "servers on workers": small(
            "ssp", cluster={"server": {"placement": "colocated", "aggregation_rate": "1 GB/s"}}
        ),
        "shards and a multicast": small(
            "sync-ps", cluster={"server": {"shards": 3, "cores": 2}}, training={"pull": "multicast"}
        ),
        "servers that crash": small("async-ps", faults=[{**crash, "on": "*"}], recovery=checkpoints),
        "back to the checkpoint": small(
            "ring-allreduce", faults=[{**crash, "on": "worker-*"}], recovery={**checkpoints, "policy": "restart"}
        ),
    }


def _learning() -> dict[str, dict[str, Any]]:
    """Return real training in every scheme, with every kind of codec, and of every problem."""
    digits = {
        "coupling": "own", "problem": {"kind": "mlp", "hidden": [6]}, "evaluate_every": 3, "every_worker": True,
        "data": {"source": "synthetic", "samples": 400, "features": 8, "classes": 3},
        "optimiser": {"rate": 0.2, "momentum": 0.9}, "shards": {"kind": "dirichlet"},
    }
    cases = {}
    for name in Registry().names("scheme"):
        exchange = "parameters" if name == "easgd" else "gradients"
        cases[f"learning {name}"] = small(name, learning=digits, training={"exchange": exchange})
    for codec in LEARNED_CODECS:
        cases[f"learning with {codec}"] = small(
            "sync-ps", learning=digits, training={"exchange": "gradients"},
            compression={"codec": codec, "direction": "push"},
        )
    for kind in ("quadratic", "linear", "logistic", "softmax", "cnn"):
        data = digits["data"] | {"classes": 2, "features": 16}
        shards = {"kind": "iid"} if kind in ("quadratic", "linear") else {"kind": "classes", "classes": 2}
        problem = digits | {"problem": {"kind": kind}, "data": data, "shards": shards, "sampling": "replacement"}
        cases[f"learning a {kind}"] = small("ad-psgd", learning=problem, training={"exchange": "gradients"})
    return cases


#: Scenarios as a file says them, by name of the case.
SCENARIOS: dict[str, dict[str, Any]] = {**_schemes(), **_networks(), **_machines(), **_learning()}
#: Codecs whose payloads of one tensor are compared.
CODECS = list(Registry().names("codec"))
