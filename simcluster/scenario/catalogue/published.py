"""Published results of real systems, and what turns them into scenarios: plain data in the folder ``validation``.

``published.csv`` holds one result a row, as its source states it, with what it depends on; empty cells are inputs that
the source doesn't state. ``rules.yaml`` says of each row how its scenario follows from it, or why it has none;
``models.yaml`` and ``network_kinds.yaml`` say what the rules' words stand for. To add a result, add a row, and a rule
if no present one fits.
"""

from __future__ import annotations

import copy
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, cast

_FOLDER = "validation"


@dataclass(frozen=True)
class PublishedRow:
    """One published result, as text; the names are those of the columns.

    Attributes
    ----------
    row : int
        Its number, from 1.
    source, table_or_figure : str
        Where it was published.
    model, params_millions, model_MB, scheme, compressor, workers, device, batch_per_worker, compute_s_per_iter,
    bandwidth_gbit_s : str
        What was run on what, in the words of the source; ``compute_s_per_iter`` is derived from the published rate of a
        single device, if there is one.
    result_metric, result_value : str
        What was measured.
    notes : str
    """

    row: int
    source: str
    table_or_figure: str
    model: str
    params_millions: str
    model_MB: str  # noqa: N815 - the name of the column
    scheme: str
    compressor: str
    workers: str
    device: str
    batch_per_worker: str
    compute_s_per_iter: str
    bandwidth_gbit_s: str
    result_metric: str
    result_value: str
    notes: str


@cache
def rows() -> Sequence[PublishedRow]:
    """Return all published results, in the order of the file."""
    table = csv.DictReader(io.StringIO(_text("published.csv")))
    return tuple(PublishedRow(int(line.pop("row")), **line) for line in table)


def rules() -> list[dict[str, Any]]:
    """Return the rules as plain data, in the order in which they are tried."""
    return cast("list[dict[str, Any]]", copy.deepcopy(_yaml("rules.yaml")))


def models() -> Mapping[str, Mapping[str, str]]:
    """Return what the models' names in the results stand for."""
    return cast("Mapping[str, Mapping[str, str]]", copy.deepcopy(_yaml("models.yaml")))


def network_kinds() -> Mapping[str, Mapping[str, Any]]:
    """Return what is assumed of each kind of network."""
    return cast("Mapping[str, Mapping[str, Any]]", copy.deepcopy(_yaml("network_kinds.yaml")))


def _text(name: str) -> str:
    return (files(__package__) / _FOLDER / name).read_text("utf-8")


@cache
def _yaml(name: str) -> object:
    import yaml  # Only now: the rows alone don't need it.

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(_text(name), loader)  # noqa: S506 - safe
