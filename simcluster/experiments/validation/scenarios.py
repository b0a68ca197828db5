"""From a published result to the scenario that predicts it, and what had to be assumed for that.

A worker is a device, or a machine with several of them. Bandwidths are line rates times the goodput of the network's
kind; goodput, latency and, inside machines, the line rate are those of the kind, the same for all rows.

Layers are those of the catalogue: their shares of the minibatch's time, on whatever GPU they were profiled, and of its
bytes. The minibatch's time and the bytes themselves are those of the row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simcluster import units
from simcluster.experiments.validation.metrics import published_value
from simcluster.experiments.validation.rules import Predict
from simcluster.scenario import Scenario, catalogue, from_mapping
from simcluster.scenario.catalogue import published
from simcluster.scenario.catalogue.published import PublishedRow
from simcluster.simulation import Registry

#: Sizes that differ by less mean the same model, rounded.
_ROUNDED = 0.01
#: Updates where one reaches into the next: the middle one counts. Elsewhere all are alike, and one is enough.
_REACHING = 3


@dataclass(frozen=True)
class Question:
    """What is simulated for a row.

    Parameters
    ----------
    scenario : Scenario
    workers : int
        Devices or machines.
    samples : float
        Of an update, in the whole cluster.
    worker_rate : float [1/s]
        Samples per second of one worker that sends nothing.
    assumed : sequence of str
        The inputs that the source doesn't state.
    """

    scenario: Scenario
    workers: int
    samples: float
    worker_rate: float
    assumed: Sequence[str]


def question_of(row: PublishedRow, predict: Predict) -> Question:
    """Return the scenario of a row.

    Raises
    ------
    LookupError
        If the row or the rule lacks an input: a gap in the rules.
    """
    assumed: list[str] = []
    devices = _leading_number(row.workers)
    per_machine = predict.per_machine or int(devices)
    machines = int(devices) // per_machine
    workers = machines if predict.arrangement == "machines" else int(devices)
    minibatch, time = _minibatch(row, predict)
    training = dict(predict.training)
    reaching = training.get("overlap") == "full" or training.get("double_buffering", False)
    data = {
        "name": f"published-{row.row}",
        "model": _model(row, predict, assumed),
        "compute": {"minibatch": minibatch, "minibatch_time": time, "scaling": predict.scaling},
        "cluster": {"workers": workers, "server": _servers(predict)},
        "network": _network(row, predict, workers, machines, per_machine, assumed),
        "training": {**training, "updates": _REACHING if reaching else 1},
        "compression": dict(predict.compression),
    }
    return Question(
        scenario=from_mapping(data, Registry()),
        workers=workers,
        samples=minibatch * (1 if predict.scaling == "strong" else workers),
        worker_rate=minibatch / time,
        assumed=(*_flat(predict.assumed), *assumed),
    )


def _leading_number(text: str) -> float:
    """Return the number that a text begins with, such as that of ``64 (16x4)``."""
    found = re.match(r"\d+(\.\d+)?", text)
    if not found:
        raise LookupError(f"{text!r} begins with no number")
    return float(found.group())


def _minibatch(row: PublishedRow, predict: Predict) -> tuple[int, float]:
    """Return the minibatch of a worker, and the time [s] in which it computes it."""
    minibatch = predict.minibatch or int(row.batch_per_worker)
    time = units.parse_duration(predict.minibatch_time) if predict.minibatch_time else float(row.compute_s_per_iter)
    if predict.arrangement != "machines":
        return minibatch, time
    devices = predict.per_machine or 1
    if predict.rate_of_machine:
        time = minibatch * devices / _rate_of_one_machine(row, devices)
    return minibatch * devices, time


def _rate_of_one_machine(row: PublishedRow, devices: int) -> float:
    """Return the published rate [1/s] of one machine, in the table that a row is from."""
    same = ("source", "table_or_figure", "model", "batch_per_worker", "result_metric")
    for other in published.rows():
        alike = all(getattr(other, column) == getattr(row, column) for column in same)
        if alike and _leading_number(other.workers) == devices:
            return published_value(other.result_value)[0]
    raise LookupError(f"no published rate of a machine of {devices} devices for result {row.row}")


def _model(row: PublishedRow, predict: Predict, assumed: list[str]) -> dict[str, Any]:
    """Return the model's section: layers if communication overlaps with computation, else the bytes alone."""
    known = published.models()[row.model]
    stated = 4e6 * float(row.params_millions) if row.params_millions else 1e6 * float(row.model_MB or 0)
    usual = units.parse_size(known["parameters"])
    if not stated:
        assumed.append(f"size of the model: {known['source']}")
    size = stated if stated and abs(stated / usual - 1) > _ROUNDED else usual
    on_wire = size * predict.bytes_per_parameter / 4
    if predict.training.get("overlap", "none") == "none":
        return {"parameters": on_wire}
    name = known["layers"]
    assumed.append(known.get("layers_of_another", f"shares of the layers: the catalogue's {name}"))
    return {"layers": _layers(name, on_wire)}


