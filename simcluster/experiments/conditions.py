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

_RELATIONS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
)
_CONDITION = re.compile(r"\s*(\w+)\s*(>=|<=|>|<)\s*(.+?)\s*", re.ASCII)
#: Metrics of which more is better; of all others, less.
_MORE_IS_BETTER = {"speedup", "efficiency", "samples_per_s"}


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
        If it is something else.
    """
    match = _CONDITION.fullmatch(text)
    value = _number(match[3]) if match else None
    if match is None or value is None:
        raise UserInputError(f"--until {text!r}: expected METRIC >= VALUE (or <=, >, <), such as 'speedup >= 8'")
    return Condition(match[1], match[2], value)


def beats(metric: str) -> Condition:
    """Return the condition that one scenario is at least as good as another by a metric."""
    return Condition(metric, ">=" if metric in _MORE_IS_BETTER else "<=", None)


def _number(text: str) -> float | None:
    """Return a number, or a quantity in base units; None if it is neither."""
    try:
        value = float(text)
    except ValueError:
        read = column_of("value", [text]).read
        return None if read is None else read(text)
    return value if math.isfinite(value) else None
