"""What a search looks for: ``speedup >= 8``, ``update_time_s < 2 min``."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from simcluster.errors import UserInputError
from simcluster.experiments.columns import column_of
from simcluster.experiments.replicating import check_metric

_RELATIONS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
)
_CONDITION = re.compile(r"\s*(\w+)\s*(>=|<=|>|<)\s*(.+?)\s*", re.ASCII)
_TIME = re.compile(r"\w+_s(_std|_p50|_p95)?")
_MEASURES = {"_s": "is a time, such as 2 min", "_bytes": "is a size, such as 2 MB"}
#: Metrics of which more is better; of all others, less.
_MORE_IS_BETTER = {"speedup", "efficiency", "samples_per_s", "final_accuracy", "target_reached"}


@dataclass(frozen=True)
class Condition:
    """A metric in relation to a value, or to the same metric of another scenario.

    Parameters
    ----------
    metric : str
    relation : str
        ``>=``, ``<=``, ``>`` or ``<``.
    value : float or None
        In base units; None: the other scenario's.
    """

    metric: str
    relation: str
    value: float | None

    def holds(self, measured: float, reference: float) -> bool:
        """Return whether a measured value is in the relation to the reference."""
        return _RELATIONS[self.relation](measured, reference)

    def __str__(self) -> str:
        """Return the condition as it is written."""
        return f"{self.metric} {self.relation} {'that of the other' if self.value is None else f'{self.value:g}'}"


def parse_condition(text: str) -> Condition:
    """Read ``METRIC RELATION VALUE``; the value may have a unit.

    Raises
    ------
    UserInputError
        If it is something else, there is no such metric, or the unit isn't one of what the metric measures.
    """
    match = _CONDITION.fullmatch(text)
    value, suffix = _number(match[3]) if match else (None, "")
    if match is None or value is None:
        raise UserInputError(f"--until {text!r}: expected METRIC >= VALUE (or <=, >, <), such as 'speedup >= 8'")
    check_metric(match[1])
    if suffix and suffix != suffix_of(match[1]):
        measured = _MEASURES.get(suffix_of(match[1]), "has no unit")
        raise UserInputError(f"--until {text!r}: {match[3]!r} doesn't fit: {match[1]} {measured}")
    return Condition(match[1], match[2], value)


def suffix_of(metric: str) -> str:
    """Return the suffix that columns in the unit of a metric have; empty if it is a plain number."""
    if metric == "bytes_on_wire":
        return "_bytes"
    return "_s" if _TIME.fullmatch(metric) and metric != "samples_per_s" else ""


def beats(metric: str) -> Condition:
    """Return the condition that one scenario is at least as good as another by a metric."""
    return Condition(metric, ">=" if metric in _MORE_IS_BETTER else "<=", None)


def _number(text: str) -> tuple[float | None, str]:
    """Return a number, or a quantity in base units and the suffix of its columns; None if it is neither."""
    try:
        value = float(text)
    except ValueError:
        column = column_of("", [text])
        return (None, "") if column.read is None else (column.read(text), column.name)
    return (value if math.isfinite(value) else None), ""
