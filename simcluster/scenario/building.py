"""A merged tree -> a scenario, with all that is wrong with it.

The sections are checked one by one, and remembered: the next point of a grid, which shares most of its tree with the
last one, pays for the sections that changed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from simcluster.learning.architecture import PARAMETER_BYTES
from simcluster.learning.options import LearningOptions
from simcluster.options import WRITTEN, Options
from simcluster.scenario.compression import NO_CODEC, Compression
from simcluster.scenario.idle import idle_settings
from simcluster.scenario.machines import Cluster
from simcluster.scenario.merging import Path
from simcluster.scenario.places import Place, nearest
from simcluster.scenario.problems import Notice, Problem
from simcluster.scenario.profile_files import OVERHEAD, ProfileFiles
from simcluster.scenario.profiles import Catalogue, Expanded, measured
from simcluster.scenario.schema import Compute, Model, Scenario
from simcluster.scenario.tree import Level, Node, plant
from simcluster.scenario.vocabulary import CHOICES, FILE_KEYS, REQUIRED, Registry, home
from simcluster.scenario.wording import explain
from simcluster.units import format_duration

_HEAD = ("name", "description", "faults", "recovery", "budget", "seed")

#: Sections that are remembered; the oldest are forgotten.
REMEMBERED = 1000

OptionsT = TypeVar("OptionsT", bound=Options)


@dataclass
class Findings:
    """What one section, or a whole scenario, came to."""

    value: Any = None
    problems: list[Problem] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def absorb(self, other: Findings) -> Any:
        """Take over another's problems and notices, and return its value."""
        self.problems += other.problems
        self.notices += other.notices
        return other.value


