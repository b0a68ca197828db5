"""A setting that a search varies between two ends: ``cluster.workers=1..64``, ``network.bandwidth=1..40 Gbit/s``.

With a unit, the ends are numbers in base units inside, and are shown in the user's unit. A setting that takes whole
numbers alone is recognised by what it refuses.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from simcluster.errors import UserInputError
from simcluster.experiments.columns import column_of
from simcluster.scenario import ScenarioError, resolved, with_settings
from simcluster.simulation import Registry
from simcluster.units import EXAMPLES

if TYPE_CHECKING:
    from simcluster.scenario import Scenario

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
_UNIT = r"\s*([a-zA-Zµμ][^\s.]*)?\s*"
_RANGE = re.compile(rf"\s*([\w.-]+?)\s*=\s*({_NUMBER}){_UNIT}\.\.\s*({_NUMBER}){_UNIT}", re.ASCII)
_EXAMPLES = dict(zip(("_bytes", "_bytes_per_s", "_s", "_w"), EXAMPLES.values(), strict=True))
#: From this ratio of the ends on, steps multiply.
_WIDE = 10


@dataclass(frozen=True)
class Vary:
    """A setting and its range.

    Parameters
    ----------
    setting : str
        The dotted path.
    low, high : float
        The ends, in base units.
    column : str
        What tables call it: with the unit's suffix if it is a quantity.
    unit : str
        The unit that the user wrote.
    factor : float
        One of that unit in base units.
    whole : bool
        Whether it takes whole numbers only.
    """

    setting: str
    low: float
    high: float
    column: str
    unit: str = ""
    factor: float = 1.0
    whole: bool = False

    def applied(self, scenario: Scenario, x: float) -> Scenario:
        """Return a scenario with the setting made.

        Raises
        ------
        ScenarioError
            If the scenario doesn't take the value.
        """
        return with_settings(scenario, {self.setting: int(x) if self.whole else x}, Registry())

    def fitted(self, scenario: Scenario) -> Vary:
        """Return the range as one of whole numbers, if the setting of that scenario takes no others.

        Raises
        ------
        ScenarioError
            If the scenario doesn't take the lower end.
        UserInputError
            If the range has no unit though the setting needs one, or a unit that the setting doesn't have.
        """
        self._check_unit(scenario)
        if not (self.low.is_integer() and self.high.is_integer()):
            return self
        whole = replace(self, whole=True)
        whole.applied(scenario, self.low)
        try:
            self.applied(scenario, self.low + 0.5)
        except ScenarioError:
            return whole
        return self

    def _check_unit(self, scenario: Scenario) -> None:
        """See that the unit is one of what the setting is: its suffix is that of the setting as it is written."""
        value: Any = resolved(replace(self, whole=self.low.is_integer()).applied(scenario, self.low))
        for key in self.setting.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is None or isinstance(value, Mapping):
            return
        wanted = column_of(self.setting, [value]).name
        if wanted != self.column:
            kind = wanted.removeprefix(self.setting)
            example = _EXAMPLES.get(kind)
            given = f"{self.unit!r} doesn't fit" if self.unit else "the unit is missing"
            hint = "it takes plain numbers" if example is None else f"expected one such as in {example!r}"
            raise UserInputError(f"--vary {self.setting}: {given}; {hint}")

    def text(self, x: float, doubt: float = 0.0) -> str:
        """Return a value as a person writes it; with doubt, to the first digit of that."""
        digits = 6
        if doubt > 0 and x:
            digits = min(max(1 + math.floor(math.log10(abs(x))) - math.floor(math.log10(doubt)), 1), 6)
        return f"{float(f'{x / self.factor:.{digits}g}'):.6g} {self.unit}".strip()

    @property
    def base_unit(self) -> str:
        """The base unit of the ends, as the suffix of the column says it; empty if they are plain numbers."""
        return self.column.removeprefix(self.setting).removeprefix("_")

    @property
    def wide(self) -> bool:
        """Whether steps multiply, rather than add."""
        return self.low > 0 and self.high / self.low >= _WIDE

    def steps(self, count: int) -> list[float]:
        """Return ``count`` values from end to end, or fewer if there are fewer whole numbers."""
        shares = [index / (count - 1) for index in range(count)]
        if self.wide:
            values = [self.low * (self.high / self.low) ** share for share in shares]
        else:
            values = [self.low + (self.high - self.low) * share for share in shares]
        values[-1] = self.high
        return list(dict.fromkeys(float(round(value)) for value in values)) if self.whole else values

    def between(self, low: float, high: float, share: float = 0.5) -> float:
        """Return a value between two others; of whole numbers, one that is neither if there is any."""
        x = low * (high / low) ** share if self.wide and low > 0 else low + (high - low) * share
        return float(min(max(round(x), low + 1), high - 1)) if self.whole else x

    def close(self, low: float, high: float, tolerance: float) -> bool:
        """Return whether nothing more is to be found between two values."""
        if self.whole:
            return high - low <= 1
        return high - low <= tolerance * max(abs(low), abs(high)) or not low < self.between(low, high) < high


def parse_vary(text: str) -> Vary:
    """Read ``PATH=LOW..HIGH``.

    Raises
    ------
    UserInputError
        If it is something else, or the lower end isn't below the upper one.
    """
    match = _RANGE.fullmatch(text)
    if match is None:
        raise UserInputError(f"--vary {text}: expected PATH=LOW..HIGH, such as compression.codec.rho=0.01..1")
    setting, first, first_unit, last, last_unit = match.groups()
    if first_unit and not last_unit:
        raise UserInputError(f"--vary {text}: the upper end has no unit; write {first}..{last} {first_unit}")
    unit = last_unit or ""
    column = column_of(setting, [f"{last} {unit}"])
    if unit and column.read is None:
        raise UserInputError(f"--vary {text}: {unit!r} isn't a unit that is known here")
    read = column.read
    low, high, factor = (
        (float(first), float(last), 1.0)
        if read is None
        else (read(f"{first} {first_unit or unit}"), read(f"{last} {unit}"), read(f"1 {unit}"))
    )
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UserInputError(f"--vary {text}: the lower end must lie below the upper one")
    return Vary(setting, low, high, column.name, unit, factor)


def parse_all(texts: Sequence[str]) -> list[Vary]:
    """Read several ranges.

    Raises
    ------
    UserInputError
        If one is bad, or two are of one setting.
    """
    ranges = [parse_vary(text) for text in texts]
    names = [one.setting for one in ranges]
    for name in names:
        if names.count(name) > 1:
            raise UserInputError(f"--vary: {name} is given twice")
    return ranges