def _layers(name: str, size: float) -> list[dict[str, Any]]:
    """Return the layers of a model of the catalogue, scaled to a size [B] of all parameters."""
    layers: Any = catalogue.entry("models", name)["layers"]
    factor = size / math.fsum(units.parse_size(layer["parameters"]) for layer in layers)
    return [{**layer, "parameters": factor * units.parse_size(layer["parameters"])} for layer in layers]


def _servers(predict: Predict) -> dict[str, Any]:
    servers: dict[str, Any] = {"placement": predict.placement}
    if predict.shards is not None:
        servers["shards"] = predict.shards
    return servers


def _network(
    row: PublishedRow, predict: Predict, workers: int, machines: int, per_machine: int, assumed: list[str]
) -> dict[str, Any]:
    """Return the network's section."""
    kinds = published.network_kinds()
    outside = inside = None
    if machines > 1:
        outside = _between(row, predict, kinds, assumed)
    if predict.arrangement != "machines" and per_machine > 1:
        inside = kinds[predict.inside or ""]
        assumed.append(f"goodput and latency of {predict.inside}")
    if outside and inside:
        return {
            "topology": "machines",
            "nodes_per_machine": per_machine,
            "bandwidth": outside["bandwidth"],
            # What a message between machines waits besides the latency that every message has.
            "latency": _seconds(outside) - _seconds(inside),
            "inside": _payload_rate(inside),
            "inside_latency": inside["latency"],
        }
    only = outside or inside or {}
    rate = outside["bandwidth"] if outside else _payload_rate(only)
    network = {"topology": "star", "bandwidth": rate, "latency": only["latency"]}
    if predict.arrangement == "devices-and-host":
        network["interfaces"] = [{"node": "server-0", "bandwidth": workers * rate}]
    return network


def _between(
    row: PublishedRow, predict: Predict, kinds: Mapping[str, Mapping[str, Any]], assumed: list[str]
) -> dict[str, Any]:
    """Return bandwidth [B/s] and latency between machines."""
    kind = kinds[predict.between or ""]
    if predict.bandwidth:
        line_rate = units.parse_rate(predict.bandwidth)
    else:
        line_rate = units.parse_rate(f"{_leading_number(row.bandwidth_gbit_s)} Gbit/s")
    if "not stated" in row.bandwidth_gbit_s and not predict.bandwidth:
        assumed.append(f"{_leading_number(row.bandwidth_gbit_s):g} Gbit/s")
    assumed.append(f"goodput and latency of {predict.between}")
    return {"bandwidth": line_rate * kind["goodput"], "latency": kind["latency"]}


def _payload_rate(kind: Mapping[str, Any]) -> float:
    """Return the line rate of a kind of network times its goodput [B/s]."""
    return units.parse_rate(str(kind["bandwidth"])) * float(kind["goodput"])


def _seconds(kind: Mapping[str, Any]) -> float:
    """Return the latency of a kind of network [s]."""
    return units.parse_duration(str(kind["latency"]))


def _flat(entries: Sequence[Any]) -> list[str]:
    """Return all texts of lists that may be nested."""
    return [text for entry in entries for text in ([entry] if isinstance(entry, str) else _flat(entry))]
