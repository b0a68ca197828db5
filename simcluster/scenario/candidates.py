"""Candidates: files that say how a scenario would compress, or which other model it would train, laid over it.

A candidate is a whole scenario that extends the other one, a part of one, or the profile of a codec, as ``simcluster
codec measure -o`` writes it: all are merged over the scenario as a preset would be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from simcluster.scenario.building import name_of
from simcluster.scenario.extending import read_with_bases
from simcluster.scenario.loading import Loaded, open_source
from simcluster.scenario.merging import merge
from simcluster.scenario.overriding import put_all
from simcluster.scenario.problems import Problem
from simcluster.scenario.profile_files import is_profile, settings_of
from simcluster.scenario.reading import read_file, read_text
from simcluster.scenario.vocabulary import FILE_KEYS, Registry


def load_candidate(
    path: Path, base: Path, registry: Registry, overrides: Sequence[str] = (), *, allow_path: bool = False
) -> Loaded:
    """Load a candidate: its settings over those of a scenario, and overrides over both.

    Parameters
    ----------
    path : Path
        The candidate's file. Its own presets and sweep are left alone.
    base : Path
        The scenario's file.
    registry : Registry
        Knows the schemes and topologies.
    overrides : sequence of str
        Settings such as ``cluster.workers=8``, one value each.
    allow_path : bool
        Whether files outside of each file's folder may be extended or named.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the candidate.
    """
    source = open_source(base, registry, overrides, allow_path)
    patch, complete = read_with_bases(path, str(path), allow_path, source.problems)
    source.complete = source.complete and complete
    tree = source.tree
    if patch is not None and is_profile(patch):
        patch = replace(patch, value={"compression": settings_of(patch)})
    if patch is not None:
        # What the scenario is called and what else it offers are not the candidate's.
        tree = merge(tree.without(*FILE_KEYS, "name", "description"), patch.without(*FILE_KEYS))
    tree = put_all(tree, [(setting.path, setting.values[0]) for setting in source.settings])
    findings = source.builder.build(tree, name_of(str(path)))
    source.raise_if_wrong(findings, tuple(source.presets.patches))
    return Loaded(findings.value, findings.notices, {}, ())


def files_extending(base: Path) -> list[Path]:
    """Return the scenario files beside a file that extend it directly, by name; those that can't be read are none."""
    found = []
    for path in sorted(base.parent.glob("*.yaml")):
        problems: list[Problem] = []
        text = read_file(path, str(path), problems) if path != base else None
        tree = None if text is None else read_text(text, str(path), problems)
        extends = None if tree is None else tree.mapping.get("extends")
        if extends is not None and extends.value == base.name:
            found.append(path)
    return found
