"""A file, presets and overrides -> one scenario."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from simcluster.scenario.building import Builder, Findings, name_of
from simcluster.scenario.extending import read_with_bases
from simcluster.scenario.merging import PROFILED
from simcluster.scenario.overriding import Presets, Setting, parse_overrides, parse_path, preset_place, put_all
from simcluster.scenario.places import Place
from simcluster.scenario.problems import Notice, Problem, ScenarioError
from simcluster.scenario.profile_files import ProfileFiles
from simcluster.scenario.profiles import Catalogue
from simcluster.scenario.schema import Scenario
from simcluster.scenario.tree import Level, Node, plant
from simcluster.scenario.vocabulary import FILE_KEYS, Registry
from simcluster.scenario.wording import MOST_EXPLAINED
from simcluster.scenario.writing import resolved

#: Most values of all sections that differ between points of a grid, or between presets: what checking them may cost,
#: and what of it may be kept.
MOST_CHECKED = 500_000


@dataclass(frozen=True)
class Loaded:
    """A scenario, and what is to be said about it.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    notices : sequence of Notice
        Settings without effect, and assumptions.
    provenance : mapping of str to Place
        Where each setting that was made comes from, by dotted path.
    presets : sequence of str
        Names of the presets of the file.
    """

    scenario: Scenario
    notices: Sequence[Notice]
    provenance: Mapping[str, Place]
    presets: Sequence[str]


@dataclass
class Source:
    """A file, and what was asked over it, read but not put together yet."""

    path: str
    tree: Node
    presets: Presets
    settings: list[Setting]
    builder: Builder
    problems: list[Problem]
    complete: bool

    @property
    def name(self) -> str:
        """The scenario's name, if its file gives none."""
        return name_of(self.path)

    def sizes(self) -> dict[str, int]:
        """Return the number of values of each section, with what names of the catalogue stand for."""
        catalogue = Catalogue(ProfileFiles())
        sizes = {}
        for name, node in self.tree.without(*FILE_KEYS).mapping.items():
            expanded = catalogue.expand(node, (name,), [], []).node if (name,) in PROFILED else node
            sizes[name] = (expanded or node).count()
        return sizes

    def raise_if_wrong(self, findings: Findings, presets: Sequence[str]) -> None:
        """Raise all problems together, if there are any.

        Parameters
        ----------
        findings : Findings
            What the tree came to, or its points.
        presets : sequence of str
            Presets that it was tried with; the others are tried now.

        Raises
        ------
        ScenarioError
            With everything that is wrong.
        """
        found = [*findings.problems, *self._problems_of_presets(presets)]
        # What an extended file would have given isn't missing: that the file can't be read has been said.
        found = [problem for problem in found if self.complete or not problem.is_missing]
        if self.problems or found:
            raise ScenarioError([*self.problems, *found])

    def _problems_of_presets(self, chosen: Sequence[str]) -> list[Problem]:
        """Return what is wrong with the presets that were not chosen: each is tried alone, over the files.

        What is wrong without the preset too, for example a key that other presets give, is not its fault.
        """
        others = [name for name in self.presets.patches if name not in chosen]
        if not others:
            return []
        if too_many := self._too_many_presets():
            return [too_many]
        without = self.builder.build(self.tree, self.name).problems
        innocent = {(problem.field, problem.expected) for problem in without}
        problems: list[Problem] = []
        for name in others:
            tree = self.presets.apply(self.tree, [(name, preset_place(name))], [])
            problems += self.builder.build(tree, self.name).problems
            if len(problems) > MOST_EXPLAINED:
                break
        return [problem for problem in problems if (problem.field, problem.expected) not in innocent]

    def _too_many_presets(self) -> Problem | None:
        """Return a problem if the sections that presets change are too large to check for each of them."""
        sizes = self.sizes()
        changed = sum(sizes.get(section, 0) for patch in self.presets.patches.values() for section in patch.mapping)
        if changed <= MOST_CHECKED:
            return None
        presets = self.tree.mapping["presets"]
        expected = f"{len(self.presets.patches)} presets are too many for a scenario of {sum(sizes.values())} values"
        return Problem(presets.key or presets.place, "presets", expected)


