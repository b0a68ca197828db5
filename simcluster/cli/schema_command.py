"""``simcluster schema``."""

from __future__ import annotations

import json

import click

from simcluster.scenario import json_schema
from simcluster.simulation import Registry


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of scenario files; editors complete and check with it."""
    click.echo(json.dumps(json_schema(Registry()), indent=2))
