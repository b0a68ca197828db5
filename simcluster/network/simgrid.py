"""Import of SimGrid platform files: hosts, links, routes and clusters (version 4 and later).

Taken over: zones of routing ``Full`` with hosts, links and (symmetrical) routes, nested or not; ``cluster`` with
private links, backbone and sharing policy; ``zoneRoute`` between zones. Latencies add up along a route. ``SHARED``
links are one capacity for both directions, ``SPLITDUPLEX`` ones two, and ``FATPIPE`` ones bound each transfer alone.
Left out: speeds of hosts, loopbacks (what a host tells itself crosses no network), and routings that compute paths;
SimGrid's correction factors for TCP are an option of its models, not of a platform.

What isn't understood is refused by name, so that nothing that changes the physics is passed over in silence: other
topologies of clusters, ``bypassRoute``, traces and profiles, ``config``, a route that crosses a link twice. The file is
not trusted: entities are refused, nothing external is read, and its size is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from xml.parsers import expat

from simcluster.errors import UserInputError
from simcluster.files import lowered, read_regular
from simcluster.options import LARGEST_DATA_FILE, is_label

#: One line of a file can declare any number of hosts, and a short element takes much more memory than its text.
_MOST_HOSTS = 100_000
_MOST_ELEMENTS = 1_000_000
_BITS_AND_BYTES = {"Bps": 1.0, "bps": 0.125}
_PREFIXES = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_PREFIXES |= {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50}
_SECONDS = {"": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12, "m": 60.0, "h": 3600.0}
#: What elements may hold: attributes, and elements; those that concern computing or metadata are passed over.
_ZONE = ("id routing", "prop host router link zone AS cluster route zoneRoute ASroute")
_CLUSTER = "id prefix suffix radical speed core bw lat sharing_policy bb_bw bb_lat bb_sharing_policy router_id"
_ROUTE = "src dst symmetrical"
_KNOWN = {
    "platform": ("version", "zone AS cluster"),
    "zone": _ZONE,
    "AS": _ZONE,
    "host": ("id speed core pstate coordinates speed_file", "prop disk storage mount"),
    "router": ("id coordinates", "prop"),
    "link": ("id bandwidth latency sharing_policy", "prop"),
    "cluster": (f"{_CLUSTER} topology topo_parameters loopback_bw loopback_lat", "prop"),
    "route": (_ROUTE, "link_ctn"),
    "zoneRoute": (f"{_ROUTE} gw_src gw_dst", "link_ctn"),
    "ASroute": (f"{_ROUTE} gw_src gw_dst", "link_ctn"),
    "link_ctn": ("id direction", ""),
}
_PASSED_OVER = {"prop", "disk", "storage", "mount"}
_QUANTITY = re.compile(r"\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*([A-Za-z]*)\s*", re.ASCII)


@dataclass(slots=True)
class Element:
    """An element of the file."""

    tag: str
    attributes: Mapping[str, str]
    children: list[Element] = field(default_factory=list)

    def all(self, *tags: str) -> Iterator[Element]:
        """Yield the children of some tags."""
        return (child for child in self.children if child.tag in tags)


@dataclass(frozen=True, slots=True)
class PlatformLink:
    """One direction of a link, or both if they share it."""

    bandwidth: float
    latency: float
    #: Whether transfers share it; else it bounds each of them alone.
    shared: bool = True


@dataclass
class Platform:
    """What a platform file describes."""

    #: Hosts in the order of the file, with the zone that each is in.
    hosts: dict[str, str] = field(default_factory=dict)
    #: Hosts and routers, with the zone that each is in.
    points: dict[str, str] = field(default_factory=dict)
    zones: set[str] = field(default_factory=set)
    links: dict[str, PlatformLink] = field(default_factory=dict)
    #: Links between two hosts or routers of one zone.
    routes: dict[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    #: Between two zones: the gateways, and the links between these.
    zone_routes: dict[tuple[str, str], tuple[str, Sequence[str], str]] = field(default_factory=dict)
    #: Private links and backbone of the hosts of clusters: those out, and those in.
    ports: dict[str, tuple[Sequence[str], Sequence[str]]] = field(default_factory=dict)
    #: The zone around each zone.
    parents: dict[str, str] = field(default_factory=dict)

    def route(self, source: str, destination: str) -> Sequence[str]:
        """Return the names of the links between two hosts.

        Raises
        ------
        UserInputError
            If the platform has no route between them, or one that crosses a link twice.
        """
        if source == destination:
            return ()
        known = self.routes.get((source, destination))
        if known is not None:
            return known
        here, there = self.hosts.get(source), self.hosts.get(destination)
        if here is not None and here == there and source in self.ports and destination in self.ports:
            return tuple(dict.fromkeys([*self.ports[source][0], *self.ports[destination][1]]))
        for outer, inner in ((a, b) for a in self._around(here) for b in self._around(there)):
            if (outer, inner) in self.zone_routes:
                first, links, last = self.zone_routes[outer, inner]
                whole = (*self._to(source, first), *links, *self._from(last, destination))
                if len(set(whole)) < len(whole):
                    raise UserInputError(f"the route from '{source}' to '{destination}' crosses a link twice")
                return whole
        raise UserInputError(f"the platform has no route from '{source}' to '{destination}'")

    def _around(self, zone: str | None) -> list[str]:
        zones = []
        while zone is not None and zone not in zones:
            zones.append(zone)
            zone = self.parents.get(zone)
        return zones

    def _to(self, host: str, gateway: str) -> Sequence[str]:
        """Return the links from a host to its zone's gateway: a cluster's router is behind its backbone."""
        return self.ports[host][0] if host in self.ports and gateway != host else self.route(host, gateway)

    def _from(self, gateway: str, host: str) -> Sequence[str]:
        return self.ports[host][1] if host in self.ports and gateway != host else self.route(gateway, host)


def read_platform(path: str) -> Platform:
    """Return the platform that a file describes.

    Raises
    ------
    UserInputError
        If the file can't be read, isn't well-formed XML without entities, or says something that isn't understood.
    """
    try:
        root = _parse(read_regular(path, LARGEST_DATA_FILE))
        if root.tag != "platform":
            raise ValueError(f"expected a <platform>, found <{root.tag}>")
        _check(root)
        platform = Platform()
        for zone in root.all("zone", "AS", "cluster"):
            _read_zone(platform, zone, None)
    except OSError as error:
        raise UserInputError(f"{path}: can't be read: {lowered(error)}") from error
    except (ValueError, KeyError, expat.ExpatError) as error:
        reason = f"the attribute {error} is missing" if isinstance(error, KeyError) else str(error)
        raise UserInputError(f"{path}: {reason}") from error
    return platform


def _parse(data: bytes) -> Element:
    """Return the root of an XML document that declares neither entities nor attributes of its own."""
    top = Element("", {})
    stack = [top]
    count = 0
    parser = expat.ParserCreate()

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(stack) > 100:
            raise ValueError("elements are nested too deeply")
        if count > _MOST_ELEMENTS:
            raise ValueError(f"more than {_MOST_ELEMENTS} elements")
        element = Element(tag, attributes)
        stack[-1].children.append(element)
        stack.append(element)

    def refuse(*_: object) -> None:
        # An entity may expand to any length, and attributes by default may be given to every element.
        raise ValueError("declarations of entities and attributes are not accepted")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: stack.pop()
    parser.EntityDeclHandler = parser.AttlistDeclHandler = refuse
    parser.Parse(data, True)
    return top.children[0]


def _check(element: Element) -> None:
    """Refuse elements and attributes that aren't understood."""
    attributes, inside = (words.split() for words in _KNOWN[element.tag])
    name = f"<{element.tag} id='{element.attributes['id']}'>" if "id" in element.attributes else f"<{element.tag}>"
    for attribute in element.attributes:
        if attribute not in attributes:
            raise ValueError(f"{name}: the attribute '{attribute}' is not understood")
    for child in element.children:
        if child.tag not in inside:
            raise ValueError(f"{name}: the element <{child.tag}> is not understood")
        if child.tag not in _PASSED_OVER:
            _check(child)


