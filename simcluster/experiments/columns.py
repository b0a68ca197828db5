"""Settings as columns of a table: a quantity becomes a number in base units, and its column says which.

An axis such as ``network.bandwidth`` is written as ``1 Gbit/s, 10 Gbit/s``; nobody can plot or fit texts. If all its
values are quantities of one kind, its column is ``network.bandwidth_bytes_per_s`` and holds 1.25e8 and 1.25e9: the
suffix is that of the metrics, so that bits and bytes can't mix up. All other settings keep their own name and value;
mappings and lists become JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simcluster import units

#: Kinds of quantities: how each is read, and the suffix of its columns.
_KINDS: tuple[tuple[Callable[[str], float], str], ...] = (
    (units.parse_size, "_bytes"),
    (units.parse_rate, "_bytes_per_s"),
    (units.parse_duration, "_s"),
    (units.parse_power, "_w"),
)


@dataclass(frozen=True)
class Column:
    """A column of settings.

    Parameters
    ----------
    setting : str
        The dotted path, as in ``--set``.
    name : str
        The name of the column.
    read : callable or None
        Makes a number of a text, if the setting is a quantity.
    """

    setting: str
    name: str
    read: Callable[[str], float] | None = None

    def value(self, written: Any) -> Any:
        """Return the cell for a value as it was written."""
        if self.read is not None and isinstance(written, str):
            return self.read(written)
        if isinstance(written, dict | list | tuple):
            return json.dumps(written)
        return written


def column_of(setting: str, values: Sequence[Any]) -> Column:
    """Return the column of a setting that takes certain values.

    Parameters
    ----------
    setting : str
        The dotted path.
    values : sequence
        All that it takes in a sweep, as they were written.
    """
    texts = [value for value in values if value is not None]
    if texts and all(isinstance(text, str) for text in texts):
        for read, suffix in _KINDS:
            if all(_reads(read, text) for text in texts):
                return Column(setting, f"{setting}{suffix}", read)
    return Column(setting, setting)


def columns_of(axes: Mapping[str, Sequence[Any]]) -> list[Column]:
    """Return the columns of the axes of a grid, in their order."""
    return [column_of(setting, values) for setting, values in axes.items()]


def _reads(read: Callable[[str], float], text: str) -> bool:
    try:
        read(text)
    except units.QuantityError:
        return False
    return True
