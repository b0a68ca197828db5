"""Tables as files for other programs: CSV and Parquet.

Texts in CSV are escaped, see :mod:`simcluster.results.csv_text`. Parquet has types, so that nothing there is taken for
anything else.
"""

from __future__ import annotations

import os
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from simcluster.errors import UnfinishedError, UserInputError
from simcluster.results.csv_text import to_csv

if TYPE_CHECKING:
    import pandas as pd

def write_csv(table: pd.DataFrame, path: str | PathLike[str]) -> None:
    """Write a table as CSV: the whole file, or none.

    Raises
    ------
    UnfinishedError
        If it can't be written.
    """
    _write(to_csv(table).encode(), Path(path))


def write_parquet(table: pd.DataFrame, path: str | PathLike[str]) -> None:
    """Write a table as Parquet: the whole file, or none.

    Raises
    ------
    UserInputError
        If pyarrow isn't installed.
    UnfinishedError
        If it can't be written.
    """
    try:
        data: bytes = table.to_parquet(None, engine="pyarrow", index=False)
    except ImportError as error:
        raise UserInputError("Parquet needs pyarrow: pip install 'simcluster[parquet]'") from error
    _write(data, Path(path))


def _write(data: bytes, path: Path) -> None:
    """Write beside the file, and then put it in its place."""
    draft = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        draft.write_bytes(data)
        os.replace(draft, path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise UnfinishedError(f"{path}: can't be written: {error.strerror}") from error
