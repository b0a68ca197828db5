"""``simcluster report``."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from simcluster.cli.output import announce, say_written
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
    say_written(output)


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
    recorded = {name: folder / f"{name}.csv" for name in ("spans", "links", "learning", "incidents")}
    spans, links, learning, incidents = (_read(path) if path.is_file() else None for path in recorded.values())
    if spans is not None:
        spans = spans.fillna({"cause": ""})
    with _readable(folder):
        row = {str(name): value for name, value in summary.to_dict("records")[0].items()}
        return run_page(RunTables(scenario, row, updates, spans, links, learning, incidents))


def _swept(folder: Path) -> str:
    return _sweep_page(folder, folder.resolve().name, _read(folder / "sweep.csv"))


def _stored(file: Path) -> str:
    from simcluster.experiments import load_store

    sweeps = load_store(file, "sweeps")
    if sweeps.empty:
        raise UserInputError(f"{file}: nothing to report: the store has no sweep")
    number, name = int(sweeps["sweep"].iloc[-1]), str(sweeps["scenario"].iloc[-1])
    # The runs last: a sweep that goes on meanwhile then has no points that its runs don't know.
    table, runs = (load_store(file, kind, sweep=number) for kind in ("summary", "runs"))
    return _sweep_page(file, name or file.stem, table, runs=runs, scenario=_first_scenario(file, number))


def _first_scenario(file: Path, sweep: int) -> dict[str, Any]:
    """Return the resolved scenario of the first run of a sweep that is done; empty if it can't be read.

    While somebody writes there is a file beside the store that tells; else the store is a file as any other.
    """
    query = (
        "SELECT scenario FROM points JOIN runs USING (key) WHERE sweep = ? AND status = 'done' "
        "ORDER BY point, replication LIMIT 1"
    )
    mode = "rw" if Path(f"{file}-wal").exists() else "ro&immutable=1"
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode={mode}", uri=True)) as base:
            found = base.execute(query, (sweep,)).fetchone()
    except sqlite3.Error:
        return {}
    return dict(json.loads(found[0])) if found else {}


def _sweep_page(
    source: Path,
    title: str,
    table: pd.DataFrame,
    *,
    runs: pd.DataFrame | None = None,
    scenario: Mapping[str, Any] | None = None,
) -> str:
    from simcluster.experiments import with_intervals
    from simcluster.report import CONFIDENCE, sweep_page

    with _readable(source):
        settings = list(table.columns[: list(table.columns).index("replication")])
        planned = table if runs is None else runs
        replicated = planned["replication"].nunique() > 1 and not table.empty
        points = with_intervals(table, CONFIDENCE) if replicated else table
        return sweep_page(title, points, settings, runs=runs, scenario=scenario, confidence=CONFIDENCE)


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
