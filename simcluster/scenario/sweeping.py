"""The ``sweep:`` block of a file: axes, ``zip`` and ``exclude``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simcluster.scenario.axes import MOST_POINTS, axis_nodes
from simcluster.scenario.merging import Path, conflict
from simcluster.scenario.overriding import Setting, parse_path
from simcluster.scenario.places import Place, nearest
from simcluster.scenario.problems import Problem
from simcluster.scenario.tree import Level, Node, raised

#: The name of the axis that chooses presets.
PRESET: Path = ("preset",)


#: Most settings of one sweep.
MOST_AXES = 100
#: Most values of all axes and exclusions together.
MOST_LISTED = 4 * MOST_POINTS


@dataclass
class Sweep:
    """A sweep block.

    Parameters
    ----------
    place : Place
        Where it is written.
    groups : list of list of Setting
        One setting for a plain axis; several for those that are zipped.
    excluded : list of mapping of tuple of str to list
        Points that are left out: those that agree with all entries of one mapping.
    """

    place: Place
    groups: list[list[Setting]] = field(default_factory=list)
    excluded: list[Mapping[Path, Sequence[Any]]] = field(default_factory=list)
    #: Values of all of them so far.
    listed: int = 0

    def excludes(self, settings: Mapping[Path, Node]) -> bool:
        """Return whether a point is left out."""
        return any(
            all(path in settings and _comparable(settings[path].data()) in values for path, values in rule.items())
            for rule in self.excluded
        )


def _comparable(value: Any) -> Any:
    """Return a value in which ``1 Gbit/s`` and ``1Gbit/s`` are one, and true is not 1."""
    if isinstance(value, str):
        return "".join(value.split())
    return ("bool", value) if isinstance(value, bool) else value


def read_sweep(tree: Node, problems: list[Problem]) -> Sweep:
    """Return the sweep block of a file; an empty one if it has none.

    Parameters
    ----------
    tree : Node
        The merged tree of the file.
    problems : list of Problem
        Takes what is wrong with the block.
    """
    block = tree.mapping.get("sweep")
    sweep = Sweep((block.key or block.place) if block else tree.place)
    if block is None:
        return sweep
    if not isinstance(block.value, dict):
        problems.append(Problem(block.place, "sweep", "expected a mapping of settings to values", block.data()))
        return sweep
    for key, node in block.value.items():
        if key == "zip":
            _add_zipped(sweep, node, problems)
        elif key != "exclude":
            sweep.groups += [[setting] for setting in _settings(sweep, {key: node}, "sweep", problems)]
    if sum(len(group) for group in sweep.groups) > MOST_AXES:
        problems.append(Problem(block.place, "sweep", f"more than {MOST_AXES} settings"))
        return sweep
    _refuse_overlap(sweep, problems)
    if "exclude" in block.value:
        _add_excluded(sweep, block.value["exclude"], problems)
    return sweep


def _settings(sweep: Sweep, entries: Mapping[str, Node], field: str, problems: list[Problem]) -> list[Setting]:
    settings: list[Setting] = []
    for key, node in entries.items():
        if sweep.listed > MOST_LISTED:  # which has been said
            return settings
        path = parse_path(key, node.key or node.place, problems)
        values = _axis(node, f"{field}.{key}", problems) if path else []
        if path and values:
            settings.append(Setting(path, values, node.key or node.place))
        sweep.listed += len(values)
        if sweep.listed > MOST_LISTED:
            expected = f"more than {MOST_LISTED} values of all axes and exclusions together"
            problems.append(Problem(node.key or node.place, field, expected))
    return settings


def _axis(node: Node, field: str, problems: list[Problem]) -> list[Node]:
    """Return the values of an axis: a list's, those of a text such as ``1..25``, or the one value."""
    node = raised(node, Level.SWEEP)
    if isinstance(node.value, list):
        if not node.value:
            problems.append(Problem(node.place, field, "expected at least one value"))
        return node.value
    if isinstance(node.value, str):
        return axis_nodes(node.value, node.place, field, Level.SWEEP, problems)
    if isinstance(node.value, dict):
        problems.append(Problem(node.place, field, "expected a list of values, or a range such as 1..25", node.data()))
        return []
    return [node]


def _add_zipped(sweep: Sweep, node: Node, problems: list[Problem]) -> None:
    if not node.mapping:
        problems.append(Problem(node.place, "sweep.zip", "expected a mapping of settings to values", node.data()))
        return
    settings = _settings(sweep, node.mapping, "sweep.zip", problems)
    lengths = {setting.name: len(setting.values) for setting in settings}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name} {length}" for name, length in lengths.items())
        problems.append(Problem(node.key or node.place, "sweep.zip", f"expected lists of equal lengths, not {counts}"))
    elif len(settings) == len(node.mapping):
        sweep.groups.append(settings)


def _refuse_overlap(sweep: Sweep, problems: list[Problem]) -> None:
    seen: list[Setting] = []
    for setting in (setting for group in sweep.groups for setting in group):
        for other in seen:
            if conflict(setting.path, other.path):
                hint = f"the other is in line {other.place.line}"
                problems.append(Problem(setting.place, f"sweep.{setting.name}", "swept twice", hint=hint))
        seen.append(setting)


def _add_excluded(sweep: Sweep, node: Node, problems: list[Problem]) -> None:
    if not isinstance(node.value, list):
        expected = "expected a list of mappings of settings to values"
        problems.append(Problem(node.place, "sweep.exclude", expected, node.data()))
        return
    known = [setting.name for group in sweep.groups for setting in group]
    for entry in node.value:
        if not entry.mapping:
            expected = "expected a mapping of settings to values"
            problems.append(Problem(entry.place, "sweep.exclude", expected, entry.data()))
            continue
        rule: dict[Path, Sequence[Any]] = {}
        for setting in _settings(sweep, entry.mapping, "sweep.exclude", problems):
            if setting.name not in known:
                hint = nearest(setting.name, known)
                problems.append(Problem(setting.place, f"sweep.exclude.{setting.name}", "not swept", hint=hint))
            rule[setting.path] = [_comparable(value.data()) for value in setting.values]
        if rule:
            sweep.excluded.append(rule)