def _add_point(platform: Platform, name: str, zone: str) -> None:
    _check_name(name)
    if name in platform.points:
        raise ValueError(f"two hosts or routers have the id '{name}'")
    platform.points[name] = zone


def _check_name(name: str) -> None:
    """See that the id of a host, router or link can come out in tables, pages and terminals."""
    if not is_label(name):
        raise ValueError(
            f"the id {name[:100]!r} is not taken: expected a letter or digit first, and no special characters"
        )


def _read_zone(platform: Platform, zone: Element, parent: str | None) -> None:
    name = zone.attributes["id"]
    if name in platform.zones:
        raise ValueError(f"two zones have the id '{name}'")
    platform.zones.add(name)
    if parent is not None:
        platform.parents[name] = parent
    if zone.tag == "cluster":
        _read_cluster(platform, zone)
        return
    routing = zone.attributes.get("routing", "Full")
    if routing not in {"Full", "None"}:
        raise ValueError(f"zone '{name}': the routing '{routing}' is not supported; expected 'Full'")
    for point in zone.all("host", "router"):
        _add_point(platform, point.attributes["id"], name)
        if point.tag == "host":
            platform.hosts[point.attributes["id"]] = name
    for link in zone.all("link"):
        _add_link(platform, link.attributes["id"], link.attributes)
    for inner in zone.all("zone", "AS", "cluster"):
        _read_zone(platform, inner, name)
    _read_routes(platform, zone)


