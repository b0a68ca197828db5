"""Which setting wins: trees merged over each other, and single settings put into a tree.

Mappings merge, lists and scalars replace. A mapping is replaced as a whole where its kind changes: a name over a
mapping, a mapping over a name, another profile. Keys that say one thing in two ways (``rho`` and ``ratio``) replace
each other. A single setting inside of a section that is written as a name amends that entry of the catalogue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from simcluster.scenario.places import Place
from simcluster.scenario.tree import Node

Path = tuple[str, ...]

#: Sections that can be a name of the catalogue, and the kind of its entries.
PROFILED: dict[Path, str] = {
    ("model",): "models",
    ("network",): "networks",
    ("compression", "codec"): "codecs",
    ("compression", "push"): "codecs",
    ("compression", "pull"): "codecs",
}
_CODEC = [("rho", "ratio"), ("compress_time", "compress_rate"), ("decompress_time", "decompress_rate")]

#: Keys that say the same thing in several ways.
ALTERNATIVES: dict[Path, Sequence[tuple[str, ...]]] = {
    ("model",): [("parameters", "layers")],
    ("cluster",): [("workers", "groups")],
    ("compression", "codec"): _CODEC,
    ("compression", "push"): _CODEC,
    ("compression", "pull"): _CODEC,
}


def merge(base: Node, patch: Node, path: Path = ()) -> Node:
    """Return a tree in which the patch wins over the base.

    Parameters
    ----------
    base, patch : Node
        The trees of one section.
    path : tuple of str
        The section; empty for the whole scenario.
    """
    if not isinstance(base.value, dict) or not isinstance(patch.value, dict) or _other_profile(base, patch, path):
        return patch
    entries = dict(base.value)
    for key in patch.value:
        for other in _alternatives(path, key):
            entries.pop(other, None)
    for key, child in patch.value.items():
        entries[key] = merge(entries[key], child, (*path, key)) if key in entries else child
    return replace(patch, value=entries)


def _other_profile(base: Node, patch: Node, path: Path) -> bool:
    if path not in PROFILED or "profile" not in patch.mapping:
        return False
    return "profile" not in base.mapping or base.mapping["profile"].value != patch.mapping["profile"].value


def _alternatives(path: Path, key: str) -> list[str]:
    return [other for group in ALTERNATIVES.get(path, ()) if key in group for other in group if other != key]


def put(tree: Node, path: Path, value: Node, above: Path = ()) -> Node:
    """Return a tree in which one setting is made.

    Parameters
    ----------
    tree : Node
        The tree; what does not lie on the path is shared with it.
    path : tuple of str
        The setting; a number stands for an entry of a list.
    value : Node
        What is set.
    above : tuple of str
        The path of ``tree`` itself.
    """
    if not path:
        return merge(tree, value, above)
    head, rest = path[0], path[1:]
    here = (*above, head)
    if isinstance(tree.value, list):
        return _put_into_list(tree, path, value, above)
    if isinstance(tree.value, str) and above in PROFILED:
        tree = replace(tree, value={"profile": tree})
    if not isinstance(tree.value, dict):
        return nested(path, value, above)
    # Another profile doesn't keep the amendments of the last.
    entries = {} if head == "profile" and above in PROFILED else dict(tree.value)
    # Not so for the cluster: whether workers or groups are meant must be said, since groups hold more than a number.
    if above != ("cluster",):
        for other in _alternatives(above, head):
            entries.pop(other, None)
    if head in entries:
        entries[head] = put(entries[head], rest, value, here)
    else:
        entries[head] = nested(rest, value, here)
    return replace(tree, value=entries)


def _put_into_list(tree: Node, path: Path, value: Node, above: Path) -> Node:
    children = list(tree.value) if isinstance(tree.value, list) else []
    head = path[0]
    if not head.isdecimal() or len(head) > 9 or int(head) >= len(children):
        return nested(path, value, above)  # a mapping where the schema wants a list: reported as that
    children[int(head)] = put(children[int(head)], path[1:], value, (*above, head))
    return replace(tree, value=children)


def nested(path: Path, value: Node, above: Path = ()) -> Node:
    """Return mappings in each other, with the value inside, whose first key lies at the path ``above``."""
    full = (*above, *path)
    value = replace(value, key=_key_place(value, full))
    for length in range(len(full) - 1, len(above) - 1, -1):
        inner = replace(value, key=_key_place(value, full[: length + 1]))
        place = _key_place(value, full[:length])
        value = Node({full[length]: inner}, place, place, value.level)
    return value


def _key_place(value: Node, path: Path) -> Place:
    """Return where the last key of a path stands: in the text of an override, its own column."""
    if not value.place.override or not path:
        return value.key or value.place
    return replace(value.place, column=len(".".join(path)) - len(path[-1]) + 1)


def same_setting(path: Path) -> Path:
    """Return one path for all settings that say the same: ``rho`` for ``ratio``."""
    for group in ALTERNATIVES.get(path[:-1], ()):
        if path[-1] in group:
            return (*path[:-1], group[0])
    return path


def overlap(one: Path, other: Path) -> bool:
    """Return whether two settings speak of the same thing, or one of a part of the other."""
    one, other = same_setting(one), same_setting(other)
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def conflict(one: Path, other: Path) -> bool:
    """Return whether two settings can't both be made; a name of the catalogue and its amendment can."""
    return overlap(one, other) and (len(one) == len(other) or min(one, other, key=len) not in PROFILED)
