"""Many scenarios from one file: the ``sweep:`` block, and overrides and presets with several values.

The file is read and merged once; a point puts its settings into the tree, and only the sections that they touch are
checked again. Every point is checked before the first one is simulated.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

from simcluster.scenario.axes import MOST_POINTS
from simcluster.scenario.building import REMEMBERED, Findings
from simcluster.scenario.loading import MOST_CHECKED, Source, open_source
from simcluster.scenario.merging import Path, conflict
from simcluster.scenario.overriding import Setting, preset_place, put_all
from simcluster.scenario.places import Place
from simcluster.scenario.problems import MOST_PRINTED, Notice, Problem, ScenarioError
from simcluster.scenario.schema import Scenario
from simcluster.scenario.sweeping import PRESET, Sweep, read_sweep
from simcluster.scenario.tree import Node
from simcluster.scenario.vocabulary import Registry

#: Most comparisons of points with exclusions.
MOST_CHECKS = 1_000_000
#: Most values of all points together, each counted with the whole scenario: what looking at them may cost.
MOST_VALUES = 20_000_000


@dataclass(frozen=True)
class GridPoint:
    """One scenario of a grid.

    Parameters
    ----------
    settings : mapping of str to value
        The value of every axis here, as it was written.
    scenario : Scenario
        The scenario.
    """

    settings: Mapping[str, Any]
    scenario: Scenario


@dataclass(frozen=True)
class Axis:
    """Settings that change together.

    Parameters
    ----------
    paths : sequence of tuple of str
        One setting; several if they are zipped.
    rows : sequence of tuple of Node
        For each step along the axis, a value of each setting.
    """

    paths: Sequence[Path]
    rows: Sequence[tuple[Node, ...]]


class Grid:
    """All points of a grid, checked.

    Iterating makes the scenarios anew, so that a large grid is never held as a whole.
    """

    def __init__(
        self, source: Source, axes: Sequence[Axis], fixed: Sequence[Setting], sweep: Sweep, presets: Sequence[str]
    ) -> None:
        self._source = source
        self._axes = axes
        #: What is set alike at all points, though on top of the presets.
        self._fixed = [(setting.path, setting.values[0]) for setting in fixed]
        self._sweep = sweep
        self._presets = presets
        self.notices: Sequence[Notice] = ()

    @property
    def axes(self) -> dict[str, list[Any]]:
        """The values of every axis, as they were written, by dotted path; zipped ones have equal lengths."""
        return {
            ".".join(path): [row[column].data() for row in axis.rows]
            for axis in self._axes
            for column, path in enumerate(axis.paths)
        }

    @cached_property
    def _kept(self) -> list[int]:
        """Indices of the points that are not excluded."""
        rows = enumerate(product(*(axis.rows for axis in self._axes)))
        return [index for index, steps in rows if not self._sweep.excludes(self._settings(steps))]

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self._kept)

    def __iter__(self) -> Iterator[GridPoint]:
        """Yield the points; the last axis changes fastest."""
        for settings, findings in self._built():
            if findings.problems:
                raise ScenarioError(findings.problems)
            yield GridPoint({".".join(path): value.data() for path, value in settings.items()}, findings.value)

    def _settings(self, steps: Sequence[tuple[Node, ...]]) -> dict[Path, Node]:
        pairs = zip(self._axes, steps, strict=True)
        return {path: value for axis, row in pairs for path, value in zip(axis.paths, row, strict=True)}

    def _built(self) -> Iterator[tuple[dict[Path, Node], Findings]]:
        """Yield the settings of every point, and what they come to."""
        source, trees, patched = self._source, _PresetTrees(self._source, self._presets), _Sections()
        kept = set(self._kept) if len(self._kept) < prod(len(axis.rows) for axis in self._axes) else None
        for index, steps in enumerate(product(*(axis.rows for axis in self._axes))):
            if kept is not None and index not in kept:
                continue
            settings = self._settings(steps)
            problems: list[Problem] = []
            tree = trees.with_preset(settings.get(PRESET), problems)
            tree = patched.put(tree, [*self._fixed, *((path, settings[path]) for path in settings if path != PRESET)])
            findings = source.builder.build(tree, source.name)
            yield settings, Findings(findings.value, [*problems, *findings.problems], findings.notices)

    def check(self) -> None:
        """Check every point, and collect what is to be said about them.

        Raises
        ------
        ScenarioError
            With all problems, each with the first point at which it arises.
        """
        problems: dict[tuple[Place, str, str], Problem] = {}
        notices: dict[Notice, None] = {}
        bad = 0
        for settings, findings in self._built():
            point = ", ".join(f"{'.'.join(path)}={value.data()}" for path, value in settings.items())
            bad += bool(findings.problems)
            for problem in findings.problems:
                key = (problem.place, problem.field, problem.expected)
                problems.setdefault(key, problem.at(point))
            notices.update(dict.fromkeys(findings.notices))
            if bad >= MOST_PRINTED:
                break
        self._source.raise_if_wrong(Findings(problems=list(problems.values())), self._chosen)
        if not len(self):
            raise ScenarioError([Problem(self._sweep.place, "sweep.exclude", "no point is left")])
        self.notices = list(notices)

    @property
    def _chosen(self) -> list[str]:
        on_axis = [value.data() for axis in self._axes if PRESET in axis.paths for (value,) in axis.rows]
        return [*self._presets, *on_axis]


class _Sections:
    """Sections with settings put into them, each made once: points that agree on a section share it.

    Who checks a section then checks it once, however many points have it.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[object, ...], tuple[object, Node]] = {}

    def put(self, tree: Node, settings: Sequence[tuple[Path, Node]]) -> Node:
        """Return the tree with settings put into it; see `put_all`."""
        sections: dict[str, list[tuple[Path, Node]]] = {}
        for path, value in settings:
            sections.setdefault(path[0], []).append((path, value))
        entries = {}
        for name, inside in sections.items():
            above = tree.mapping.get(name)
            key = (name, id(above), *((path, id(value)) for path, value in inside))
            if key not in self._made:
                if len(self._made) >= REMEMBERED:
                    del self._made[next(iter(self._made))]
                bare = replace(tree, value={} if above is None else {name: above})
                # What an id belongs to is kept with it: it is unique only as long as its object lives.
                self._made[key] = (above, inside), put_all(bare, inside).mapping[name]
            entries[name] = self._made[key][1]
        return tree.having(**entries) if entries else tree


