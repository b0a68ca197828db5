"""Any network: links and routes as the scenario gives them, or imported from a SimGrid platform file.

A link is full duplex by default: it has two directions, ``LINK/up`` and ``LINK/down``, and a route uses the one or the
other. Routes are found by the names of the endpoints; the first that matches counts, and one that is symmetric serves
the way back too, with its links in the opposite order and direction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from simcluster.errors import UserInputError
from simcluster.network.building import Assembly
from simcluster.network.conditions import NetworkOptions
from simcluster.network.link import Link
from simcluster.network.matching import demand_match, demand_name
from simcluster.network.node import Node
from simcluster.network.simgrid import Platform, read_platform
from simcluster.options import DataFile, Duration, FieldError, Label, Options, Rate
from simcluster.protocols import Network, Recorder

if TYPE_CHECKING:
    from simpy import Environment

#: Names of nodes in which * stands for anything; links on a route, which may begin with '-'.
_Text = Annotated[str, Field(min_length=1, max_length=200)]
#: The two directions of a link: of a half-duplex one, the same twice.
_Directions = tuple[Link, Link]


class CustomLink(Options):
    """A link of a custom network."""

    name: Label = Field(description="What routes call it.")
    bandwidth: Rate = Field(description="What it carries; in each direction if it is full duplex.")
    latency: Duration = Field(default=0.0, description="What every transfer over it waits.")
    duplex: Literal["full", "half"] = Field(default="full", description="Whether each direction has it all.")


class CustomRoute(Options):
    """The way from some nodes to others."""

    source: _Text = Field(description="Which nodes it leads from: names in which * stands for anything.")
    destination: _Text = Field(description="Which nodes it leads to.")
    links: tuple[_Text, ...] = Field(description="The links on the way; one that begins with '-' is used backwards.")
    symmetric: bool = Field(default=True, description="Whether it serves the way back too.")


class CustomOptions(NetworkOptions):
    """Options of the topology ``custom``."""

    topology: Literal["custom"] = "custom"
    links: tuple[CustomLink, ...] = Field(default=(), description="All links.")
    routes: tuple[CustomRoute, ...] = Field(default=(), description="All routes.")
    platform: DataFile | None = Field(
        default=None, description="A SimGrid platform file to take hosts, links and routes from."
    )
    hosts: dict[_Text, _Text] = Field(
        default={}, description="Host of the platform of each node; in the order of the file by default."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.platform is None) == (not self.links):
            raise FieldError("exactly one of links (with routes) and platform is needed", "links")
        if self.platform is not None and self.routes:
            raise FieldError("has no effect with a platform, which has its own", "routes")
        if self.platform is None and self.hosts:
            raise FieldError("has no effect without a platform", "hosts")
        names = [link.name for link in self.links]
        if len(set(names)) < len(names):
            twice = next(name for name, count in Counter(names).items() if count > 1)
            raise FieldError(f"two links are called '{twice}'", "links")
        self._check_routes()
        return self

    def _check_routes(self) -> None:
        """Make sure that routes use links that are there, each once at most, and all of them."""
        duplex = {link.name: link.duplex for link in self.links}
        unused = dict(duplex)
        for route in self.routes:
            crossed = set()
            for name in route.links:
                plain = name.removeprefix("-")
                if plain not in duplex:
                    raise FieldError(f"a route uses the link '{name}', which isn't there", "routes")
                direction = name if duplex[plain] == "full" else plain
                if direction in crossed:
                    raise FieldError(f"a route crosses the link '{plain}' twice in one direction", "routes")
                crossed.add(direction)
                unused.pop(plain, None)
        if unused:
            raise FieldError(f"no route uses the link '{next(iter(unused))}'", "links", "remove it")

    @property
    def has_latency(self) -> bool:
        """Whether a transfer may wait before its first byte moves."""
        return self.platform is not None or any(link.latency for link in self.links)


OPTIONS = CustomOptions


def build(
    env: Environment, options: CustomOptions, nodes: Sequence[Node], recorder: Recorder, seed: int = 0
) -> Network:
    """Return the live network of a scenario; for the parameters see :func:`simcluster.network.shared_link.build`.

    Raises
    ------
    UserInputError
        If there is no route between two nodes, a name or pattern matches nothing, or the platform can't be read or has
        too few hosts.
    """
    assembly = Assembly(env, options, recorder, seed)
    names = [node.name for node in nodes]
    if options.platform is not None:
        platform = read_platform(options.platform)
        return assembly.network(_imported(assembly, platform, _hosts(options, names, platform)))
    patterns = [pattern for route in options.routes for pattern in (route.source, route.destination)]
    demand_match("network.routes", "node", patterns, names)
    path = _routed(assembly, options)
    for source, destination in _typical(options, names):
        path(source, destination)
    known = set(names)

    def checked(source: str, destination: str) -> Sequence[Link]:
        if source not in known or destination not in known:
            raise KeyError(destination if source in known else source)
        return path(source, destination)

    return assembly.network(checked)


def _typical(options: CustomOptions, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield pairs of nodes that stand for all: nodes that match the same patterns have the same routes."""
    patterns = dict.fromkeys(pattern for route in options.routes for pattern in (route.source, route.destination))
    alike: dict[tuple[bool, ...], list[str]] = {}
    for name in names:
        alike.setdefault(tuple(fnmatchcase(name, pattern) for pattern in patterns), []).append(name)
    for sources in alike.values():
        for destinations in alike.values():
            if sources is not destinations:
                yield sources[0], destinations[0]
            elif len(sources) > 1:
                yield sources[0], sources[1]


def _routed(assembly: Assembly, options: CustomOptions) -> Callable[[str, str], Sequence[Link]]:
    """Return the ways through the links of the scenario."""
    links: dict[str, _Directions] = {}
    for link in options.links:
        suffixes = ("/up", "/down") if link.duplex == "full" else ("",)
        made = [assembly.link(link.name + suffix, link.bandwidth, link.latency) for suffix in suffixes]
        links[link.name] = made[0], made[-1]

    def way(route: CustomRoute, back: bool) -> list[Link]:
        found = [links[name.removeprefix("-")][name.startswith("-") != back] for name in route.links]
        return found[::-1] if back else found

    def path(source: str, destination: str) -> Sequence[Link]:
        for route in options.routes:
            if fnmatchcase(source, route.source) and fnmatchcase(destination, route.destination):
                return way(route, back=False)
            if route.symmetric and fnmatchcase(destination, route.source) and fnmatchcase(source, route.destination):
                return way(route, back=True)
        raise UserInputError(f"the network has no route from '{source}' to '{destination}'")

    return path


def _hosts(options: CustomOptions, names: Sequence[str], platform: Platform) -> Mapping[str, str]:
    """Return the host of each node."""
    demand_name("network.hosts", "node", options.hosts, names)
    demand_name(f"network.hosts: {options.platform}", "host", options.hosts.values(), platform.hosts)
    taken = set(options.hosts.values())
    free = iter([host for host in platform.hosts if host not in taken])
    hosts = {name: options.hosts.get(name) or next(free, "") for name in names}
    if "" in hosts.values():
        raise UserInputError(f"{options.platform}: {len(platform.hosts)} hosts are too few for {len(names)} nodes")
    return hosts


def _imported(assembly: Assembly, platform: Platform, hosts: Mapping[str, str]) -> Callable[[str, str], Sequence[Link]]:
    """Return the ways through the links of a platform."""
    links = {
        name: assembly.link(name, each.bandwidth, each.latency, shared=each.shared)
        for name, each in platform.links.items()
    }
    return lambda source, destination: [links[name] for name in platform.route(hosts[source], hosts[destination])]
