"""``simcluster export``."""

from __future__ import annotations

from pathlib import Path

import click

_FILE = click.Path(path_type=Path, dir_okay=False)
_TABLES = ("summary", "updates", "learning", "spans", "links", "runs", "sweeps")


@click.command("export")
@click.argument("store", type=click.Path(path_type=Path))
@click.option("--table", type=click.Choice(_TABLES), default="summary", show_default=True, help="What to export.")
@click.option("--sweep", type=int, metavar="N", help="Number of the sweep, see '--table sweeps'.  [default: last]")
@click.option("--csv", type=_FILE, metavar="PATH", help="Write CSV to PATH.")
@click.option("--parquet", type=_FILE, metavar="PATH", help="Write Parquet to PATH; needs pyarrow.")
def command(store: Path, table: str, sweep: int | None, csv: Path | None, parquet: Path | None) -> None:
    """Export a table of STORE, also while a sweep writes it; as CSV to stdout if neither --csv nor --parquet is given.

    Texts that a spreadsheet would take for a formula get an apostrophe before them.
    """
    from simcluster.cli.output import say_written
    from simcluster.experiments import load_store, to_csv, write_csv, write_parquet

    rows = load_store(store, table, sweep=sweep)
    if csv is None and parquet is None:
        click.echo(to_csv(rows), nl=False)
    if csv is not None:
        write_csv(rows, csv)
        say_written(csv)
    if parquet is not None:
        write_parquet(rows, parquet)
        say_written(parquet)
