"""Settings that are allowed, and without effect in the scenario in which they stand: each is said, none ignored."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from simcluster.scenario.merging import Path
from simcluster.scenario.problems import Notice
from simcluster.scenario.schema import Scenario
from simcluster.scenario.tree import Node


class _Rule(NamedTuple):
    path: Path
    #: Returns why the setting has no effect; empty if it has.
    reason: Callable[[Scenario], str]


_ONE_AT_A_TIME = "a worker encodes or decodes one message at a time, on one core"


def _sends_plainly(scenario: Scenario) -> str:
    return "codec 'none' sends the parameters as they are" if scenario.compression.is_plain else ""


def _usage(scenario: Scenario) -> str:
    return "" if scenario.compression.usage == "every-update" else _sends_plainly(scenario)


def _direction(scenario: Scenario) -> str:
    usage = scenario.compression.usage
    if scenario.compression.direction == "both":
        return ""
    if usage != "every-update":
        return f"with usage {usage} both directions carry compressed parameters"
    return _sends_plainly(scenario)


def _overhead(scenario: Scenario) -> str:
    compression = scenario.compression
    if compression.usage == "every-update" and compression.operation_overhead != 1:
        return "only usage homomorphic computes on compressed parameters"
    return ""


def _server_cores(scenario: Scenario) -> str:
    if scenario.cluster.server.cores == 1:
        return ""
    if scenario.compression.usage != "every-update":
        return f"with usage {scenario.compression.usage} the server decodes nothing between updates"
    if scenario.compression.direction == "pull":
        return "with direction pull the server decodes nothing"
    return _sends_plainly(scenario)


def _worker_cores(scenario: Scenario) -> str:
    return "" if scenario.cluster.worker.cores == 1 else _ONE_AT_A_TIME


def _group_cores(scenario: Scenario) -> str:
    return _ONE_AT_A_TIME if any((group.cores or 1) > 1 for group in scenario.cluster.groups or ()) else ""


def _bandwidths(scenario: Scenario) -> str:
    topology = scenario.network.topology
    given = any(group.bandwidth is not None for group in scenario.cluster.groups or ())
    if not given or topology not in ("shared-link", "custom"):
        return ""
    return f"the bandwidth of a group counts for nothing in topology '{topology}': its workers have no own interface"


def _jitter(scenario: Scenario) -> str:
    jitter = scenario.compute.jitter
    return "a cv of 0 is no jitter" if jitter is not None and jitter.cv == 0 else ""


def _discipline(scenario: Scenario) -> str:
    if scenario.network.discipline == "priority":
        return f"scheme '{scenario.training.scheme}' sends everything with the same priority"
    return ""


def _measured_size(scenario: Scenario) -> str:
    codec = scenario.compression.codec
    timed = codec.compress_time is not None or codec.decompress_time is not None
    return "" if timed else "rates are for all sizes; only times are for the measured one"


def _expands(scenario: Scenario) -> str:
    codec = scenario.compression.codec
    return "the codec makes its input smaller" if codec.expands and codec.compressed_fraction <= 1 else ""


def _shares(scenario: Scenario) -> str:
    if isinstance(scenario.compression.operation_overhead, dict):
        return ""
    return "compression.operation_overhead does not name operations"


_RULES = [
    _Rule(("compression", "usage"), _usage),
    _Rule(("compression", "direction"), _direction),
    _Rule(("compression", "operation_overhead"), _overhead),
    _Rule(("cluster", "server", "cores"), _server_cores),
    _Rule(("cluster", "worker", "cores"), _worker_cores),
    _Rule(("cluster", "groups"), _bandwidths),
    _Rule(("cluster", "groups"), _group_cores),
    _Rule(("network", "discipline"), _discipline),
    _Rule(("compression", "codec", "measured_size"), _measured_size),
    _Rule(("compression", "codec", "expands"), _expands),
    _Rule(("compute", "jitter"), _jitter),
    _Rule(("model", "operation_shares"), _shares),
]


def idle_settings(scenario: Scenario, tree: Node) -> list[Notice]:
    """Return a notice for each setting that somebody made and that has no effect, and for a codec without costs.

    Parameters
    ----------
    scenario : Scenario
        What the settings came to.
    tree : Node
        What was written, without what names of the catalogue stand for.
    """
    notices = []
    for path, reason in _RULES:
        written = _written(tree, path)
        if written is not None and (why := reason(scenario)):
            notices.append(Notice(written.key or written.place, ".".join(path), f"no effect: {why}"))
    codec = _written(tree, ("compression", "codec"))
    if codec is not None and not scenario.compression.is_plain:
        missing = [way for way in ("compress", "decompress") if _costs_nothing(scenario, way)]
        message = f"{' and '.join(missing)} at no cost: neither a time nor a rate is given"
        notices += [Notice(codec.key or codec.place, "compression.codec", message)] if missing else []
    return notices


def _costs_nothing(scenario: Scenario, way: str) -> bool:
    codec = scenario.compression.codec
    return getattr(codec, f"{way}_time") is None and getattr(codec, f"{way}_rate") is None


def _written(tree: Node, path: Path) -> Node | None:
    node = tree
    for key in path:
        if key not in node.mapping:
            return None
        node = node.mapping[key]
    return node
