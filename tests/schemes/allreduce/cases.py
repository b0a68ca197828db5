"""Small scenarios of schemes with collective operations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from simcluster.network.fluid import FluidNetwork
from simcluster.results import Result
from tests.building import run

SCHEMES = ["ring-allreduce", "halving-doubling", "tree", "direct", "hierarchical", "all-gather"]
SIZE = 100e6
BANDWIDTH = 100e6
LATENCY = 1e-3
STAR = {"topology": "star", "bandwidth": "100 MB/s", "latency": "1 ms"}
UNEQUAL = {"distribution": "lognormal", "cv": 0.4}
CODEC = {"ratio": 4, "compress_rate": "200 MB/s", "decompress_rate": "400 MB/s"}
LAYERS = [
    {"name": f"layer-{place}", "parameters": f"{place + 1} MB", "forward_time": "10 ms", "backward_time": "20 ms"}
    for place in range(6)
]


def changes(scheme: str, workers: int = 4, *, network: Any = STAR, **training: Any) -> dict[str, Any]:
    """Return one update of equal workers that compute for a second."""
    if scheme == "hierarchical" and network["topology"] != "machines":
        training.setdefault("workers_per_machine", 2)
    return {
        "compute": {"minibatch_time": "1 s", "minibatch": 64, "scaling": "weak"},
        "cluster": {"workers": workers},
        "network": network,
        "training": {"scheme": scheme, "updates": 1, **training},
    }


def exchange_time(result: Result) -> float:
    """Return the time of the first update after computing [s]."""
    return float(result.metrics["total_time_s"]) - 1.0


def carried(result: Result) -> dict[str, float]:
    """Return the bytes that each link carried [B]."""
    return {link.name: link.carried_bytes for link in result.records.links}


@contextmanager
def chunk_by_chunk() -> Iterator[None]:
    """Let every network say that no route is anybody's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FluidNetwork, "private_routes", lambda self, pairs: None)
        yield


def one_by_one(question: dict[str, Any], *, record: bool = True) -> Result:
    """Simulate a scenario chunk by chunk."""
    with chunk_by_chunk():
        return run(question, record=record)
