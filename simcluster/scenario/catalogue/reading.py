"""Reads the catalogue: one small YAML file an entry, in the folder of its kind; its name is the file's.

An entry holds the keys of the scenario section that it fills, as text with units, besides what is said about it:
``description``, ``source`` (paper and table, or repository and file), ``assumption: true`` where a number of it is
nobody's measurement, and the ``minibatch`` that a model's times are for. A device holds ``measurements`` instead. To
add an entry, add a file.

Files are read when they are asked for, and once. They are our own, so that PyYAML's limits don't matter here.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, cast

from simcluster.scenario.catalogue import layer_table

#: The sections of the catalogue.
KINDS = ("models", "devices", "codecs", "networks")
#: Keys of an entry that say something about it, and are no settings of the section that it fills.
ABOUT = ("description", "source", "assumption", "minibatch")


def names(kind: str) -> list[str]:
    """Return the names of all entries of a kind, sorted.

    Raises
    ------
    KeyError
        If the kind is none of ``KINDS``; the message lists them.
    """
    return list(_names(kind))


def entry(kind: str, name: str) -> Mapping[str, object]:
    """Return one entry as plain data: a copy, which the caller may change.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    name : str
        One of ``names(kind)``.

    Raises
    ------
    KeyError
        If there is no such kind or name; the message lists the known ones.
    """
    if name not in _names(kind):
        raise KeyError(f"no {name!r} among the {kind} of the catalogue; known: {', '.join(_names(kind))}")
    return copy.deepcopy(_entry(kind, name))


def _folder(kind: str) -> Traversable:
    if kind not in KINDS:
        raise KeyError(f"the catalogue has no {kind!r}; known: {', '.join(KINDS)}")
    return files(__package__) / kind


@cache
def _names(kind: str) -> tuple[str, ...]:
    found = (file.name for file in _folder(kind).iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml")))


@cache
def _entry(kind: str, name: str) -> dict[str, Any]:
    import yaml  # Only now: the names alone don't need it.

    folder = _folder(kind)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = cast("dict[str, Any]", yaml.load((folder / f"{name}.yaml").read_text("utf-8"), loader))  # noqa: S506 - safe
    if isinstance(table := data.get("layers"), str):
        rows = layer_table.read((folder / table).read_text("utf-8"))
        data |= {"layers": layer_table.layers(rows), "operation_shares": layer_table.operation_shares(rows)}
    return data
