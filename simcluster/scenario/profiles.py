"""Names of the catalogue, and of files with profiles, replaced by what they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from simcluster.scenario import catalogue
from simcluster.scenario.compression import NO_CODEC
from simcluster.scenario.merging import PROFILED, Path, merge
from simcluster.scenario.places import nearest
from simcluster.scenario.problems import Notice, Problem
from simcluster.scenario.profile_files import ABOUT, OVERHEAD, ProfileFiles, names_file
from simcluster.scenario.tree import Level, Node, Scalar, plant


@dataclass(frozen=True)
class Expanded:
    """A section without names of the catalogue.

    Parameters
    ----------
    node : Node or None
        Its tree; None if there is no such entry.
    name : str or None
        The entry it is, or amends; None if it is none of the catalogue.
    overhead : Node or None
        Overhead of computing on a codec's payloads, if its profile gives one.
    """

    node: Node | None
    name: str | None = None
    overhead: Node | None = None


class Catalogue:
    """The catalogue's entries as trees, each made once, and the profiles of codecs in files.

    Parameters
    ----------
    files : ProfileFiles
    """

    def __init__(self, files: ProfileFiles) -> None:
        self._files = files
        self._entries: dict[tuple[str, str], tuple[Node, bool]] = {}

    def expand(self, node: Node, path: Path, problems: list[Problem], notices: list[Notice]) -> Expanded:
        """Return a section with its entry of the catalogue under it, if it names one.

        Parameters
        ----------
        node : Node
            The section as written: a name, or a mapping with or without ``profile``.
        path : tuple of str
            Where it lies, a key of ``PROFILED``.
        problems, notices : list
            Take what is wrong, and what had no effect.
        """
        field = ".".join(path)
        if isinstance(node.value, dict):
            if "profile" not in node.value:
                return Expanded(node)
            entry = self._find(node.value["profile"], path, f"{field}.profile", problems, notices)
            amendments = node.without("profile")
            if entry.node is None or not amendments.mapping:
                return entry
            _say_replaced_layers(entry, amendments, notices)
            amended = merge(entry.node, amendments, path)
            return replace(entry, node=amended, name=None if entry.name == NO_CODEC else entry.name)
        if isinstance(node.value, str):
            return self._find(node, path, field, problems, notices)
        expected = "expected a name of the catalogue, or a mapping"
        problems.append(Problem(node.place, field, expected, node.data()))
        return Expanded(None)

    def _find(self, name: Node, path: Path, field: str, problems: list[Problem], notices: list[Notice]) -> Expanded:
        text, kind = name.value, PROFILED[path]
        known = catalogue.names(kind)
        if kind == "codecs" and names_file(text):
            settings = self._files.settings(name, field, problems)
            if settings is None:
                return Expanded(None)
            return Expanded(replace(settings.mapping["codec"], key=name.key), None, settings.mapping.get(OVERHEAD))
        if not isinstance(text, str) or text not in known:
            problems.append(_unknown(name, kind, field))
            return Expanded(None)
        if (kind, text) not in self._entries:
            data = catalogue.entry(kind, text)
            entry = {key: value for key, value in data.items() if key not in ABOUT}
            self._entries[kind, text] = plant(entry, name.place, Level.CATALOGUE), "assumption" in data
        tree, assumed = self._entries[kind, text]
        if assumed:
            notices.append(Notice(name.place, field, f"'{text}' holds an assumption of the catalogue; see its source"))
        return Expanded(replace(tree.without(OVERHEAD), key=name.key), text, tree.mapping.get(OVERHEAD))


def _unknown(name: Node, kind: str, field: str) -> Problem:
    known = catalogue.names(kind)
    hint = nearest(name.value, known) or f"known: {', '.join(known)}"
    return Problem(name.place, field, f"no such {kind.removesuffix('s')} in the catalogue", name.data(), hint)


def _say_replaced_layers(entry: Expanded, amendments: Node, notices: list[Notice]) -> None:
    if entry.node and "layers" in entry.node.mapping and "parameters" in amendments.mapping:
        message = f"replaces the layers of '{entry.name}', and their times"
        notices.append(Notice(amendments.mapping["parameters"].place, "model.parameters", message))


def measured(
    device: Node,
    model: str | None,
    minibatch: Scalar,
    wanted: Sequence[str],
    problems: list[Problem],
    notices: list[Notice],
) -> dict[str, Node]:
    """Return what the catalogue has for a model on a device: the minibatch time, the minibatch, or both.

    Parameters
    ----------
    device : Node
        Name of the device.
    model : str or None
        Name of the model, if it is one of the catalogue.
    minibatch : int or None
        The minibatch, if the file gives one; None takes the first measurement.
    wanted : sequence of str
        ``minibatch_time``, ``minibatch``, or both.
    problems, notices : list
        Take what is wrong, and what was assumed.
    """
    if not isinstance(device.value, str) or device.value not in catalogue.names("devices"):
        problems.append(_unknown(device, "devices", "compute.device"))
        return {}
    everything = cast("list[dict[str, Any]]", catalogue.entry("devices", device.value)["measurements"])
    of_model = [entry for entry in everything if entry["model"] == model]
    fitting = [entry for entry in of_model if minibatch in (None, entry["minibatch"])]
    if not fitting:
        problems.append(_unmeasured(device, model, everything, of_model))
        return {}
    chosen = fitting[0]
    if chosen.get("assumption") and "minibatch_time" in wanted:
        message = f"minibatch_time {chosen['minibatch_time']} is an assumption of the catalogue, not a measurement"
        notices.append(Notice(device.place, "compute.device", message))
    return {key: plant(chosen[key], device.place, Level.CATALOGUE) for key in wanted}


def _unmeasured(
    device: Node, model: str | None, everything: list[dict[str, Any]], of_model: list[dict[str, Any]]
) -> Problem:
    if model is None:
        reason = "a device needs a model of the catalogue, by its name"
    elif not of_model:
        names = ", ".join(sorted({entry["model"] for entry in everything}))
        reason = f"the catalogue has no time of model '{model}' on it, only of {names}"
    else:
        sizes = ", ".join(str(entry["minibatch"]) for entry in of_model)
        reason = f"the catalogue has no time of that minibatch on it, only of {sizes}"
    return Problem(device.place, "compute.device", reason, device.data(), "give compute.minibatch_time")
