"""Scenarios that the tests of the parameter-server family share."""

from __future__ import annotations

from typing import Any

from simcluster.results import Result
from tests.building import run

#: W/B = 1 s; worker 0 computes 1 s and worker 1 computes 4 s.
UNEQUAL = {"groups": [{"count": 1, "speed": 4.0}, {"count": 1, "speed": 1.0}]}
#: encode 4 s, decode 2 s, 100 MB -> 50 MB.
CODEC = {"rho": 0.5, "compress_time": "4 s", "decompress_time": "2 s"}
#: As many bytes each way over every interface, at 100 MB/s.
STAR = {"topology": "star", "bandwidth": "100 MB/s", "latency": "0 s"}
EXPONENTIAL = {"distribution": "exponential"}
LAYERS = [
    {"name": f"layer-{place}", "parameters": "25 MB", "forward_time": "1 s", "backward_time": "1 s"}
    for place in range(4)
]


def two(scheme: str, updates: int, changes: dict[str, Any] | None = None, **training: Any) -> Result:
    """Run a scheme on the two unequal workers."""
    sections = {"cluster": UNEQUAL, "training": {"scheme": scheme, "updates": updates, **training}}
    return run(sections | (changes or {}))


def times(result: Result, worker: int, column: str = "applied_s") -> list[float]:
    """Return a column of a worker's applied updates, in their order."""
    rows = result.updates.query("update > 0 and worker == @name", local_dict={"name": f"worker-{worker}"})
    found: list[float] = rows.sort_values("update")[column].tolist()
    return found


def carried(result: Result) -> dict[str, float]:
    """Return the bytes that each link of a recorded run carried [B]."""
    links = result.links
    sizes = (links["end_s"] - links["start_s"]) * links["rate_bytes_per_s"]
    return {str(link): float(size) for link, size in sizes.groupby(links["link"]).sum().items()}
