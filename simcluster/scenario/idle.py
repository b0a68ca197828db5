"""Settings that are allowed, and without effect in the scenario in which they stand: each is said, none ignored."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from simcluster.learning.options import idle_keys
from simcluster.scenario.machines import MOST_WORKERS
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
    usage, compression = scenario.compression.usage, scenario.compression
    if compression.push is not None and compression.pull is not None:
        return "push and pull say how each direction is compressed"
    if scenario.compression.direction == "both":
        return ""
    if usage != "every-update":
        return f"with usage {usage} both directions carry compressed parameters"
    if not scenario.training.uses_servers and not compression.is_plain:
        return f"in scheme '{scenario.training.scheme}' workers send each other everything as a push"
    return _sends_plainly(scenario)


def _pull_codec(scenario: Scenario) -> str:
    return _no_servers(scenario) if scenario.compression.pull is not None else ""


def _codec(scenario: Scenario) -> str:
    compression = scenario.compression
    return _direction(scenario) if compression.push is not None and compression.pull is not None else ""


def _overhead(scenario: Scenario) -> str:
    compression = scenario.compression
    if compression.usage == "every-update" and compression.operation_overhead != 1:
        return "only usage homomorphic computes on compressed parameters"
    return ""


def _no_servers(scenario: Scenario) -> str:
    scheme = scenario.training.scheme
    return "" if scenario.training.uses_servers else f"scheme '{scheme}' has no parameter server"


def _applies_side_by_side(scenario: Scenario) -> bool:
    """Return whether several cores of a server can apply pushes at a time."""
    training = scenario.training
    several = training.slices or getattr(training, "apply", "lock-free") == "lock-free"
    # An update is the push of one worker, however many there are.
    on_its_own = training.contributions(MOST_WORKERS) == 1
    return scenario.cluster.server.aggregation_rate is not None and on_its_own and several


def _apply(scenario: Scenario) -> str:
    server = scenario.cluster.server
    if server.aggregation_rate is None:
        return "applying costs nothing as long as cluster.server.aggregation_rate isn't given"
    cores = scenario.cluster.worker.cores if server.placement == "colocated" else server.cores
    return "a server with one core applies one push at a time" if cores == 1 else ""


def _server_cores(scenario: Scenario) -> str:
    if scenario.cluster.server.cores == 1:
        return ""
    if scenario.cluster.server.placement == "colocated":
        return "servers on the workers' machines use the workers' cores"
    if _applies_side_by_side(scenario):
        return ""
    if scenario.compression.usage != "every-update":
        return f"with usage {scenario.compression.usage} the server decodes nothing between updates"
    if scenario.compression.push_codec is None and scenario.compression.pull_codec is not None:
        return "the server decodes nothing: what workers push is not compressed"
    return _sends_plainly(scenario) if not scenario.training.slices else ""


def _several_at_a_time(scenario: Scenario) -> bool:
    """Return whether a worker can have several messages to encode or decode at a time."""
    return scenario.training.slices or scenario.servers > 1 or not scenario.training.uses_servers


def _worker_cores(scenario: Scenario) -> str:
    return "" if scenario.cluster.worker.cores == 1 or _several_at_a_time(scenario) else _ONE_AT_A_TIME


def _worker_aggregation(scenario: Scenario) -> str:
    return f"scheme '{scenario.training.scheme}' adds up at its servers" if scenario.training.uses_servers else ""


def _group_cores(scenario: Scenario) -> str:
    several = any((group.cores or 1) > 1 for group in scenario.cluster.groups or ())
    return _ONE_AT_A_TIME if several and not _several_at_a_time(scenario) else ""


def _runs_on(scenario: Scenario) -> str:
    return _sends_plainly(scenario) if scenario.compression.runs_on == "device" else ""


def _device_sharing(scenario: Scenario) -> str:
    compression = scenario.compression
    if compression.runs_on == "core" or compression.is_plain:
        return "nothing but computing runs on the device: compression.runs_on is core, or there is no codec"
    return ""


def _buckets(scenario: Scenario) -> str:
    return "" if scenario.training.overlap != "none" else "only with overlap there are buckets"


def _order(scenario: Scenario) -> str:
    if scenario.training.order == "priority" and scenario.training.overlap == "none":
        return "without overlap no part is needed earlier than another"
    return ""


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
    if scenario.network.discipline == "priority" and scenario.training.order != "priority":
        return f"scheme '{scenario.training.scheme}' sends everything with the same priority; see training.order"
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


def _encoder(scenario: Scenario) -> str:
    return "" if scenario.learning is not None else "nothing is learned, and the profile says what is sent"


def _model(scenario: Scenario) -> str:
    learned = scenario.learning is not None and scenario.learning.coupling == "own"
    return "with learning.coupling own the model is what is learned" if learned else ""


def _recovery(scenario: Scenario) -> str:
    return "" if scenario.can_crash else "no fault is a crash, and no checkpoint is written"


def _policy(scenario: Scenario) -> str:
    training = scenario.training
    if training.goes_on and scenario.recovery.policy != "wait":
        return f"scheme '{training.scheme}' goes on without a worker that has crashed"
    return ""


def _timeout(scenario: Scenario) -> str:
    if scenario.training.goes_on:
        return f"scheme '{scenario.training.scheme}' waits for nobody"
    return "" if scenario.recovery.policy == "wait" else f"policy {scenario.recovery.policy} has no time-out"


def _checkpoint_time(scenario: Scenario) -> str:
    return "without checkpoint_interval no checkpoint is written" if not scenario.recovery.checkpoint_interval else ""


_RULES = [
    _Rule(("model",), _model),
    _Rule(("compression", "codec", "encoder"), _encoder),
    _Rule(("compression", "usage"), _usage),
    _Rule(("compression", "direction"), _direction),
    _Rule(("compression", "pull"), _pull_codec),
    _Rule(("compression", "operation_overhead"), _overhead),
    _Rule(("compression", "codec"), _codec),
    _Rule(("compression", "runs_on"), _runs_on),
    _Rule(("cluster", "server"), _no_servers),
    _Rule(("cluster", "server", "cores"), _server_cores),
    _Rule(("training", "apply"), _apply),
    _Rule(("cluster", "worker", "device_sharing"), _device_sharing),
    _Rule(("training", "bucket_size"), _buckets),
    _Rule(("training", "bucket_time"), _buckets),
    _Rule(("training", "order"), _order),
    _Rule(("recovery",), _recovery),
    _Rule(("recovery", "policy"), _policy),
    _Rule(("recovery", "timeout"), _timeout),
    _Rule(("recovery", "checkpoint_time"), _checkpoint_time),
    _Rule(("cluster", "worker", "cores"), _worker_cores),
    _Rule(("cluster", "worker", "aggregation_rate"), _worker_aggregation),
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
    for below, why in idle_keys(scenario.learning) if scenario.learning is not None else ():
        written = _written(tree, ("learning", *below))
        if written is not None:
            notices.append(Notice(written.key or written.place, ".".join(("learning", *below)), f"no effect: {why}"))
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
