"""What ``simcluster compare`` prints."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from simcluster.cli.text import PART_NAMES, columns, number, seconds
from simcluster.experiments import Comparison, to_csv
from simcluster.learning.history import COUPLINGS

_METRICS = {
    "update_time_s": "update time",
    "computation_s": "computation",
    "transfer_s": "transfer",
    "total_time_s": "whole run",
    "time_to_target_s": "time to target",
    "final_accuracy": "final accuracy",
    "final_loss": "final loss",
    "speedup": "speed-up",
    "samples_per_s": "samples a second",
    "bytes_on_wire": "on the wire",
    "cost": "cost",
    "energy_kwh": "energy [kWh]",
}
#: Differences below this share of the values are rounding.
_NOTHING = 1e-9


def comparison_csv(found: Comparison) -> str:
    """Return all metrics as CSV."""
    return to_csv(found.table)


def comparison_report(found: Comparison) -> str:
    """Return the metrics side by side, the parts of an update, and what made the difference."""
    known = {line["metric"]: line for line in found.table.to_dict("records")}
    rows = [["", "A", "B", "B - A", "relative"]]
    rows += [_row(_METRICS[name], known[name], name) for name in _METRICS if name in known]
    parts = [["", "A", "B", "B - A", "share"]]
    for line in found.parts.to_dict("records"):
        if _differs(line):
            cells = _row(PART_NAMES[line["part"]], line, "update_time_s")
            parts.append([*cells[:4], f"{line['share']:.0%}" if math.isfinite(line["share"]) else ""])
    lines = list(columns(rows))
    if len(parts) > 1:
        lines += ["", "parts of an update that differ", *columns(parts)]
    return "\n".join([*lines, "", *_terms(found), *_aims(found), _verdict(found, known["update_time_s"])])


def _terms(found: Comparison) -> list[str]:
    """Say what B's times are for, if the two schemes mean different things by an update."""
    if found.updates_b == 1:
        return []
    times = f"{found.updates_b:.4g} of its updates"
    said = [f"times of B are for {times}: they have as large a share of the workers' contributions as one of A's"]
    a, b = found.rounds
    if not math.isclose(a, b):
        said.append(
            f"A simulates {a:.4g} updates of each worker, but B {b:.4g}: the whole run, its bytes and its cost are not "
            "for the same work (see training.updates)"
        )
    return said


def _aims(found: Comparison) -> list[str]:
    """Say how clock and values are coupled, and what the time to target is for; nothing if nothing is learned."""
    said = []
    for name, aim in zip("AB", found.learned, strict=True):
        if aim is not None:
            coupling, target = aim
            said.append(f"{name} learns, {COUPLINGS[coupling]}" + (f"; its target: {target}" if target else ""))
    return said


def _differs(line: Mapping[Any, Any]) -> bool:
    if not (math.isfinite(line["a"]) and math.isfinite(line["b"])):
        return bool(line["a"] != line["b"])
    scale = max(abs(line["a"]), abs(line["b"]))
    return bool(abs(line["difference"]) > _NOTHING * scale)


def _row(title: str, line: Mapping[Any, Any], metric: str) -> list[str]:
    difference = "none"
    relative = ""
    if not (math.isfinite(line["a"]) and math.isfinite(line["b"])):
        difference = ""
    elif _differs(line):
        difference = _signed(line["difference"], metric)
        if line["half_width"] > _NOTHING * abs(line["difference"]):
            difference += f" ± {number(metric, line['half_width'])}"
        relative = f"{line['difference'] / line['a']:+.1%}" if line["a"] else ""
    return [title, _mean(metric, line["a"]), _mean(metric, line["b"]), difference, relative]


def _mean(metric: str, value: float) -> str:
    """Return a mean; that of times to a target is infinite if a replication misses it."""
    return number(metric, value) if math.isfinite(value) else "missed"


def _signed(value: float, metric: str) -> str:
    return f"{'-' if value < 0 else '+'}{number(metric, abs(value))}"


def _verdict(found: Comparison, update_time: Mapping[Any, Any]) -> str:
    """Say which one is faster, how sure that is, and why."""
    one = found.difference
    if not _differs(update_time):
        return "A and B take the same time"
    runs = f"{found.replications} replications, {one.confidence:.0%} confidence"
    if not found.clear:
        return f"A and B can't be told apart: the interval of the difference holds 0 ({runs})"
    faster = "B is faster than A" if one.mean < 0 else "A is faster than B"
    part = next(line for line in found.parts.to_dict("records") if line["part"] == found.main_part)
    made = f"{PART_NAMES[found.main_part]} made the largest part of it ({_signed(part['difference'], 'update_time_s')})"
    return f"{faster} by {seconds(abs(one.mean))} an update; {made} ({runs})"