def open_source(path: str | os.PathLike[str], registry: Registry, overrides: Sequence[str], allow_path: bool) -> Source:
    """Read a file with all it extends, and the overrides.

    Raises
    ------
    ScenarioError
        If the file can't be read at all.
    """
    problems: list[Problem] = []
    text = os.fspath(path)
    tree, complete = None, False
    if "\x00" in text:
        problems.append(Problem(Place(text), "", "not the name of a file"))
    else:
        tree, complete = read_with_bases(FilePath(text), text, allow_path, problems)
    settings = parse_overrides(overrides, problems)
    if tree is None:
        raise ScenarioError(problems)
    presets = Presets(tree, problems)
    builder = Builder(registry, folder=str(FilePath(text).parent), allow_path=allow_path)
    return Source(text, tree, presets, settings, builder, problems, complete)


def load(
    path: str | os.PathLike[str],
    registry: Registry,
    overrides: Sequence[str] = (),
    presets: Sequence[str] = (),
    allow_path: bool = False,
) -> Loaded:
    """Load one scenario from a file.

    Parameters
    ----------
    path : str or path
        The file. A ``sweep:`` block in it is left alone, which a notice says.
    registry : Registry
        Knows the schemes and topologies.
    overrides : sequence of str
        Settings such as ``cluster.workers=8``.
    presets : sequence of str
        Names of presets of the file.
    allow_path : bool
        Whether files outside of the scenario's folder may be extended or named.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the file, its presets and the overrides.
    """
    source = open_source(path, registry, overrides, allow_path)
    problems = source.problems
    for setting in source.settings:
        if len(setting.values) > 1:
            hint = "a sweep takes several; run takes one"
            problems.append(Problem(setting.place, setting.name, f"{len(setting.values)} values", hint=hint))
    chosen = _single_presets(presets, source)
    tree = source.presets.apply(source.tree, chosen, problems)
    tree = put_all(tree, [(setting.path, setting.values[0]) for setting in source.settings])
    findings = source.builder.build(tree, source.name)
    source.raise_if_wrong(findings, presets)
    if "sweep" in tree.mapping:
        note = Notice(tree.mapping["sweep"].place, "sweep", "its points are not run; simcluster sweep runs them")
        findings.notices.append(note)
    return Loaded(findings.value, findings.notices, _provenance(tree), tuple(source.presets.patches))


def _single_presets(names: Sequence[str], source: Source) -> list[tuple[str, Place]]:
    """Return the presets with their places; report a list of alternatives, which is for sweeps."""
    for name in names:
        if "," in name:
            hint = "a sweep takes alternatives; run takes --preset once for each that is to apply"
            expected = f"{name.count(',') + 1} presets"
            source.problems.append(Problem(preset_place(name), "preset", expected, hint=hint))
    return [(name, preset_place(name)) for name in names if "," not in name]


def _provenance(tree: Node) -> dict[str, Place]:
    return {".".join(path): node.place for path, node in tree.without(*FILE_KEYS).leaves() if path}


def from_mapping(data: Mapping[str, Any], registry: Registry, name: str = "scenario") -> Scenario:
    """Return the scenario that a nested dict describes, in the syntax of files.

    Parameters
    ----------
    data : mapping
        Sections as in a file; a quantity may also be a number in base units (bytes, bytes per second, seconds).
    registry : Registry
        Knows the schemes and topologies.
    name : str
        The scenario's name, if the mapping gives none.

    Raises
    ------
    ScenarioError
        With everything that is wrong.
    """
    return _built(plant(data, Place("mapping"), Level.FILE), registry, name)


def with_settings(scenario: Scenario, settings: Mapping[str, Any], registry: Registry) -> Scenario:
    """Return a copy of a scenario with some settings made, such as ``{'cluster.workers': 8}``.

    Parameters
    ----------
    scenario : Scenario
        The original; it stays as it is.
    settings : mapping of str to value
        Values by dotted path, as in `from_mapping`.
    registry : Registry
        Knows the schemes, topologies and codecs.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the copy.
    """
    problems: list[Problem] = []
    place = Place("settings")
    pairs = []
    for text, value in settings.items():
        path = parse_path(text, place, problems)
        if path:
            pairs.append((path, plant(value, place, Level.OVERRIDE)))
    if problems:
        raise ScenarioError(problems)
    tree = put_all(plant(resolved(scenario), place, Level.FILE), pairs)
    return _built(tree, registry, scenario.name)


def _built(tree: Node, registry: Registry, name: str) -> Scenario:
    findings = Builder(registry, written=False).build(tree, name)
    if findings.problems:
        raise ScenarioError(findings.problems)
    scenario: Scenario = findings.value
    return scenario
