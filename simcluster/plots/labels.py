"""Names and units of columns on axes: a column's quantity is known by its name, and its unit follows the data.

Tables hold seconds, bytes and bytes per second; a picture shows milliseconds or hours, megabytes, Gbit/s. A column
that isn't known here keeps its own name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simcluster.plots.style import literal, shorten

_NAMES = {
    "cluster.workers": "Workers M",
    "workers": "Workers M",
    "compression.codec.rho": "Compressed size / original size ρ",
    "compression.operation_overhead": "Operation overhead h",
    "network.bandwidth": "Bandwidth",
    "network.latency": "Latency",
    "compute.minibatch_time": "Minibatch time C",
    "training.local_iterations": "Local iterations i",
    "cluster.server.cores": "Server cores",
    "preset": "",
    "update_time_s": "Time per update",
    "update_time_s_p50": "Median time per update",
    "update_time_s_p95": "95th percentile of time per update",
    "update_time_s_std": "Standard deviation of time per update",
    "computation_s": "Computation per update",
    "transfer_s": "Parameter transfer per update",
    "total_time_s": "Total time",
    "epoch_time_s": "Time per epoch",
    "speedup": "Speed-up over one node",
    "efficiency": "Parallel efficiency",
    "samples_per_s": "Throughput [samples/s]",
    "bytes_on_wire": "Bytes on the wire",
    "busiest_link_utilisation": "Utilisation of the busiest link",
    "energy_kwh": "Energy [kWh]",
    "time_s": "Simulated time",
    "update": "Updates",
    "loss": "Loss",
    "accuracy": "Accuracy",
    "gradient_norm": "Norm of the gradient",
    "consensus_distance": "Consensus distance",
    "time_to_target_s": "Time to target",
    "updates_to_target": "Updates to target",
    "target_reached": "Share that reached the target",
    "final_loss": "Final loss",
    "final_accuracy": "Final accuracy",
}
_SYMBOLS = {
    "cluster.workers": "M",
    "workers": "M",
    "compression.codec.rho": "ρ",
    "compression.operation_overhead": "h",
    "compute.minibatch_time": "C",
    "training.local_iterations": "i",
}
_QUANTITIES = {
    "bytes_on_wire": "size",
    "network.bandwidth": "rate",
    "network.latency": "time",
    "compute.minibatch_time": "time",
}
_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))


@dataclass(frozen=True)
class Unit:
    """A unit of an axis: what is shown is the column's value times ``factor``."""

    symbol: str = ""
    factor: float = 1.0


def time_unit(largest: float) -> Unit:
    """Return the unit in which times up to ``largest`` [s] read best: µs, ms, s, min or h."""
    if largest >= 7200:
        return Unit("h", 1 / 3600)
    if largest >= 600:
        return Unit("min", 1 / 60)
    if largest >= 1 or largest <= 0:
        return Unit("s")
    return Unit("ms", 1e3) if largest >= 1e-3 else Unit("µs", 1e6)


def unit_of(column: str, values: pd.Series) -> Unit:
    """Return the unit in which the numbers of a column read best; an empty one if they carry none or are no numbers."""
    quantity = _quantity(column)
    if not quantity or not is_numeric(values):
        return Unit()
    finite = values[np.isfinite(values.astype(float))].abs()
    largest = float(finite.max()) if len(finite) else 0.0
    if quantity == "time":
        return time_unit(largest)
    bits, name = (8.0, "bit/s") if quantity == "rate" else (1.0, "B")
    scale, prefix = next((entry for entry in _PREFIXES if largest * bits >= entry[0]), _PREFIXES[-1])
    return Unit(f"{prefix}{name}", bits / scale)


def _quantity(column: str) -> str:
    if column in _QUANTITIES:
        return _QUANTITIES[column]
    if column.endswith("bytes_per_s"):
        return "rate"
    if column.endswith("_bytes"):
        return "size"
    return "time" if re.search(r"(?<!per)_s(_std|_p\d+)?$", column) else ""


def is_numeric(values: pd.Series) -> bool:
    """Whether the values are numbers, and not names or truth values."""
    return bool(pd.api.types.is_numeric_dtype(values)) and not pd.api.types.is_bool_dtype(values)


def numbers(values: Iterable[float]) -> list[str]:
    """Return numbers as texts of six digits at most, all with as many decimals as the one that has most."""
    short = [f"{value:.6g}" for value in values]
    if any("e" in text for text in short):
        return short
    decimals = max((len(text.partition(".")[2]) for text in short), default=0)
    return [f"{float(text):.{decimals}f}" for text in short]


def three_digits(value: float) -> str:
    """Return a number with three digits, and more only before the point."""
    if value == 0 or not 1e-3 <= abs(value) < 1e7:
        return f"{value:.3g}"
    return f"{value:,.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def axis_label(column: str, unit: Unit | None = None) -> str:
    """Return the label of an axis: the name of the column, and its unit in brackets."""
    name = _NAMES.get(_setting(column), literal(shorten(column, 40)))
    return f"{name} [{unit.symbol}]" if unit is not None and unit.symbol else name


def value_label(column: str, value: object, values: pd.Series | None = None) -> str:
    """Return the name of one value of a parameter: ``M = 16``, ``1 Gbit/s``, ``h = 1.3``, or a preset's own name.

    ``values`` are those among which the unit is chosen; without them it suits this value alone.
    """
    series = pd.Series([value]).infer_objects() if values is None else values
    if not is_numeric(series) or isinstance(value, str):
        return literal(shorten(value))
    unit = unit_of(column, series)
    number = f"{float(value) * unit.factor:.6g}"  # type: ignore[arg-type]
    text = f"{number} {unit.symbol}".strip()
    symbol = _SYMBOLS.get(_setting(column), "")
    return f"{symbol} = {text}" if symbol else literal(text)


def _setting(column: str) -> str:
    """Return the setting of a column that has the unit of its numbers in its name."""
    plain = re.sub(r"_(bytes_per_s|bytes|s|w)$", "", column)
    return plain if "." in column else column