def _read_routes(platform: Platform, zone: Element) -> None:
    """Add the routes of a zone, between its hosts and routers or between the zones in it."""
    name = zone.attributes["id"]
    given = set()
    for route in zone.all("route", "zoneRoute", "ASroute"):
        ends = source, destination = route.attributes["src"], route.attributes["dst"]
        if ends in given:
            raise ValueError(f"two routes lead from '{source}' to '{destination}'")
        given.add(ends)
        links = _crossed(platform, route)
        if route.tag == "route":
            for end in ends:
                if platform.points.get(end) != name:
                    raise ValueError(f"a route names '{end}', which is no host or router of the zone '{name}'")
            platform.routes[ends] = links
            if _symmetrical(route):
                platform.routes.setdefault(ends[::-1], _turned(links))
            continue
        first, last = _gateways(platform, route)
        platform.zone_routes[ends] = first, links, last
        if _symmetrical(route):
            platform.zone_routes.setdefault(ends[::-1], (last, _turned(links), first))


def _gateways(platform: Platform, route: Element) -> tuple[str, str]:
    """Return the hosts or routers at which a route between zones begins and ends."""
    for end in (route.attributes["src"], route.attributes["dst"]):
        if end not in platform.zones:
            raise ValueError(f"a route names the zone '{end}', which isn't there")
    gateways = route.attributes["gw_src"], route.attributes["gw_dst"]
    for gateway in gateways:
        if gateway not in platform.points:
            raise ValueError(f"a route names the gateway '{gateway}', which isn't there")
    return gateways


def _symmetrical(route: Element) -> bool:
    return route.attributes.get("symmetrical", "YES").upper() == "YES"


def _crossed(platform: Platform, route: Element) -> list[str]:
    names = []
    for link in route.all("link_ctn"):
        direction = link.attributes.get("direction", "NONE").upper()
        name = link.attributes["id"] + ("" if direction == "NONE" else f"_{direction}")
        if name not in platform.links:
            raise ValueError(f"a route uses the link '{name}', which isn't there")
        if name in names:
            ends = f"from '{route.attributes['src']}' to '{route.attributes['dst']}'"
            raise ValueError(f"the route {ends} crosses the link '{name}' twice, which is not understood")
        names.append(name)
    return names