class _PresetTrees:
    """The file's tree under each preset, made once."""

    def __init__(self, source: Source, always: Sequence[str]) -> None:
        self._source = source
        self._always = [(name, preset_place(name)) for name in always]
        self._trees: dict[str | None, tuple[Node, list[Problem]]] = {}

    def with_preset(self, preset: Node | None, problems: list[Problem]) -> Node:
        """Return the tree with the presets that every point has, and the one of this point."""
        name = None if preset is None else str(preset.value)
        if name not in self._trees:
            found: list[Problem] = []
            chosen = self._always if name is None or preset is None else [*self._always, (name, preset.place)]
            self._trees[name] = self._source.presets.apply(self._source.tree, chosen, found), found
        tree, found = self._trees[name]
        problems += found
        return tree


def load_grid(
    path: str | os.PathLike[str],
    registry: Registry,
    overrides: Sequence[str] = (),
    presets: Sequence[str] = (),
    allow_path: bool = False,
) -> Grid:
    """Load a file with its ``sweep:`` block, and check every point.

    Parameters
    ----------
    path, registry, allow_path
        As for `load`.
    overrides : sequence of str
        Settings such as ``cluster.workers=1..25``; they replace an axis of the file for the same setting.
    presets : sequence of str
        Names of presets; ``a,b`` makes them an axis.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the file, the overrides, the axes, and any point.
    """
    source = open_source(path, registry, overrides, allow_path)
    sweep = read_sweep(source.tree, source.problems)
    alternatives = [name for name in presets if "," in name]
    if len(alternatives) > 1:
        source.problems.append(Problem(preset_place(alternatives[1]), "preset", "two lists of presets"))
    asked = [*source.settings, *(_preset_axis(names) for names in alternatives[:1])]
    axes = _axes(sweep, asked)
    _limit(axes, sweep, asked[-1].place if asked else sweep.place, source)
    if source.problems:
        # A broken axis would only repeat itself at every point: what the file says without it is still checked.
        source.raise_if_wrong(source.builder.build(source.tree, source.name), ())
    fixed = [setting for setting in asked if len(setting.values) == 1]
    grid = Grid(source, axes, fixed, sweep, [name for name in presets if "," not in name])
    grid.check()
    return grid


def _limit(axes: Sequence[Axis], sweep: Sweep, last: Place, source: Source) -> None:
    """Report a grid that is too large, before anything of it is made."""
    problems = source.problems
    points = prod(len(axis.rows) for axis in axes)
    excluded = sum(len(values) for rule in sweep.excluded for values in rule.values())
    hint = "sweep the parts one by one"
    if points > MOST_POINTS:
        problems.append(Problem(last, "sweep", f"more than {MOST_POINTS} points", hint=hint))
    elif points * excluded > MOST_CHECKS:
        expected = f"exclusions with {excluded} values are too many for {points} points"
        problems.append(Problem(sweep.place, "sweep.exclude", expected))
    elif points > 1:
        sizes = source.sizes()
        whole = sum(sizes.values())
        if points * whole > MOST_VALUES or _checked(axes, sizes) > MOST_CHECKED:
            expected = f"{points} points are too many for a scenario of {whole} values"
            problems.append(Problem(last, "sweep", expected, hint=hint))


def _checked(axes: Sequence[Axis], sizes: Mapping[str, int]) -> int:
    """Return the number of values in all sections that differ between points, a preset counted as if it changed all."""
    total = 0
    for section, size in sizes.items():
        touching = [axis for axis in axes if {section, PRESET[0]} & {path[0] for path in axis.paths}]
        total += size * prod(len(axis.rows) for axis in touching) if touching else 0
    return total


def _preset_axis(names: str) -> Setting:
    place = preset_place(names)
    values = [Node(name.strip(), place) for name in names.split(",")]
    return Setting(PRESET, values, place)


def _axes(sweep: Sweep, asked: Sequence[Setting]) -> list[Axis]:
    """Return the axes of the file that nothing replaces, and then those that were asked for with several values."""
    axes = []
    for settings in sweep.groups:
        kept = [one for one in settings if not any(conflict(one.path, other.path) for other in asked)]
        if kept:
            rows = list(zip(*(setting.values for setting in kept), strict=True))
            axes.append(Axis([setting.path for setting in kept], rows))
    several = [setting for setting in asked if len(setting.values) > 1]
    return axes + [Axis([setting.path], [(value,) for value in setting.values]) for setting in several]
