"""Network interfaces: what each node sends and receives on, in topologies where nodes have their own."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator

from simcluster.network.matching import demand_match
from simcluster.network.node import Node
from simcluster.options import FieldError, Options, Rate

if TYPE_CHECKING:
    from simcluster.network.building import Assembly
    from simcluster.network.link import Link


class Interface(Options):
    """The interfaces of some nodes, where they differ from the others'."""

    node: str = Field(description="Which nodes: names in which * stands for anything.", max_length=200)
    bandwidth: Rate | None = Field(default=None, description="What they carry in each direction.")
    up: Rate | None = Field(default=None, description="What they send, if it differs from what they receive.")
    down: Rate | None = Field(default=None, description="What they receive.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.bandwidth is None and self.up is None and self.down is None:
            raise FieldError("one of bandwidth, up and down is needed", "bandwidth")
        return self


#: The option of a topology whose nodes have interfaces of their own.
Interfaces = Annotated[
    tuple[Interface, ...], Field(description="Nodes whose interface differs; the first entry that matches counts.")
]


class Ports:
    """The two links of each node, ``NODE/up`` and ``NODE/down``.

    Parameters
    ----------
    assembly : Assembly
        Where the links are made.
    nodes : sequence of Node
        The endpoints.
    bandwidth : float [B/s]
        What an interface carries in each direction, unless the node or an entry of ``interfaces`` says otherwise.
    latency : float [s]
        Of each way from one node to another; it is charged on the way up.
    interfaces : sequence of Interface
        What differs.

    Raises
    ------
    UserInputError
        If an entry of ``interfaces`` is about no node.
    """

    def __init__(
        self,
        assembly: Assembly,
        nodes: Sequence[Node],
        bandwidth: float,
        latency: float,
        interfaces: Sequence[Interface] = (),
    ) -> None:
        demand_match("network.interfaces", "node", [each.node for each in interfaces], [node.name for node in nodes])
        self.up: dict[str, Link] = {}
        self.down: dict[str, Link] = {}
        for node in nodes:
            own = node.bandwidth if node.bandwidth is not None else bandwidth
            special = next((each for each in interfaces if fnmatchcase(node.name, each.node)), None)
            up = down = own
            if special is not None:
                up = special.up or special.bandwidth or own
                down = special.down or special.bandwidth or own
            self.up[node.name] = assembly.link(f"{node.name}/up", up, latency)
            self.down[node.name] = assembly.link(f"{node.name}/down", down)


#: The option of a topology that puts nodes together in order.
Apart = Annotated[
    tuple[str, ...],
    Field(description="Nodes with a place of their own: names in which * stands for anything."),
]


def places(nodes: Sequence[Node], size: int, apart: Sequence[str]) -> dict[str, int]:
    """Return the number of the place (rack, machine) of each node: filled in order, ``size`` nodes each.

    Parameters
    ----------
    nodes : sequence of Node
        The endpoints.
    size : int
        How many nodes share a place.
    apart : sequence of str
        Patterns of the names of nodes that get a place of their own, after all others.

    Raises
    ------
    UserInputError
        If a pattern matches no node.
    """
    demand_match("network.apart", "node", apart, [node.name for node in nodes])
    alone = [node for node in nodes if any(fnmatchcase(node.name, pattern) for pattern in apart)]
    together = [node for node in nodes if node not in alone]
    numbers = {node.name: index // size for index, node in enumerate(together)}
    first = -(-len(together) // size)
    return numbers | {node.name: first + index for index, node in enumerate(alone)}