class Builder:
    """Turns trees into scenarios.

    Parameters
    ----------
    registry : Registry
        Knows the schemes and topologies.
    written : bool
        Whether quantities need their unit; Python code may leave it out.
    folder : str or None
        Folder of the scenario file, to which the names of profiles and data files are relative.
    allow_path : bool
        Whether they may lie outside of that folder.
    """

    def __init__(
        self, registry: Registry, written: bool = True, folder: str | None = None, allow_path: bool = False
    ) -> None:
        self._registry = registry
        self._context = {**WRITTEN, "folder": folder, "allow_path": allow_path} if written else None
        self._catalogue = Catalogue(ProfileFiles(folder, allow_path))
        self._memory: dict[tuple[object, ...], tuple[tuple[Node, ...], Findings]] = {}

    def build(self, tree: Node, name: str) -> Findings:
        """Return a scenario, or what is wrong with its tree.

        Parameters
        ----------
        tree : Node
            The merged tree.
        name : str
            The scenario's name, if the tree gives none.
        """
        findings = Findings()
        if not isinstance(tree.value, dict):
            findings.problems.append(Problem(tree.place, "", "expected a mapping of sections, such as model: ..."))
            return findings
        self._check_keys(tree, findings)
        parts = self._sections(tree, findings)
        head = {key: tree.value[key].data() for key in _HEAD if key in tree.value}
        if findings.problems:
            self._check_head(tree, head, name, findings)
            return findings
        findings.value = self._validated(Scenario, {"name": name, **head, **parts}, tree, (), findings)
        if findings.value is not None:
            findings.notices += idle_settings(findings.value, tree)
        return findings

    def _check_keys(self, tree: Node, findings: Findings) -> None:
        for key, child in tree.mapping.items():
            if key not in Scenario.model_fields and key not in FILE_KEYS:
                hint = home(key, self._registry) or nearest(key, [*Scenario.model_fields, *FILE_KEYS])
                place = child.key or child.place
                findings.problems.append(Problem(place, key[:100], "unknown key", hint=hint))
        for key, about in REQUIRED.items():
            if key not in tree.mapping and not (key == "model" and _may_learn_its_own(tree)):
                findings.problems.append(Problem(tree.place, key, f"missing key '{key}'", hint=about))

    def _check_head(self, tree: Node, head: dict[str, Any], name: str, findings: Findings) -> None:
        """Report what is wrong with what stands at the top although no scenario can be made."""
        try:
            Scenario.model_validate({"name": name, **head}, context=self._context)
        except ValidationError as error:
            problems = explain(error, Scenario, tree, (), self._registry)
            findings.problems += [one for one in problems if one.field.split(".")[0].split("[")[0] in head]

    def _sections(self, tree: Node, findings: Findings) -> dict[str, Any]:
        """Return the validated sections; those with problems are left out."""
        sections = tree.mapping
        empty = Node({}, tree.place, tree.key)
        parts: dict[str, Any] = {}
        if "model" in sections:
            parts["model"] = findings.absorb(self._remembered(self._model, sections["model"]))
        if "compute" in sections:
            given = (sections["compute"], sections["model"]) if "model" in sections else (sections["compute"],)
            parts["compute"] = findings.absorb(self._remembered(self._compute, *given))
        if "cluster" in sections:
            parts["cluster"] = findings.absorb(self._remembered(self._cluster, sections["cluster"]))
        if "network" in sections:
            parts["network"] = findings.absorb(self._remembered(self._network, sections["network"]))
        if "training" in sections:
            parts["training"] = findings.absorb(self._remembered(self._training, sections["training"]))
        else:
            parts["training"] = findings.absorb(self._training(empty))
        if "compression" in sections:
            parts["compression"] = findings.absorb(self._remembered(self._compression, sections["compression"]))
        else:
            parts["compression"] = findings.absorb(self._compression(empty))
        if "learning" in sections:
            parts["learning"] = findings.absorb(self._remembered(self._learning, sections["learning"]))
            if _learns_its_own(tree):
                parts.setdefault("model", Model(parameters=PARAMETER_BYTES))  # the scenario puts in its own
        return parts

    def _remembered(self, make: Callable[..., Findings], *nodes: Node) -> Findings:
        key = (make.__name__, *(id(node) for node in nodes))
        if key not in self._memory:
            if len(self._memory) >= REMEMBERED:
                del self._memory[next(iter(self._memory))]
            # The nodes are kept with it: an id is unique only as long as its object lives.
            self._memory[key] = (nodes, make(*nodes))
        return self._memory[key][1]

    def _validated(
        self, model: type[OptionsT], data: Any, node: Node, path: Path, findings: Findings
    ) -> OptionsT | None:
        try:
            return model.model_validate(data, context=self._context)
        except ValidationError as error:
            findings.problems += explain(error, model, node, path, self._registry)
            return None

    def _model(self, node: Node) -> Findings:
        findings = Findings()
        expanded = self._catalogue.expand(node, ("model",), findings.problems, findings.notices)
        if expanded.node is not None:
            tree = expanded.node
            if expanded.name and "name" not in tree.mapping:
                tree = tree.having(name=plant(expanded.name, tree.place, Level.CATALOGUE))
            findings.value = self._validated(Model, tree.data(), tree, ("model",), findings)
        return findings

    def _compute(self, node: Node, model_node: Node | None = None) -> Findings:
        findings = Findings()
        model: Model | None = self._remembered(self._model, model_node).value if model_node else None
        if isinstance(node.value, dict) and (model or model_node is None):
            node = self._with_times(node, model, findings)
        elif isinstance(node.value, dict):
            return self._without_model(node)
        if not findings.problems:
            findings.value = self._validated(Compute, node.data(), node, ("compute",), findings)
        return findings

    def _without_model(self, node: Node) -> Findings:
        """Check what can be checked of ``compute`` while the model, which may complete it, is wrong."""
        findings = Findings()
        self._validated(Compute, node.data(), node, ("compute",), findings)
        findings.problems = [one for one in findings.problems if not one.is_missing]
        return findings

    def _with_times(self, node: Node, model: Model | None, findings: Findings) -> Node:
        """Return ``compute`` with the minibatch and its time, as far as device, layers or model give them."""
        given = node.mapping
        missing = [key for key in ("minibatch_time", "minibatch") if key not in given]
        if missing and "device" in given:
            size = given["minibatch"].data() if "minibatch" in given else None
            name = model.name if model else None
            found = measured(given["device"], name, size, missing, findings.problems, findings.notices)
            return node.having(**found)
        if model is None:
            return node
        if "minibatch" in missing and model.minibatch:
            node = node.having(minibatch=plant(model.minibatch, node.place, Level.CATALOGUE))
        if "minibatch_time" in missing and model.layers_time:
            if model.minibatch not in (None, node.mapping.get("minibatch", node).value):
                size = given["minibatch"]
                expected = f"the times of the layers are for a minibatch of {model.minibatch}"
                hint = "give minibatch_time for this one"
                findings.problems.append(Problem(size.place, "compute.minibatch", expected, size.data(), hint))
            time = plant(format_duration(model.layers_time), node.place, Level.CATALOGUE)
            node = node.having(minibatch_time=time)
        return node

    def _cluster(self, node: Node) -> Findings:
        findings = Findings()
        findings.value = self._validated(Cluster, node.data(), node, ("cluster",), findings)
        return findings

    def _network(self, node: Node) -> Findings:
        findings = Findings()
        expanded = self._catalogue.expand(node, ("network",), findings.problems, findings.notices)
        return self._chosen("network", expanded.node, findings) if expanded.node else findings

    def _training(self, node: Node) -> Findings:
        return self._chosen("training", node, Findings())

    def _chosen(self, section: str, node: Node, findings: Findings) -> Findings:
        """Validate a section whose options belong to the topology or scheme that it names."""
        kind, default = CHOICES[section]
        name = node.mapping.get(kind, plant(default, node.place, Level.CATALOGUE))
        known = self._registry.names(kind)
        if name.value not in known:
            hint = nearest(name.value, known) or f"known: {', '.join(known)}"
            findings.problems.append(Problem(name.place, f"{section}.{kind}", f"no such {kind}", name.data(), hint))
            return findings
        options = self._registry.options(kind, str(name.value))
        node = self._without_foreign_keys(section, options, node, name, findings)
        findings.value = self._validated(options, node.data(), node, (section,), findings)
        return findings

    def _without_foreign_keys(
        self, section: str, options: type[Options], node: Node, name: Node, findings: Findings
    ) -> Node:
        """Take out the keys of other schemes or topologies: inherited ones with a notice, others as problems."""
        kind, _ = CHOICES[section]
        for key, child in node.mapping.items():
            owners = [] if key in options.model_fields else self._owners(kind, key)
            if not owners:
                continue
            node = node.without(key)
            message = f"no effect with {kind} '{name.value}'; '{owners[0]}' takes it"
            if child.level < name.level:
                findings.notices.append(Notice(child.key or child.place, f"{section}.{key}", f"{message}: left out"))
            else:
                findings.problems.append(Problem(child.key or child.place, f"{section}.{key}", message))
        return node

    def _owners(self, kind: str, key: str) -> list[str]:
        names = self._registry.names(kind)
        return [name for name in names if key in self._registry.options(kind, name).model_fields]

    def _compression(self, node: Node) -> Findings:
        findings = Findings()
        if not isinstance(node.value, dict):
            self._validated(Compression, node.data(), node, ("compression",), findings)
            return findings
        written = {"codec": plant(NO_CODEC, node.place, Level.CATALOGUE)} | node.mapping
        for key in ("codec", "push", "pull"):
            if key not in written:
                continue
            expanded = self._catalogue.expand(written[key], ("compression", key), findings.problems, findings.notices)
            if expanded.node is None:
                return findings
            profile = expanded.node
            if expanded.name:
                profile = profile.having(profile=plant(expanded.name, written[key].place, Level.CATALOGUE))
            node = node.having(**{key: profile})
            if OVERHEAD not in node.mapping and _is_homomorphic(node):
                node = _with_overhead(node, expanded, written[key].place, findings.notices)
            self._check_encoder(key, profile, findings)
        findings.value = self._validated(Compression, node.data(), node, ("compression",), findings)
        return findings

    def _check_encoder(self, key: str, profile: Node, findings: Findings) -> None:
        """Report what is wrong with an encoder that somebody wrote; the catalogue's are known to be right."""
        encoder, path = profile.mapping.get("encoder"), ("compression", key, "encoder")
        if encoder is None or not isinstance(encoder.value, dict) or _is_catalogues(encoder):
            return
        name = encoder.mapping.get("codec", plant(None, encoder.place, encoder.level))
        known = self._registry.names("codec")
        if name.value not in known:
            hint = nearest(name.value, known) or f"known: {', '.join(known)}"
            where = ".".join((*path, "codec"))
            findings.problems.append(Problem(name.place, where, "no such codec", name.data(), hint))
            return
        self._validated(self._registry.options("codec", str(name.value)), encoder.data(), encoder, path, findings)

    def _learning(self, node: Node) -> Findings:
        findings = Findings()
        findings.value = self._validated(LearningOptions, node.data(), node, ("learning",), findings)
        return findings


