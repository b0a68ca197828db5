"""``simcluster published``."""

from __future__ import annotations

from pathlib import Path

import click

from simcluster.cli.output import Folder
from simcluster.cli.parameters import out_option
from simcluster.cli.running import Where, progress_shown, resumable, running_options


@click.command("published")
@running_options
@click.option("--csv", "as_csv", is_flag=True, help="Print all columns of all published results as CSV.")
@out_option
def command(where: Where, as_csv: bool, out: Path | None) -> None:
    """Predict published results of real systems, and tell how far off the predictions are.

    Every result of the catalogue is there, with its source: predicted from the inputs that the source states, or with
    the reason why it isn't. What had to be assumed is said with each; one goodput holds for each kind of network, and
    nothing is fitted to a result. 'perfect' is the error of assuming that communication costs nothing.

    With --out, the tables and a picture are written into a folder.
    """
    from simcluster.cli import published_output
    from simcluster.experiments.validation import validate

    folder = Folder.prepare(out, needed_for=None)
    with resumable(where.store), progress_shown() as watch:
        table = validate(watch=watch, **where.arguments(runs=published_output.MANY))
    if folder is not None:
        published_output.write(table, folder.make())
    published_output.echo(table, as_csv=as_csv)
