"""The words of the file format: which keys a section knows, and where a misplaced word belongs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, get_args

from simcluster.options import Options
from simcluster.scenario.schema import Scenario


class Registry(Protocol):
    """Knows the schemes and topologies by name; each model of options has a field ``scheme`` or ``topology``."""

    def names(self, kind: Any) -> Sequence[str]:
        """Return the names of a kind, ``scheme`` or ``topology``."""

    def options(self, kind: Any, name: str) -> type[Options]:
        """Return the model of options behind a name."""


#: Sections whose options are chosen by a key of theirs, and what is chosen if it is not given.
CHOICES = {"network": ("topology", "shared-link"), "training": ("scheme", "sync-ps")}

#: Sections that a scenario can't do without, and what they say.
REQUIRED = {
    "model": "what is trained: a name of the catalogue, or {parameters: 232.6 MiB}",
    "compute": "minibatch_time and minibatch, or a device of the catalogue",
    "cluster": "for example {workers: 16}",
    "network": "for example {bandwidth: 1 Gbit/s}",
}

#: Keys of a file that are no part of the scenario itself.
FILE_KEYS = ("extends", "presets", "sweep")


def model_in(annotation: object) -> type[Options] | None:
    """Return the model of options inside of a type such as ``tuple[Group, ...] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, Options):
        return annotation
    return next((model for part in get_args(annotation) if (model := model_in(part))), None)


def model_at(model: type[Options], location: Sequence[str | int]) -> type[Options] | None:
    """Return the model of options at a location inside of another."""
    current: type[Options] | None = model
    for part in location:
        if current is not None and isinstance(part, str) and part in current.model_fields:
            current = model_in(current.model_fields[part].annotation)
    return current


def sections(registry: Registry) -> Iterator[tuple[str, type[Options]]]:
    """Yield the sections of a file with their models of options; all schemes and topologies, with their choice."""
    for name, field in Scenario.model_fields.items():
        if name in CHOICES:
            kind, _ = CHOICES[name]
            yield from ((name, registry.options(kind, choice)) for choice in registry.names(kind))
        elif model := model_in(field.annotation):
            yield name, model


def home(word: str, registry: Registry) -> str:
    """Return ``'word' belongs to section``, if exactly one section knows the word; else nothing."""
    places = [word] if word in (*Scenario.model_fields, *FILE_KEYS) else []
    for section, model in sections(registry):
        places.extend(path for path in _occurrences(word, section, model) if path not in places)
    if len(places) != 1:
        return ""
    above = places[0].rpartition(".")[0]
    return f"'{word}' belongs to '{above}'" if above else f"'{word}' belongs to the top of the file"


def _occurrences(word: str, path: str, model: type[Options]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if name == word:
            yield f"{path}.{name}"
        if inner := model_in(field.annotation):
            yield from _occurrences(word, f"{path}.{name}", inner)
