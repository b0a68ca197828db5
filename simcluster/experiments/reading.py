"""Stores as DataFrames: tidy tables, one row for each run of a sweep."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from simcluster.errors import UserInputError
from simcluster.experiments.packing import TABLES, unpack_table
from simcluster.experiments.store import check_kind

if TYPE_CHECKING:
    import pandas as pd

_PATIENCE_S = 30

#: What can be read from a store.
NAMES = ("summary", "runs", "sweeps", *TABLES)


def load_store(path: str | PathLike[str], table: str = "summary", *, sweep: int | None = None) -> pd.DataFrame:
    """Read a sweep from a store, also while it is still being written.

    Parameters
    ----------
    path : path-like
    table : str
        - ``summary``: a row for each run that is done. First the swept settings by their dotted paths, quantities as
          numbers in base units (``network.bandwidth_bytes_per_s``); then ``replication`` and ``seed``; then all metrics
          of ``Result.summary``.
        - ``updates``, and ``learning``, ``spans`` and ``links`` where there are any: the settings, and the rows of that
          table.
        - ``runs``: the settings, and key, version, status (``done``, ``failed``, ``waiting``), attempts and error.
        - ``sweeps``: number, scenario and size of each sweep in the store.
    sweep : int, optional
        Number of the sweep; the one that was started last if not given.

    Returns
    -------
    pandas.DataFrame
        In the order of the grid, whatever the order in which the runs were done.

    Raises
    ------
    UserInputError
        If the file is missing or isn't a store, or has no such table or sweep.
    """
    if table not in NAMES:
        raise UserInputError(f"a store has no table {table!r}; there are {', '.join(NAMES)}")
    with _opened(path) as base:
        return read_table(base, table, sweep, fspath(path))


@contextmanager
def _opened(path: str | PathLike[str]) -> Iterator[sqlite3.Connection]:
    """Open a store for reading."""
    file = Path(path)
    if not file.is_file():
        raise UserInputError(f"store {file}: no such file")
    try:
        base = _connect(file)
        try:
            check_kind(base, str(file))
            yield base
        finally:
            base.close()
    except sqlite3.Error as error:
        raise UserInputError(f"store {file}: can't be read: {error}") from error


def _connect(file: Path) -> sqlite3.Connection:
    """Connect in the first way that works.

    To read beside a writer, SQLite keeps two files beside the store, and a connection that may write removes them at
    its end. In a folder that can't be written they are used if they are there; if they aren't, nobody writes, and the
    store is a file as any other.
    """
    ways = ["rw", "ro"] if Path(f"{file}-wal").exists() else ["rw", "ro&immutable=1"]
    address = f"file:{quote(str(file.absolute()))}?mode="
    for way in ways:
        base = sqlite3.connect(f"{address}{way}", uri=True, timeout=_PATIENCE_S)
        try:
            base.execute("PRAGMA query_only = 1")
            base.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.OperationalError:
            base.close()
            if way is ways[-1]:
                raise
        else:
            break
    return base


def read_table(base: sqlite3.Connection, table: str, sweep: int | None, path: str | None) -> pd.DataFrame:
    """Read a table of a sweep through an open connection; see :func:`load_store`."""
    import pandas as pd

    if table == "sweeps":
        query = (
            "SELECT sweep, scenario, count(*) AS runs, count(summary.key) AS done "
            "FROM sweeps JOIN points USING (sweep) LEFT JOIN summary USING (key) GROUP BY sweep ORDER BY started"
        )
        return pd.read_sql_query(query, base)
    number, columns = _sweep(base, sweep, path)
    if table == "summary":
        return _summary(base, number, columns)
    if table == "runs":
        return _runs(base, number, columns)
    return _packed(base, table, number, columns)


def _sweep(base: sqlite3.Connection, sweep: int | None, path: str | None) -> tuple[int, list[str]]:
    """Return the number of a sweep and its setting columns."""
    query = "SELECT sweep, columns FROM sweeps WHERE ? IS NULL OR sweep = ? ORDER BY started DESC LIMIT 1"
    found = base.execute(query, (sweep, sweep)).fetchone()
    if found is None:
        raise UserInputError(f"store {path}: has no sweep{'' if sweep is None else f' {sweep}'}")
    return int(found[0]), json.loads(found[1])


def _summary(base: sqlite3.Connection, sweep: int, columns: list[str]) -> pd.DataFrame:
    import pandas as pd

    query = (
        "SELECT settings, replication, seed, metrics FROM points JOIN summary USING (key) "
        "WHERE sweep = ? ORDER BY point, replication"
    )
    rows: list[dict[str, Any]] = []
    for settings, replication, seed, metrics in base.execute(query, (sweep,)):
        rows.append({"replication": replication, "seed": seed, **json.loads(settings), **json.loads(metrics)})
    table = pd.DataFrame(rows, columns=None if rows else [*columns, "replication", "seed"])
    first = dict.fromkeys([*columns, "replication", "seed"])
    return table[[*first, *(name for name in table.columns if name not in first)]]


def _runs(base: sqlite3.Connection, sweep: int, columns: list[str]) -> pd.DataFrame:
    import pandas as pd

    query = (
        "SELECT settings, replication, points.seed, points.key, version, coalesce(status, 'waiting'), attempts, error "
        "FROM points LEFT JOIN runs USING (key) WHERE sweep = ? ORDER BY point, replication"
    )
    names = ("replication", "seed", "key", "version", "status", "attempts", "error")
    rows = [
        {**json.loads(settings), **dict(zip(names, values, strict=True))}
        for settings, *values in base.execute(query, (sweep,))
    ]
    return pd.DataFrame(rows, columns=list(dict.fromkeys([*columns, *names])))


def _packed(base: sqlite3.Connection, table: str, sweep: int, columns: list[str]) -> pd.DataFrame:
    """Return the rows of all runs, each behind its settings."""
    import pandas as pd

    query = (
        "SELECT settings, replication, data FROM points JOIN tables USING (key) "
        "WHERE sweep = ? AND name = ? ORDER BY point, replication"
    )
    parts = []
    for settings, replication, data in base.execute(query, (sweep, table)):
        part = unpack_table(table, data)
        cells = {**json.loads(settings), "replication": replication}
        for place, name in enumerate(dict.fromkeys([*columns, "replication"])):
            part.insert(place, name, cells[name])
        parts.append(part)
    if not parts:
        raise UserInputError(f"this sweep kept no {table}{'; --spans keeps them' if table != 'updates' else ''}")
    return pd.concat(parts, ignore_index=True)
