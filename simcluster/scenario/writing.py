"""A scenario -> plain data, YAML and a key: what `show` prints, and what identifies a run."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import yaml

from simcluster.options import CONTENT
from simcluster.scenario import catalogue
from simcluster.scenario.compression import NO_CODEC
from simcluster.scenario.merging import ALTERNATIVES
from simcluster.scenario.profile_files import ABOUT, OVERHEAD
from simcluster.scenario.scalars import needs_quotes
from simcluster.scenario.schema import Scenario


def resolved(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario in the syntax of files, with every default spelled out, and quantities with their units.

    Loading it gives an equal scenario.
    """
    return _resolved(scenario, None)


def _resolved(scenario: Scenario, context: dict[str, bool] | None) -> dict[str, Any]:
    data: dict[str, Any] = _plain(scenario.model_dump(mode="json", exclude_none=True, context=context))
    compression = data["compression"]
    for key in ("codec", "push", "pull"):
        codec = compression.get(key, {})
        if codec.get("profile") == NO_CODEC:
            compression[key] = NO_CODEC
        elif "profile" in codec:
            _hide_profile(codec)
    return data


def _plain(value: Any) -> Any:
    """Return data in which 8.0 and 8 are one number, and empty mappings and lists are left out."""
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items() if child not in ({}, [])}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _hide_profile(codec: dict[str, Any]) -> None:
    """Say that a key of the catalogue's entry is not set, where it was amended to nothing."""
    for key in catalogue.entry("codecs", codec["profile"]):
        group = next((group for group in ALTERNATIVES["compression", "codec"] if key in group), (key,))
        if key not in (*ABOUT, OVERHEAD) and not any(other in codec for other in group):
            codec[key] = None


def to_yaml(scenario: Scenario) -> str:
    """Return a scenario as the text of a scenario file."""
    return yaml.dump(resolved(scenario), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


class _Dumper(yaml.SafeDumper):
    """Writes YAML that this package's own grammar of scalars reads back: YAML 1.1 has other ideas of a number."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write equal values twice rather than as an alias."""
        return True


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    style = '"' if needs_quotes(text) or not text.isprintable() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def canonical_key(scenario: Scenario) -> str:
    """Return a key that two scenarios share if they say the same, whatever they and their files are called.

    Returns
    -------
    str
        64 hexadecimal digits: the SHA-256 of the resolved scenario without name and description. A data file counts by
        its content, not by its name.
    """
    said = _resolved(scenario, CONTENT)
    data = {key: value for key, value in said.items() if key not in ("name", "description")}
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
