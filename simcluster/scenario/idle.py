"""Settings that are allowed, and without effect in the scenario in which they stand: each is said, none ignored.

A run that is over before it has begun properly is remarked on, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from simcluster.learning.options import idle_keys
from simcluster.scenario.idle_codecs import idle_codec_settings, missing_costs
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
    # Computing on what isn't compressed may still be said to take longer.
    has_effect = scenario.compression.usage == "every-update" or scenario.overhead != 1
    return "" if has_effect else _sends_plainly(scenario)


def _direction(scenario: Scenario) -> str:
    usage, compression = scenario.compression.usage, scenario.compression
    if compression.push is not None and compression.pull is not None:
        return "push and pull say how each direction is compressed"
    if scenario.compression.direction == "both":
        return ""
    if usage != "every-update":
        return f"with usage {usage} both directions carry compressed parameters"
    if not scenario.training.uses_servers and compression.push_codec is not None:
        return f"in scheme '{scenario.training.scheme}' workers send each other everything as a push"
    return _sends_plainly(scenario)


def _pull_codec(scenario: Scenario) -> str:
    return _no_servers(scenario) if scenario.compression.pull is not None else ""


def _codec(scenario: Scenario) -> str:
    compression, training = scenario.compression, scenario.training
    if compression.push is not None and compression.pull is not None:
        return _direction(scenario)
    if not training.uses_servers and compression.push_codec is None and not compression.is_plain:
        return f"direction pull compresses nothing: in scheme '{training.scheme}' workers send everything as a push"
    return ""


def _overhead(scenario: Scenario) -> str:
    compression = scenario.compression
    if compression.usage == "every-update" and compression.operation_overhead != 1:
        return "only usage homomorphic computes on compressed parameters"
    return ""


def _no_servers(scenario: Scenario) -> str:
    scheme = scenario.training.scheme
    return "" if scenario.training.uses_servers else f"scheme '{scheme}' has no parameter server"


def _on_its_own(scenario: Scenario) -> bool:
    """Return whether an update is the push of one worker, however many there are."""
    return bool(scenario.training.contributions(MOST_WORKERS) == 1)


def _applies_side_by_side(scenario: Scenario) -> bool:
    """Return whether several cores of a server can add up at a time: different parts, or pushes without a lock."""
    lock_free = getattr(scenario.training, "apply", "lock-free") == "lock-free"
    several = scenario.training.slices or (lock_free and _on_its_own(scenario))
    return scenario.cluster.server.aggregation_rate is not None and several


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
    # What it sends is encoded once for all, unless there are several parts, or each worker pulls on its own.
    one_result = not scenario.training.slices and not _on_its_own(scenario)
    if scenario.compression.push_codec is None and scenario.compression.pull_codec is not None and one_result:
        return "the server decodes nothing: what workers push is not compressed"
    return _sends_plainly(scenario)


def _several_at_a_time(scenario: Scenario) -> bool:
    """Return whether a worker can have several messages to encode or decode at a time."""
    training = scenario.training
    return not training.one_at_a_time and (training.slices or scenario.servers > 1 or not training.uses_servers)


def _cores_of_workers(scenario: Scenario) -> str:
    """Return why several cores of a worker are of no use."""
    if not _several_at_a_time(scenario):
        return _ONE_AT_A_TIME
    server = scenario.cluster.server
    serves = scenario.servers and server.placement == "colocated"
    rate = server.aggregation_rate if serves else scenario.cluster.worker.aggregation_rate
    adds_up = rate is not None and (serves or not scenario.training.uses_servers)
    return "" if adds_up else _sends_plainly(scenario)


def _worker_cores(scenario: Scenario) -> str:
    return "" if scenario.cluster.worker.cores == 1 else _cores_of_workers(scenario)


def _worker_aggregation(scenario: Scenario) -> str:
    return f"scheme '{scenario.training.scheme}' adds up at its servers" if scenario.training.uses_servers else ""


def _group_cores(scenario: Scenario) -> str:
    several = any((group.cores or 1) > 1 for group in scenario.cluster.groups or ())
    return _cores_of_workers(scenario) if several else ""


def _runs_on(scenario: Scenario) -> str:
    return _sends_plainly(scenario) if scenario.compression.runs_on == "device" else ""


def _device_sharing(scenario: Scenario) -> str:
    compression = scenario.compression
    if compression.runs_on == "core" or compression.is_plain:
        return "nothing but computing runs on the device: compression.runs_on is core, or there is no codec"
    training = scenario.training
    behind = training.overlap != "none" or training.double_buffering or not training.overlaps
    at_once = _several_at_a_time(scenario) or behind
    return "" if at_once else "a worker computes, encodes and decodes one after the other"


def _exchange(scenario: Scenario) -> str:
    """Say so where parameters and gradients come to the same: but what is buffered twice must be gradients."""
    if scenario.learning is not None or scenario.training.double_buffering:
        return ""
    return "nothing is learned, and parameters and gradients have the same size"


def _moving(scenario: Scenario) -> str:
    return "" if scenario.learning is not None else "nothing is learned"


def _slice_size(scenario: Scenario) -> str:
    training, model = scenario.training, scenario.model
    if training.slice_size is None or training.bucket_size is not None or training.bucket_time is not None:
        return ""
    sizes = [model.parameters] if training.overlap == "none" else [layer.parameters for layer in model.layers]
    return "nothing that is sent is larger" if training.slice_size >= max(sizes, default=0.0) else ""


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


def _shares(scenario: Scenario) -> str:
    if isinstance(scenario.compression.operation_overhead, dict):
        return ""
    return "compression.operation_overhead does not name operations"


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
    _Rule(("training", "slice_size"), _slice_size),
    _Rule(("training", "exchange"), _exchange),
    _Rule(("training", "moving_rate"), _moving),
    _Rule(("training", "server_factor"), _moving),
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
    idle = idle_keys(scenario.learning) if scenario.learning is not None else ()
    notices += _said(tree, ((("learning", *below), f"no effect: {why}") for below, why in idle))
    notices += _few_updates(scenario, tree)
    notices += _said(tree, ((path, f"no effect: {why}") for path, why in idle_codec_settings(scenario)))
    notices += _said(tree, missing_costs(scenario))
    return notices


def _said(tree: Node, found: Iterable[tuple[Path, str]]) -> Iterator[Notice]:
    """Yield what is to be said of settings, as far as somebody made them."""
    for path, message in found:
        written = _written(tree, path)
        if written is not None:
            yield Notice(written.key or written.place, ".".join(path), message)


def _few_updates(scenario: Scenario, tree: Node) -> list[Notice]:
    """Return a notice if so few updates are simulated that they say little: not one for each worker."""
    training, workers = scenario.training, scenario.cluster.total_workers
    each = training.contributions(workers)
    written = _written(tree, ("training", "updates")) or _written(tree, ("training",))
    if written is None or each == workers or training.updates * each >= workers:
        return []
    message = (
        f"{training.updates} updates of scheme '{training.scheme}' are fewer than one for each worker: the run is over "
        f"before all have contributed; take {-(-workers // each)} for each round of all"
    )
    return [Notice(written.key or written.place, "training.updates", message)]


def _written(tree: Node, path: Path) -> Node | None:
    node = tree
    for key in path:
        if key not in node.mapping:
            return None
        node = node.mapping[key]
    return node
