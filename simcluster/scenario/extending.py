"""A file and the files that it extends, merged into one tree.

What a file extends must lie in the folder of the file that was asked for, or below it; see ``locating``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from simcluster.scenario.locating import Located, locate, real
from simcluster.scenario.merging import merge
from simcluster.scenario.problems import Problem
from simcluster.scenario.reading import MOST_BYTES, read_file, read_text
from simcluster.scenario.tree import Level, Node

MOST_EXTENDED = 16


def read_with_bases(path: Path, source: str, allow_path: bool, problems: list[Problem]) -> tuple[Node | None, bool]:
    """Read a file and all that it extends, directly or not.

    Parameters
    ----------
    path : Path
        The file.
    source : str
        What messages call it.
    allow_path : bool
        Whether extended files may lie outside of the file's folder.
    problems : list of Problem
        Takes what is wrong.

    Returns
    -------
    tree : Node or None
        The merged tree, or None if the file itself can't be read.
    complete : bool
        Whether all that it extends could be read.
    """
    trees: list[Node] = []
    seen: list[Path] = []
    folder, left = real(path.parent), MOST_BYTES
    extends: Node | None = None
    while True:
        seen.append(real(path))
        text = read_file(path, source, problems)
        left -= len(text or "")
        if extends is not None and left < 0:
            expected = f"together with the files above it larger than {MOST_BYTES // 1024} KiB"
            problems.append(Problem(extends.place, "extends", expected, extends.data()))
            text = None
        tree = None if text is None else read_text(text, source, problems, Level.FILE - len(trees))
        if tree is not None and trees and not isinstance(tree.value, dict):
            problems.append(Problem(tree.place, "", "expected a mapping of sections, such as model: ..."))
            tree = None
        if tree is None:
            return _merged(trees), False
        trees.append(tree)
        extends = tree.mapping.get("extends")
        if extends is None:
            return _merged(trees), True
        base = _base(extends, seen, None if allow_path else folder, problems)
        if base is None:
            return _merged(trees), False
        source = str(Path(source).parent / str(extends.value))
        path = base


def _merged(trees: list[Node]) -> Node | None:
    if not trees:
        return None
    merged = trees[-1]
    for tree in reversed(trees[:-1]):
        # Name and extends say what a file is, not what it sets: they are not inherited.
        merged = merge(merged.without("name", "extends"), tree)
    return merged


def _base(extends: Node, seen: list[Path], folder: Path | None, problems: list[Problem]) -> Path | None:
    """Return the file that is extended, or report why it can't be."""
    text = extends.value
    if not isinstance(text, str) or not text:
        base = Located(Path(), "expected the name of a file, such as base.yaml")
    elif len(seen) > MOST_EXTENDED:
        base = Located(Path(), f"more than {MOST_EXTENDED} files extend each other")
    else:
        base = locate(text, seen[-1].parent, folder)
    if base.path in seen:
        circle = [*seen[seen.index(base.path) :], base.path]
        base = replace(base, wrong=f"extends itself: {' -> '.join(file.name for file in circle)}")
    if base.wrong:
        problems.append(Problem(extends.place, "extends", base.wrong, extends.data(), base.hint))
        return None
    return base.path
