"""A small scenario file that tests change, and a registry with two topologies and two schemes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from simcluster.options import Duration, Options, Rate
from simcluster.schemes.options import SchemeOptions
from simcluster.simulation.registry import Registry

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


class SyncPs(SchemeOptions):
    uses_servers: ClassVar[bool] = True
    agrees: ClassVar[bool] = True

    scheme: Literal["sync-ps"] = "sync-ps"
    pull: Literal["unicast", "multicast", "free"] = "unicast"


class AsyncPs(SchemeOptions):
    uses_servers: ClassVar[bool] = True

    scheme: Literal["async-ps"] = "async-ps"
    staleness: Annotated[int, Field(ge=0)] = 0


MODELS: dict[str, dict[str, type[Options]]] = {
    "topology": {"shared-link": SharedLink, "star": Star},
    "scheme": {"sync-ps": SyncPs, "async-ps": AsyncPs},
}


class StubRegistry:
    """Knows these schemes and topologies, and the real codecs."""

    def names(self, kind: Any) -> Sequence[str]:
        return list(MODELS[kind]) if kind in MODELS else Registry().names(kind)

    def options(self, kind: Any, name: str) -> type[Options]:
        return MODELS[kind][name] if kind in MODELS else Registry().options(kind, name)
