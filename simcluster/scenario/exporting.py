"""The file format as a JSON Schema (draft 2020-12), for editors that complete and check scenario files.

It describes what one file may hold: sections as names of the catalogue or as mappings, presets, sweeps, and what it
extends. A file that extends another may leave out anything. Left to the loader: whatever takes more than one place to
see, for example that ``cluster.workers`` was inherited when ``groups`` are given, and numbers that go with a unit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

from pydantic.json_schema import JsonSchemaMode, models_json_schema

from simcluster.codecs import CodecProfile
from simcluster.options import Options
from simcluster.scenario import catalogue
from simcluster.scenario.merging import ALTERNATIVES
from simcluster.scenario.profile_files import SUFFIXES
from simcluster.scenario.schema import Scenario
from simcluster.scenario.vocabulary import CHOICES, REQUIRED, Registry, sections

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_AXIS: Schema = {
    "description": "A list of values; or a text: 1..25, 1..32:x2, 1.0..2.0:0.1, 1..10 Gbit/s, or 1,2,8..12.",
    "anyOf": [{"type": "array", "minItems": 1}, {"type": ["string", "number", "boolean"]}],
}
#: Models whose required keys stay required everywhere, since lists don't merge.
_IN_LISTS = ("Layer", "Group")
#: Words of pydantic's, and what JSON Schema calls them.
_STANDARD = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}
#: The name of a file with the profile of a codec.
_PROFILE_FILE = rf"({'|'.join(map(re.escape, SUFFIXES))})$"
_PATHS = {"pattern": r"^\w[\w-]*(\.\w[\w-]*)*$"}
_SWEEP: Schema = {
    "type": "object",
    "description": "A grid: the product of its axes, each a setting by its dotted path, or preset.",
    "propertyNames": _PATHS,
    "properties": {
        "zip": {
            "type": "object",
            "description": "Axes of equal length that change together.",
            "propertyNames": _PATHS,
            "additionalProperties": _AXIS,
        },
        "exclude": {
            "type": "array",
            "description": "Points that are left out.",
            "items": {"type": "object", "propertyNames": _PATHS, "minProperties": 1},
        },
    },
    "additionalProperties": _AXIS,
}


def json_schema(registry: Registry) -> Schema:
    """Return the JSON Schema of scenario files.

    Parameters
    ----------
    registry : Registry
        Knows the schemes and topologies, whose options it describes.
    """
    definitions = _definitions(registry)
    settings = _settings(registry, definitions.pop("Scenario")["properties"])
    for section in settings.values():
        _tidy(section)
    definitions["Settings"] = {"type": "object", "properties": settings, "additionalProperties": False}
    return {
        "$schema": _DIALECT,
        "title": "simcluster scenario",
        "type": "object",
        "properties": {
            "extends": {"type": "string", "description": "A file whose settings this one inherits.", "minLength": 1},
            **{key: {"$ref": f"#/$defs/Settings/properties/{key}"} for key in settings},
            "presets": {
                "type": "object",
                "description": "Named settings that are put over the file on request.",
                "additionalProperties": {"$ref": "#/$defs/Settings"},
            },
            "sweep": _SWEEP,
        },
        "additionalProperties": False,
        "if": {"not": {"required": ["extends"]}},
        "then": _complete(registry),
        "$defs": definitions,
    }


def _definitions(registry: Registry) -> Schema:
    """Return the schemas of all models by the models' names, as parts of a file that other parts may complete."""
    models = dict.fromkeys([*(model for _, model in sections(registry)), CodecProfile, Scenario])
    inputs = cast("list[tuple[type[Options], JsonSchemaMode]]", [(model, "validation") for model in models])
    definitions: Schema = models_json_schema(inputs)[1]["$defs"]
    for name, definition in definitions.items():
        _tidy(definition)
        if name not in _IN_LISTS:
            definition.pop("required", None)
    for path, name in {("cluster",): "Cluster", ("compression", "codec"): "CodecProfile"}.items():
        definitions[name]["allOf"] = [{"not": _given(group)} for group in ALTERNATIVES[path]]
    file: Schema = {"description": "A file with the profile of a codec.", "type": "string", "pattern": _PROFILE_FILE}
    for key in ("codec", "push", "pull"):
        properties = definitions["Compression"]["properties"]
        described = {"description": properties[key].get("description", "How parameters are compressed.")}
        properties[key] = {**described, **_named("codecs", file, {"$ref": "#/$defs/CodecProfile"})}
    profiled = [("Model", "models"), ("CodecProfile", "codecs")]
    profiled += [(registry.options("topology", name).__name__, "networks") for name in registry.names("topology")]
    for name, kind in profiled:
        described = {"description": "A name of the catalogue, amended by the other keys."}
        named = _named(kind, file) if kind == "codecs" else {"enum": catalogue.names(kind)}
        definitions[name]["properties"]["profile"] = {**described, **named}
    return definitions


