"""A small scenario file that tests change, and a registry with two topologies and two schemes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from simcluster.options import Duration, Options, Rate

FILES = Path(__file__).parent / "files"

BASE = """\
name: base
model: {parameters: 100 MB}
compute:
  minibatch_time: 0.5 s
  minibatch: 64
cluster:
  workers: 4
network:
  bandwidth: 1 Gbit/s
  latency: 100 us
training:
  scheme: sync-ps
  updates: 3
compression:
  codec: none
seed: 1
"""


class SharedLink(Options):
    topology: Literal["shared-link"] = "shared-link"
    bandwidth: Rate
    latency: Duration = 0.0
    duplex: Literal["half", "full"] = "half"


class Star(Options):
    topology: Literal["star"] = "star"
    bandwidth: Rate
    ports: Annotated[int, Field(ge=1)] = 8


class SyncPs(Options):
    scheme: Literal["sync-ps"] = "sync-ps"
    updates: Annotated[int, Field(ge=1, le=10_000_000)] = 10
    local_iterations: Annotated[int, Field(ge=1)] = 1
    pull: Literal["unicast", "multicast", "free"] = "unicast"


class AsyncPs(Options):
    scheme: Literal["async-ps"] = "async-ps"
    updates: Annotated[int, Field(ge=1)] = 10
    staleness: Annotated[int, Field(ge=0)] = 0


MODELS: dict[str, dict[str, type[Options]]] = {
    "topology": {"shared-link": SharedLink, "star": Star},
    "scheme": {"sync-ps": SyncPs, "async-ps": AsyncPs},
}


class StubRegistry:
    def names(self, kind: Any) -> Sequence[str]:
        return list(MODELS[kind])

    def options(self, kind: Any, name: str) -> type[Options]:
        return MODELS[kind][name]
