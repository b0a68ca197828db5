"""Racks of nodes: top-of-rack switches with oversubscribed uplinks to a core.

Each node has an interface (``NODE/up``, ``NODE/down``), and each rack an uplink to the core (``rack-0/up``,
``rack-0/down``). The switch of a rack never binds; the core does only if it is given a bandwidth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from simcluster.network.building import Assembly
from simcluster.network.conditions import NetworkOptions
from simcluster.network.interfaces import Apart, Interfaces, Ports, places
from simcluster.network.link import Link
from simcluster.network.node import Node
from simcluster.options import Duration, PositiveNumber, Rate
from simcluster.protocols import Network, Recorder

if TYPE_CHECKING:
    from simpy import Environment


class RacksOptions(NetworkOptions):
    """Options of the topology ``racks``."""

    topology: Literal["racks"] = "racks"
    bandwidth: Rate = Field(description="What a node's interface carries in each direction.")
    nodes_per_rack: int = Field(ge=1, description="Nodes are put into racks in order.")
    oversubscription: PositiveNumber = Field(
        default=1.0, description="Bandwidth of all interfaces of a full rack / bandwidth of its uplink."
    )
    core: Rate | None = Field(default=None, description="What the core carries in all; without limit by default.")
    latency: Duration = Field(default=0.0, description="What a transfer waits before its first byte moves.")
    core_latency: Duration = Field(default=0.0, description="What a transfer between two racks waits besides.")
    interfaces: Interfaces = ()
    apart: Apart = ()


OPTIONS = RacksOptions


def build(env: Environment, options: RacksOptions, nodes: Sequence[Node], recorder: Recorder, seed: int = 0) -> Network:
    """Return the live network of a scenario; for the parameters see :func:`simcluster.network.shared_link.build`."""
    assembly = Assembly(env, options, recorder, seed)
    ports = Ports(assembly, nodes, options.bandwidth, options.latency, options.interfaces)
    rack = places(nodes, options.nodes_per_rack, options.apart)
    uplink = options.bandwidth * options.nodes_per_rack / options.oversubscription
    numbers = sorted(set(rack.values()))
    ups = {number: assembly.link(f"rack-{number}/up", uplink, options.core_latency) for number in numbers}
    downs = {number: assembly.link(f"rack-{number}/down", uplink) for number in numbers}
    core = [assembly.link("core", options.core)] if options.core is not None else []

    def path(source: str, destination: str) -> Sequence[Link]:
        here, there = rack[source], rack[destination]
        between = [] if here == there else [ups[here], *core, downs[there]]
        return [ports.up[source], *between, ports.down[destination]]

    return assembly.network(path)
