"""A star: every node has its own full-duplex interface on a switch that never binds.

Each node has two links, ``NODE/up`` and ``NODE/down``; a transfer crosses the source's up and the destination's down.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from simcluster.network.building import Assembly
from simcluster.network.conditions import NetworkOptions
from simcluster.network.interfaces import Interfaces, Ports
from simcluster.network.node import Node
from simcluster.options import Duration, Rate
from simcluster.protocols import Network, Recorder

if TYPE_CHECKING:
    from simpy import Environment


class StarOptions(NetworkOptions):
    """Options of the topology ``star``."""

    topology: Literal["star"] = "star"
    bandwidth: Rate = Field(description="What an interface carries in each direction.")
    latency: Duration = Field(default=0.0, description="What a transfer waits before its first byte moves.")
    interfaces: Interfaces = ()


OPTIONS = StarOptions


def build(env: Environment, options: StarOptions, nodes: Sequence[Node], recorder: Recorder, seed: int = 0) -> Network:
    """Return the live network of a scenario; for the parameters see :func:`simcluster.network.shared_link.build`."""
    assembly = Assembly(env, options, recorder, seed)
    ports = Ports(assembly, nodes, options.bandwidth, options.latency, options.interfaces)
    ups, downs = ports.up, ports.down
    return assembly.network(lambda source, destination: (ups[source], downs[destination]))