def _turned(links: Sequence[str]) -> list[str]:
    """Return the way back."""
    other = {"_UP": "_DOWN", "_DOWN": "_UP"}
    return [
        next((name.removesuffix(a) + b for a, b in other.items() if name.endswith(a)), name) for name in links[::-1]
    ]


def _add_link(platform: Platform, name: str, attributes: Mapping[str, str], prefix: str = "") -> Sequence[str]:
    """Add a link, and return its names on the way out and on the way in."""
    _check_name(name)
    bandwidth = attributes.get(f"{prefix}bandwidth") or attributes[f"{prefix}bw"]
    latency = attributes.get(f"{prefix}latency") or attributes.get(f"{prefix}lat") or "0"
    policy = attributes.get(f"{prefix}sharing_policy") or (
        "SPLITDUPLEX" if "radical" in attributes and not prefix else ""
    )
    link = PlatformLink(_rate(bandwidth), _seconds(latency), policy != "FATPIPE")
    if not (1e-6 <= link.bandwidth <= 1e18 and link.latency <= 1e12):
        raise ValueError(f"link '{name}': expected a bandwidth of 1e-6 to 1e18 Bps and a latency of at most 1e12 s")
    if policy not in {"", "SHARED", "FATPIPE", "SPLITDUPLEX", "FULLDUPLEX"}:
        raise ValueError(f"link '{name}': the sharing policy '{policy}' is not supported")
    names = [f"{name}_UP", f"{name}_DOWN"] if policy in {"SPLITDUPLEX", "FULLDUPLEX"} else [name, name]
    if any(each in platform.links for each in names):
        raise ValueError(f"two links have the id '{name}'")
    platform.links.update(dict.fromkeys(names, link))
    return names


def _read_cluster(platform: Platform, cluster: Element) -> None:
    """Add the hosts of a cluster, each with its private link behind the backbone."""
    attributes = cluster.attributes
    name = attributes["id"]
    topology = attributes.get("topology", "FLAT")
    if topology != "FLAT":
        raise ValueError(f"cluster '{name}': the topology '{topology}' is not understood; expected 'FLAT'")
    prefix, suffix = attributes.get("prefix", ""), attributes.get("suffix", "")
    _add_point(platform, attributes.get("router_id") or f"{prefix}{name}_router{suffix}", name)
    backbone: Sequence[str] = ()
    if attributes.get("bb_bw"):
        backbone = _add_link(platform, f"{name}_backbone", attributes, "bb_")
    for number in _radical(attributes["radical"]):
        host = f"{prefix}{number}{suffix}"
        _add_point(platform, host, name)
        platform.hosts[host] = name
        if len(platform.hosts) > _MOST_HOSTS:
            raise ValueError(f"more than {_MOST_HOSTS} hosts")
        out, into = _add_link(platform, f"{name}_link_{number}", attributes)
        platform.ports[host] = (out, *backbone[:1]), (*backbone[1:], into)


def _radical(text: str) -> Iterator[int]:
    """Yield the numbers of a text such as ``0-3,7``."""
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _rate(text: str) -> float:
    number, unit = _quantity(text)
    if not unit:
        return number
    known = _PREFIXES.get(unit[:-3]), _BITS_AND_BYTES.get(unit[-3:])
    if known[0] is None or known[1] is None:
        raise ValueError(f"'{text}' is not a bandwidth, such as '125MBps'")
    return number * known[0] * known[1]


def _seconds(text: str) -> float:
    number, unit = _quantity(text)
    if unit not in _SECONDS:
        raise ValueError(f"'{text}' is not a latency, such as '50us'")
    return number * _SECONDS[unit]


def _quantity(text: str) -> tuple[float, str]:
    match = _QUANTITY.fullmatch(text) if len(text) < 64 else None
    if match is None:
        raise ValueError(f"'{text[:64]}' is not a number with a unit")
    number = float(match[1])
    if not isfinite(number):
        raise ValueError(f"'{text}' is not a finite number")
    return number, match[2]