def _given(keys: Sequence[str]) -> Schema:
    """Return the schema of a mapping in which all of some keys are set; null takes an inherited setting away."""
    return {"required": list(keys), "properties": {key: {"not": {"type": "null"}} for key in keys}}


def _named(kind: str, *mappings: Schema) -> Schema:
    return {"anyOf": [{"enum": catalogue.names(kind)}, *mappings]}


def _settings(registry: Registry, own: Schema) -> Schema:
    """Return the schemas of the sections, by key."""
    choices: dict[str, list[Schema]] = {}
    for section, (kind, default) in CHOICES.items():
        # Presets amend the options of a scheme without naming it again.
        free = registry.names(kind) if section == "training" else [default]
        choices[section] = [
            {
                "$ref": f"#/$defs/{registry.options(kind, name).__name__}",
                **({} if name in free else {"required": [kind]}),
            }
            for name in registry.names(kind)
        ]
    return {
        **own,
        "model": {"description": "What is trained.", **_named("models", {"$ref": "#/$defs/Model"})},
        "network": {"description": "What moves the bytes.", **_named("networks", *choices["network"])},
        "training": {"description": "How the workers cooperate.", "anyOf": choices["training"]},
    }


def _complete(registry: Registry) -> Schema:
    """Return what a file must hold that extends no other."""
    networks: list[Schema] = [{"type": "string"}, {"required": ["profile"]}]
    for name in registry.names("topology"):
        model = registry.options("topology", name)
        needed = [key for key, field in model.model_fields.items() if field.is_required()]
        networks.append({"properties": {"topology": {"const": name}}, "required": needed})
    own = {"properties": {"coupling": {"const": "own"}}, "required": ["coupling"]}
    return {
        "required": [key for key in REQUIRED if key != "model"],
        "anyOf": [{"required": ["model"]}, {"required": ["learning"], "properties": {"learning": own}}],
        "properties": {
            "network": {"anyOf": networks},
            "cluster": {"anyOf": [{"required": [key]} for key in ("workers", "groups")]},
        },
    }


def _tidy(schema: Any) -> None:
    """Mend what pydantic writes, in place: words of its own, titles that repeat keys, defaults without units."""
    if isinstance(schema, list):
        for part in schema:
            _tidy(part)
    if not isinstance(schema, dict):
        return
    for word, standard in _STANDARD.items():
        if word in schema:
            schema[standard] = schema.pop(word)
    if isinstance(schema.get("title"), str):
        del schema["title"]
    if isinstance(schema.get("description"), str):
        schema["description"] = schema["description"].split("\n\n")[0].replace("\n", " ")
    if schema.get("default", 0) in (None, 0) and not isinstance(schema.get("default"), bool):
        schema.pop("default", None)
    for key, part in schema.items():
        if key in ("properties", "patternProperties"):
            for inner in part.values():
                _tidy(inner)
        elif key not in ("default", "examples", "enum"):
            _tidy(part)
