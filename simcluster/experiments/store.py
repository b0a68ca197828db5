"""The store: one SQLite file that holds sweeps and their runs, in WAL mode, so that it can be read while it grows.

Four tables:

- ``runs``: one row a run: ``key`` (:func:`simcluster.experiments.seeding.run_key`), seed, version, ``status``
  (``done`` or ``failed``), attempts, error, and the resolved scenario as JSON.
- ``summary``: the metrics of a run as JSON, ``json_extract(metrics, '$.update_time_s')`` in SQL.
- ``tables``: updates of each run, and its spans and links on request, packed (:mod:`simcluster.experiments.packing`).
- ``sweeps`` and ``points``: which run belongs to which point of which sweep, and the settings there. Runs are shared by
  all sweeps of a store; a sweep is known by its points, so that the same command again finds its own.

Only the process that drives a sweep writes, a transaction for each chunk of runs. What is committed survives a killed
process; a machine that loses its power may lose the last seconds, never the file. Times of day are not stored, so that
the same sweep gives the same rows.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike, fspath
from types import TracebackType
from typing import Any, Self

from simcluster.errors import UnfinishedError, UserInputError
from simcluster.experiments.performing import Outcome

_MAGIC = 0x73636C75  # "sclu": the application id of the files
_FORMAT = 1
_PATIENCE_S = 30
_MOST_VARIABLES = 500

_SCHEMA = """
CREATE TABLE runs (
    key TEXT PRIMARY KEY, seed INTEGER, version TEXT, status TEXT CHECK (status IN ('done', 'failed')),
    attempts INTEGER, error TEXT, scenario TEXT
) WITHOUT ROWID;
CREATE TABLE summary (key TEXT PRIMARY KEY REFERENCES runs, metrics TEXT) WITHOUT ROWID;
CREATE TABLE tables (key TEXT REFERENCES runs, name TEXT, data BLOB, PRIMARY KEY (key, name));
CREATE TABLE sweeps (sweep INTEGER PRIMARY KEY, digest TEXT UNIQUE, scenario TEXT, columns TEXT, started INTEGER);
CREATE TABLE points (
    sweep INTEGER REFERENCES sweeps, point INTEGER, replication INTEGER, settings TEXT, seed INTEGER, key TEXT,
    PRIMARY KEY (sweep, point, replication)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class PlannedRun:
    """One replication of one point of a sweep.

    Parameters
    ----------
    point, replication : int
        Both counted from 0.
    settings : mapping of str to value
        Cells of the setting columns.
    seed : int
        The seed that it runs with.
    key : str
    """

    point: int
    replication: int
    settings: Mapping[str, Any]
    seed: int
    key: str


class Store:
    """A store that can be written.

    Parameters
    ----------
    path : path-like or None
        The file, made if it does not exist; None: in memory, for as long as the object lives.

    Raises
    ------
    UserInputError
        If the file can't be opened or written, or isn't a store.
    """

    def __init__(self, path: str | PathLike[str] | None = None) -> None:
        self.path = None if path is None else fspath(path)
        try:
            self._base = sqlite3.connect(self.path or ":memory:", timeout=_PATIENCE_S, isolation_level=None)
            self._prepare()
        except sqlite3.Error as error:
            raise UserInputError(f"store {self.path}: can't be used: {error}") from error

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._base.close()

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, for reading."""
        return self._base

    def _prepare(self) -> None:
        check_kind(self._base, self.path, empty_is_fine=True)
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = NORMAL")
        with self._writing():
            if self._base.execute("PRAGMA application_id").fetchone()[0] == 0:
                for statement in _SCHEMA.split(";"):
                    self._base.execute(statement)
                self._base.execute(f"PRAGMA application_id = {_MAGIC}")
                self._base.execute(f"PRAGMA user_version = {_FORMAT}")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Do everything or nothing.

        Raises
        ------
        sqlite3.Error
            If it can't be written.
        """
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._base.execute("COMMIT")
        except BaseException:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            raise

    def plan(self, scenario: str, columns: Sequence[str], runs: Sequence[PlannedRun]) -> int:
        """Say what a sweep consists of, before it runs, and return its number.

        Parameters
        ----------
        scenario : str
            Name of the scenario.
        columns : sequence of str
            Names of the setting columns, in order.
        runs : sequence of PlannedRun

        Raises
        ------
        UnfinishedError
            If it can't be written.
        """
        rows = [(run.point, run.replication, json.dumps(dict(run.settings)), run.seed, run.key) for run in runs]
        digest = hashlib.sha256(json.dumps([scenario, list(columns), rows]).encode()).hexdigest()
        with self._reported(), self._writing():
            last = self._base.execute("SELECT coalesce(max(started), 0) FROM sweeps").fetchone()[0]
            found = self._base.execute("SELECT sweep FROM sweeps WHERE digest = ?", (digest,)).fetchone()
            if found:
                self._base.execute("UPDATE sweeps SET started = ? WHERE sweep = ?", (last + 1, found[0]))
                return int(found[0])
            cursor = self._base.execute(
                "INSERT INTO sweeps (digest, scenario, columns, started) VALUES (?, ?, ?, ?)",
                (digest, scenario, json.dumps(list(columns)), last + 1),
            )
            number = int(cursor.lastrowid or 0)
            self._base.executemany("INSERT INTO points VALUES (?, ?, ?, ?, ?, ?)", [(number, *row) for row in rows])
        return number

    def put(self, outcomes: Iterable[Outcome], seeds: Mapping[str, int]) -> None:
        """Keep what became of some runs; when this returns, they survive the death of the process.

        Parameters
        ----------
        outcomes : iterable of Outcome
        seeds : mapping of str to int
            The seed of each run by key.

        Raises
        ------
        UnfinishedError
            If it can't be written, for example because the disk is full.
        """
        with self._reported(), self._writing():
            for outcome in outcomes:
                status = "failed" if outcome.failed else "done"
                row = (outcome.key, seeds[outcome.key], outcome.version, status, outcome.attempts, outcome.error)
                self._base.execute("REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, outcome.scenario))
                if not outcome.failed:
                    self._base.execute("REPLACE INTO summary VALUES (?, ?)", (outcome.key, outcome.metrics))
                for name, data in outcome.tables.items():
                    self._base.execute("REPLACE INTO tables VALUES (?, ?, ?)", (outcome.key, name, data))

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise UnfinishedError(f"store {self.path}: {error}; what was stored before can be read") from error

    def finished(self, keys: Sequence[str], *, spans: bool = False) -> set[str]:
        """Return those of some runs that are done, and have spans if they are asked for."""
        query = "SELECT key FROM summary WHERE key IN"
        if spans:
            query = "SELECT key FROM tables WHERE name = 'spans' AND key IN"
        return {key for (key,) in self._select(query, keys)}

    def failures(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the errors of those of some runs that failed, by key."""
        return dict(self._select("SELECT key, error FROM runs WHERE status = 'failed' AND key IN", keys))

    def metrics(self, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the metrics of those of some runs that are done, by key."""
        rows = self._select("SELECT key, metrics FROM summary WHERE key IN", keys)
        return {key: json.loads(metrics) for key, metrics in rows}

    def _select(self, query: str, keys: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        for first in range(0, len(keys), _MOST_VARIABLES):
            some = keys[first : first + _MOST_VARIABLES]
            yield from self._base.execute(f"{query} ({', '.join('?' * len(some))})", some)


def check_kind(base: sqlite3.Connection, path: str | None, *, empty_is_fine: bool = False) -> None:
    """See that a database is a store.

    Raises
    ------
    UserInputError
        If it is another program's, or of a later version of simcluster.
    """
    magic = base.execute("PRAGMA application_id").fetchone()[0]
    tables = base.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if magic != _MAGIC and not (empty_is_fine and not tables and not magic):
        raise UserInputError(f"store {path}: not a store of simcluster")
    version = base.execute("PRAGMA user_version").fetchone()[0]
    if version > _FORMAT:
        raise UserInputError(f"store {path}: written by a later version of simcluster")
