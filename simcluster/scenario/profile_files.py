"""Cost profiles of codecs in files of their own, which scenarios name: ``codec: {profile: my_codec.yaml}``.

Such a file is written as an entry of the catalogue is: the settings of a codec, and what readers want to know of them
(``description``, ``source``). It may say what computing on its payloads costs, too (``operation_overhead``), which is a
setting of ``compression``: a scenario that uses it homomorphically has it then, unless it gives its own.

What it says is taken over as if the scenario said it: a scenario is what its profiles hold, not what they are called.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from simcluster.scenario.locating import locate, real
from simcluster.scenario.problems import Problem
from simcluster.scenario.reading import MOST_BYTES, read_file, read_text
from simcluster.scenario.tree import Level, Node

#: How the name of such a file ends; names of the catalogue never do.
SUFFIXES = (".yaml", ".yml")
#: Keys of a profile that are for its readers.
ABOUT = ("source", "description", "assumption")
#: The key that isn't the codec's own.
OVERHEAD = "operation_overhead"


def names_file(name: object) -> bool:
    """Return whether what names a profile is the name of a file."""
    return isinstance(name, str) and name.endswith(SUFFIXES)


def is_profile(tree: Node) -> bool:
    """Return whether the tree of a file is a codec's profile, and no part of a scenario."""
    return "rho" in tree.mapping or "ratio" in tree.mapping


def settings_of(tree: Node) -> Node:
    """Return what the tree of a profile says about ``compression``: its codec, and the overhead if it gives one."""
    codec = tree.without(OVERHEAD, *ABOUT)
    settings = {"codec": codec}
    if OVERHEAD in tree.mapping:
        settings[OVERHEAD] = tree.mapping[OVERHEAD]
    return replace(tree, value=settings)


class ProfileFiles:
    """The profiles of a scenario's folder, each read once.

    Parameters
    ----------
    folder : str or None
        The scenario's folder, to which names are relative; None takes names as they are, as Python code gives them.
    allow_path : bool
        Whether files may lie outside of that folder.
    """

    def __init__(self, folder: str | None = None, allow_path: bool = False) -> None:
        self._start = folder or ""
        self._inside = None if folder is None or allow_path else real(Path(folder))
        self._read: dict[str, Node | list[Problem]] = {}
        self._left = MOST_BYTES

    def settings(self, name: Node, field: str, problems: list[Problem]) -> Node | None:
        """Return what a file says about ``compression``; None if it can't be read, or is no profile.

        Parameters
        ----------
        name : Node
            The file's name, as somebody wrote it.
        field : str
            The setting that names it.
        problems : list of Problem
            Takes what is wrong.
        """
        text = str(name.value)
        found = locate(text, Path(self._start), self._inside)
        if found.wrong:
            problems.append(Problem(name.place, field, found.wrong, text, found.hint))
            return None
        if text not in self._read:
            self._read[text] = self._profile(name, field, found.path)
        profile = self._read[text]
        if isinstance(profile, Node):
            return profile
        problems += profile
        return None

    def _profile(self, name: Node, field: str, path: Path) -> Node | list[Problem]:
        """Return the settings that a file makes, or what is wrong with it."""
        problems: list[Problem] = []
        source = str(Path(self._start) / str(name.value))
        text = read_file(path, source, problems)
        self._left -= len(text or "")
        if self._left < 0:
            expected = f"together with the other profiles larger than {MOST_BYTES // 1024} KiB"
            return [Problem(name.place, field, expected, name.value)]
        tree = None if text is None else read_text(text, source, problems, Level.PROFILE)
        if tree is not None and not is_profile(tree):
            expected = "not the profile of a codec, which gives ratio (or rho)"
            hint = "'simcluster codec measure NAME -o FILE' writes one; a scenario is extended"
            problems.append(Problem(tree.place, field, expected, hint=hint))
        if tree is not None and "profile" in tree.mapping:
            culprit = tree.mapping["profile"]
            expected = "a profile in a file is complete, and amends no other"
            problems.append(Problem(culprit.key or culprit.place, f"{field}.profile", expected))
        return problems or (settings_of(tree) if tree is not None else problems)
