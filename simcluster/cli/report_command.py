"""``simcluster report``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simcluster.cli.output import announce
from simcluster.errors import UserInputError

if TYPE_CHECKING:
    import pandas as pd


@click.command("report")
@click.argument("result", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, metavar="FILE.html",
    help="The page to write.",
)
def command(result: Path, output: Path) -> None:
    """Write RESULT as one HTML page that needs no other file and no network.

    RESULT is a folder that 'run --out' or 'sweep --out' wrote, a file of 'sweep --store' (its last sweep), or a
    scenario file, which is run first. A page about a run has its timeline, its links and what limits it if the run kept
    its spans: 'run --record' does.
    """
    make = _source(result)
    if not output.parent.is_dir():
        raise UserInputError(f"-o {output}: there is no folder {output.parent}")
    page = make(result)
    try:
        output.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UserInputError(f"-o {output}: {error.strerror}") from error
    click.echo(f"wrote {output}", err=True)


def _source(result: Path) -> Callable[[Path], str]:
    """Return what makes a page of RESULT.

    Raises
    ------
    UserInputError
        If it is none of what can be reported.
    """
    if not result.exists():
        raise UserInputError(f"{result}: there is no such file or folder")
    if not result.is_dir():
        return _simulated if result.suffix in (".yaml", ".yml") else _stored
    if (result / "sweep.csv").is_file():
        return _swept
    if (result / "summary.csv").is_file():
        return _ran
    raise UserInputError(f"{result}: neither a sweep.csv nor a summary.csv is there: is it what --out wrote?")


def _simulated(file: Path) -> str:
    from simcluster.report import RunTables, run_page
    from simcluster.simulation import load, simulate

    loaded = load(file)
    announce(loaded.notices)
    return run_page(RunTables.of(simulate(loaded.scenario, record=True)))


def _ran(folder: Path) -> str:
    from simcluster.report import RunTables, run_page
    from simcluster.scenario import resolved
    from simcluster.simulation import load

    scenario = resolved(load(folder / "scenario.yaml").scenario)
    summary, updates = (_read(folder / f"{name}.csv") for name in ("summary", "updates"))
    spans, links = (_read(path) if path.is_file() else None for path in (folder / "spans.csv", folder / "links.csv"))
    if spans is not None:
        spans = spans.fillna({"cause": ""})
    with _readable(folder):
        row = {str(name): value for name, value in summary.to_dict("records")[0].items()}
        return run_page(RunTables(scenario, row, updates, spans, links))


def _swept(folder: Path) -> str:
    return _sweep_page(folder, folder.resolve().name, _read(folder / "sweep.csv"))


def _stored(file: Path) -> str:
    from simcluster.experiments import load_store

    return _sweep_page(file, file.stem, load_store(file))


def _sweep_page(source: Path, title: str, table: pd.DataFrame) -> str:
    from simcluster.experiments import with_intervals
    from simcluster.report import sweep_page

    with _readable(source):
        settings = list(table.columns[: list(table.columns).index("replication")])
        points = with_intervals(table) if table["replication"].nunique() > 1 else table
        return sweep_page(title, points, settings)


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise UserInputError(f"{path}: {error}") from error


class _readable:  # noqa: N801 - a context, used like a function
    """Turns what a table lacks into a message to whoever made it."""

    def __init__(self, source: Path) -> None:
        self._source = source

    def __enter__(self) -> None:
        """Begin to read."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Say that a table isn't what simcluster writes, if it lacks something."""
        if isinstance(error, KeyError | IndexError | ValueError):
            raise UserInputError(f"{self._source}: not as simcluster writes it: {error}") from error
