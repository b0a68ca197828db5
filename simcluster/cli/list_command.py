"""``simcluster list``."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import click

from simcluster.scenario import catalogue
from simcluster.simulation import Registry
from simcluster.simulation.registry import Kind

#: What has no entry in the catalogue but a module, by the registry's word for it.
_MODULES: Mapping[str, Kind] = {"schemes": "scheme", "topologies": "topology", "encoders": "codec"}
_KINDS = (*catalogue.KINDS, *_MODULES)
_WIDTH = 110


@click.command("list")
@click.argument("kind", type=click.Choice(_KINDS), required=False)
def command(kind: str | None) -> None:
    """List what scenarios can name, with sources; only one KIND if it is given.

    Codecs are cost profiles: numbers that a scenario uses. Encoders are real codecs, which 'simcluster codec measure'
    turns into such numbers; 'list encoders' shows their options.
    """
    for one in _KINDS if kind is None else (kind,):
        click.echo(f"{one}:")
        if one == "encoders":
            _print_encoders(with_options=kind is not None)
        elif one in _MODULES:
            for name in Registry().names(_MODULES[one]):
                click.echo(f"  {name}")
        else:
            _print_entries({name: catalogue.entry(one, name) for name in catalogue.names(one)})


def _print_encoders(with_options: bool) -> None:
    """Print a line for each codec that can be measured, and its options with their defaults."""
    registry = Registry()
    names = registry.names("codec")
    width = max(len(name) for name in names)
    for name in names:
        model = registry.options("codec", name)
        click.echo(f"  {name:{width}}  {(model.__doc__ or '').splitlines()[0].replace('``', '')}")
        for option, field in model.model_fields.items() if with_options else ():
            if option != "codec":
                value = ",".join(map(str, field.default)) if isinstance(field.default, tuple) else field.default
                default = "not set" if value is None else str(value).lower()
                click.echo(f"      {option} [{default}]: {field.description}")


def _print_entries(entries: Mapping[str, Mapping[str, object]]) -> None:
    """Print entries; the source of several in a row is said once."""
    last: object = None
    for name, entry in entries.items():
        _print_entry(name, {**entry, "source": "as above"} if entry.get("source") == last is not None else entry)
        last = entry.get("source")


def _print_entry(name: str, entry: Mapping[str, object]) -> None:
    mark = " (assumed)" if entry.get("assumption") else ""
    click.echo(f"  {name}{mark}")
    for key in ("description", "source"):
        if key in entry:
            prefix = "    " if key == "description" else "    source: "
            text = " ".join(str(entry[key]).split())
            click.echo(textwrap.fill(text, _WIDTH, initial_indent=prefix, subsequent_indent="      "))