def _learns_its_own(tree: Node) -> bool:
    """Return whether the clock moves what is learned, so that there is no other model."""
    learning = tree.mapping.get("learning")
    return learning is not None and "coupling" in learning.mapping and learning.mapping["coupling"].value == "own"


def _may_learn_its_own(tree: Node) -> bool:
    """Return whether there may be no other model; a coupling that is missing or misspelt is a mistake of its own."""
    learning = tree.mapping.get("learning")
    if learning is None or not learning.mapping:
        return False
    return "coupling" not in learning.mapping or learning.mapping["coupling"].value != "stand-in"


def _is_homomorphic(compression: Node) -> bool:
    usage = compression.mapping.get("usage")
    return usage is not None and usage.value == "homomorphic"


def _with_overhead(compression: Node, codec: Expanded, place: Place, notices: list[Notice]) -> Node:
    """Give the section the overhead of a codec's profile; of the catalogue's, say what it is, or that there is none."""
    if codec.name not in (None, NO_CODEC):
        data = 1 if codec.overhead is None else codec.overhead.data()
        said = ", ".join(f"{name} {factor}" for name, factor in data.items()) if isinstance(data, dict) else str(data)
        why = "which has not measured any" if codec.overhead is None else "where it was measured"
        message = f"{said}, as of '{codec.name}' of the catalogue, {why}"
        notices.append(Notice(place, f"compression.{OVERHEAD}", message))
    return compression if codec.overhead is None else compression.having(**{OVERHEAD: codec.overhead})


def _is_catalogues(node: Node) -> bool:
    return node.level == Level.CATALOGUE and all(child.level == Level.CATALOGUE for child in node.mapping.values())


def name_of(path: str) -> str:
    """Return the name of a scenario whose file gives none: the stem of the file, made safe."""
    stem = os.path.basename(path).rsplit(".", 1)[0]
    safe = re.sub(r"[^\w .,+-]", "-", stem)[:100]
    return safe if re.match(r"\w", safe) else f"scenario{safe}"[:100]
