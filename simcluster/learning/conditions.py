"""What a training is to reach: ``accuracy >= 0.95``, ``loss <= 0.1``, ``time >= 2 h``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from simcluster.options import FieldError
from simcluster.units import QuantityError, format_duration, parse_duration

#: What can be asked for, and the relation that makes sense of it.
_RELATIONS = {"accuracy": ">=", "loss": "<=", "time": ">="}
_PATTERN = r"\s*(accuracy|loss|time)\s*(>=|<=)\s*(.+?)\s*"


@dataclass(frozen=True)
class Condition:
    """A bound on a quantity of the training.

    Parameters
    ----------
    quantity : str
        ``accuracy`` or ``loss`` of an evaluation, or simulated ``time``.
    value : float
        The bound: accuracy as a share, time in seconds.
    """

    quantity: str
    value: float

    def met(self, *, time: float = math.nan, loss: float = math.nan, accuracy: float = math.nan) -> bool:
        """Return whether the quantity that was measured meets the bound; one that is not finite doesn't.

        Parameters
        ----------
        time : float [s]
        loss : float
        accuracy : float
        """
        measured = {"time": time, "loss": loss, "accuracy": accuracy}[self.quantity]
        if not math.isfinite(measured):
            return False
        return measured <= self.value if _RELATIONS[self.quantity] == "<=" else measured >= self.value

    def __str__(self) -> str:
        """Return the condition as it is written."""
        value = format_duration(self.value) if self.quantity == "time" else f"{self.value!r}"
        return f"{self.quantity} {_RELATIONS[self.quantity]} {value}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read it from a text, and write it as one."""
        return core_schema.no_info_plain_validator_function(
            _read,
            json_schema_input_schema=core_schema.str_schema(pattern=f"^{_PATTERN}$"),
            serialization=core_schema.plain_serializer_function_ser_schema(
                str, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )


def _read(text: object) -> Condition:
    if isinstance(text, Condition):
        return text
    match = re.fullmatch(_PATTERN, text) if isinstance(text, str) else None
    if match is None:
        raise FieldError("expected a bound, such as 'accuracy >= 0.95', 'loss <= 0.1' or 'time >= 2 h'")
    quantity, relation, written = match.groups()
    if relation != _RELATIONS[quantity]:
        raise FieldError(f"expected '{quantity} {_RELATIONS[quantity]} ...'")
    return Condition(quantity, _value(quantity, written))


def _value(quantity: str, written: str) -> float:
    if quantity == "time":
        try:
            return parse_duration(written)
        except QuantityError as error:
            raise FieldError(error.message, hint=error.hint) from error
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or (quantity == "accuracy" and not 0 <= value <= 1):
        raise FieldError(f"expected a number{' from 0 to 1' if quantity == 'accuracy' else ''}, not {written[:40]!r}")
    return value


def _goal(condition: Condition) -> Condition:
    if condition.quantity == "time":
        raise FieldError("expected a bound on accuracy or loss")
    return condition


#: A bound on accuracy or loss.
Goal = Annotated[Condition, AfterValidator(_goal)]
