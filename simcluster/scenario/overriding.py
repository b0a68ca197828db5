"""Overrides (``--set path=value``) and presets: settings that are put over what the files say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from simcluster.scenario.axes import axis_nodes
from simcluster.scenario.merging import Path, conflict, merge, overlap, put
from simcluster.scenario.places import Place, nearest
from simcluster.scenario.problems import Problem
from simcluster.scenario.scalars import UNSAFE
from simcluster.scenario.tree import Level, Node, raised
from simcluster.scenario.vocabulary import FILE_KEYS

LONGEST_OVERRIDE = 100_000
MOST_OVERRIDES = 200

_PATH = re.compile(r"\w[\w-]*(?:\.\w[\w-]*){0,31}")


@dataclass(frozen=True)
class Setting:
    """A path, and the values it takes: one, or those of an axis.

    Parameters
    ----------
    path : tuple of str
        The setting.
    values : sequence of Node
        At least one.
    place : Place
        Where it was asked for.
    """

    path: Path
    values: Sequence[Node]
    place: Place

    @property
    def name(self) -> str:
        """The dotted path."""
        return ".".join(self.path)


def parse_path(text: str, place: Place, problems: list[Problem]) -> Path | None:
    """Return the path that a text such as ``cluster.server.cores`` names, or report why it names none."""
    if not _PATH.fullmatch(text):
        expected = "expected the path of a setting, such as cluster.workers"
        problems.append(Problem(place, "", expected, text))
        return None
    path = tuple(text.split("."))
    if path[0] in FILE_KEYS:
        problems.append(Problem(place, text, f"'{path[0]}' belongs to a file and can't be set"))
        return None
    return path


def parse_overrides(texts: Sequence[str], problems: list[Problem]) -> list[Setting]:
    """Return the settings of overrides such as ``cluster.workers=8``.

    Parameters
    ----------
    texts : sequence of str
        The overrides; their order has no meaning.
    problems : list of Problem
        Takes what is wrong, also two overrides of one setting.
    """
    settings: list[Setting] = []
    if len(texts) > MOST_OVERRIDES:
        problems.append(
            Problem(Place(texts[-1][:60], 0, 1, override=True), "", f"more than {MOST_OVERRIDES} overrides")
        )
        return settings
    for text in texts:
        setting = _parse_override(text, problems)
        if setting is None:
            continue
        for other in settings:
            if conflict(setting.path, other.path):
                hint = f"the other is --set {other.place.source[:60]}"
                problems.append(Problem(setting.place, setting.name, "set twice", hint=hint))
        settings.append(setting)
    return settings


def _parse_override(text: str, problems: list[Problem]) -> Setting | None:
    place = Place(text, 0, 1, override=True)
    if len(text) > LONGEST_OVERRIDE:
        problems.append(Problem(replace(place, source=f"{text[:60]}..."), "", "an override that is far too long"))
        return None
    if unsafe := UNSAFE.search(text):
        problems.append(Problem(place, "", f"the character U+{ord(unsafe[0]):04X} is not allowed"))
        return None
    name, equals, value = text.partition("=")
    if not equals:
        problems.append(Problem(place, "", "expected path=value, such as cluster.workers=8"))
        return None
    path = parse_path(name.strip(), place, problems)
    if path is None:
        return None
    values = axis_nodes(value, replace(place, column=len(name) + 2), name.strip(), Level.OVERRIDE, problems)
    return Setting(path, values, place) if values else None


class Presets:
    """The named patches of a file.

    Parameters
    ----------
    tree : Node
        The merged tree of the files.
    problems : list of Problem
        Takes what is wrong with the block itself.
    """

    def __init__(self, tree: Node, problems: list[Problem]) -> None:
        block = tree.mapping.get("presets")
        if block is not None and not isinstance(block.value, dict):
            problems.append(Problem(block.place, "presets", "expected a mapping of names to settings", block.data()))
        self.patches: dict[str, Node] = {}
        for name, patch in block.mapping.items() if block else ():
            if not isinstance(patch.value, dict):
                problems.append(Problem(patch.place, f"presets.{name}", "expected a mapping", patch.data()))
            elif not re.fullmatch(r"\w[\w .+-]{0,99}", name):
                problems.append(Problem(patch.key or patch.place, "presets", "not a name for a preset", name))
            elif extra := [key for key in FILE_KEYS if key in patch.value]:
                place = patch.value[extra[0]].key or patch.place
                problems.append(Problem(place, f"presets.{name}.{extra[0]}", "not possible in a preset"))
            else:
                self.patches[name] = raised(patch, Level.PRESET)

    def find(self, name: object, place: Place, problems: list[Problem]) -> Node | None:
        """Return the patch of a name, or report that there is none."""
        if isinstance(name, str) and name in self.patches:
            return self.patches[name]
        hint = nearest(name, self.patches)
        hint = hint or (f"known: {', '.join(self.patches)}" if self.patches else "the file has no presets")
        problems.append(Problem(place, "preset", "no such preset", name, hint))
        return None

    def apply(self, tree: Node, names: Sequence[tuple[str, Place]], problems: list[Problem]) -> Node:
        """Return the tree with some presets over it; report two that make the same setting."""
        made: list[tuple[Path, str]] = []
        for name, place in names:
            patch = self.find(name, place, problems)
            if patch is None:
                continue
            paths = [path for path, _ in patch.leaves()]
            for path in paths:
                others = [other for earlier, other in made if overlap(path, earlier)]
                if others:
                    message = f"set by the presets '{others[0]}' and '{name}'"
                    problems.append(Problem(place, ".".join(path), message, hint="choose one of them"))
            made.extend((path, name) for path in paths)
            tree = merge(tree, patch)
        return tree


def preset_place(name: str) -> Place:
    """Return the place of a preset that was asked for by name."""
    return Place(f"--preset {name[:100]}")


def put_all(tree: Node, settings: Sequence[tuple[Path, Node]]) -> Node:
    """Return the tree with single settings put into it; names of the catalogue come before their amendments."""
    for path, value in sorted(settings, key=lambda setting: (len(setting[0]), setting[0][-1] != "profile")):
        tree = put(tree, path, value)
    return tree
