"""Machines with several devices: fast links inside, one interface outside.

Each node is a device with its own link inside its machine (NVLink, PCIe: ``NODE/up``, ``NODE/down``); each machine has
one interface outside (``machine-0/up``, ``machine-0/down``). The switches inside and outside never bind.
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
from simcluster.options import Duration, Rate
from simcluster.protocols import Network, Recorder

if TYPE_CHECKING:
    from simpy import Environment


class MachinesOptions(NetworkOptions):
    """Options of the topology ``machines``."""

    topology: Literal["machines"] = "machines"
    bandwidth: Rate = Field(description="What a machine's interface carries in each direction.")
    inside: Rate = Field(description="What a node's link inside its machine carries in each direction.")
    nodes_per_machine: int = Field(ge=1, description="Nodes are put into machines in order.")
    latency: Duration = Field(default=0.0, description="What a transfer between two machines waits besides.")
    inside_latency: Duration = Field(default=0.0, description="What every transfer waits before its first byte moves.")
    interfaces: Interfaces = ()
    apart: Apart = ()


OPTIONS = MachinesOptions


def build(
    env: Environment, options: MachinesOptions, nodes: Sequence[Node], recorder: Recorder, seed: int = 0
) -> Network:
    """Return the live network of a scenario; for the parameters see :func:`simcluster.network.shared_link.build`.

    The bandwidth of a node, and ``interfaces``, are about its link inside the machine.
    """
    assembly = Assembly(env, options, recorder, seed)
    ports = Ports(assembly, nodes, options.inside, options.inside_latency, options.interfaces)
    machine = places(nodes, options.nodes_per_machine, options.apart)
    numbers = sorted(set(machine.values()))
    ups = {number: assembly.link(f"machine-{number}/up", options.bandwidth, options.latency) for number in numbers}
    downs = {number: assembly.link(f"machine-{number}/down", options.bandwidth) for number in numbers}

    def path(source: str, destination: str) -> Sequence[Link]:
        here, there = machine[source], machine[destination]
        between = [] if here == there else [ups[here], downs[there]]
        return [ports.up[source], *between, ports.down[destination]]

    network = assembly.network(path)
    network.place(machine)
    return network
