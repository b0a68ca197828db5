"""Tables as bytes: how updates, spans and links travel from a worker to the store, and lie there.

Updates are the journal's rows: zlib-compressed doubles behind a line that names their columns, since every run has
them and packing must cost far less than running. Spans, links and learning, which only some runs keep, are numpy's
``.npz``. Nothing is pickled: a store of a stranger can be opened without running his code.
"""

from __future__ import annotations

import io
import json
import zlib
from array import array
from typing import TYPE_CHECKING

from simcluster.errors import UserInputError
from simcluster.recording.journal import COLUMNS
from simcluster.results import Result

if TYPE_CHECKING:
    import pandas as pd

#: Tables that a store may hold for each run.
TABLES = ("updates", "spans", "links", "learning")
_FASTEST = 1


def pack_tables(result: Result, *, spans: bool) -> dict[str, bytes]:
    """Return the tables of a run as bytes, by name.

    Parameters
    ----------
    result : Result
    spans : bool
        Whether spans and links are packed too; the run must have recorded them.
    """
    header = json.dumps(COLUMNS).encode() + b"\n"
    packed = {"updates": zlib.compress(header + result.records.rows.tobytes(), _FASTEST)}
    if result.records.learning is not None:
        packed |= {"learning": _pack_table(result.learning)}
    if spans:
        packed |= {"spans": _pack_table(result.spans), "links": _pack_table(result.links)}
    return packed


def _pack_table(table: pd.DataFrame) -> bytes:
    import numpy as np

    arrays = {
        name: column.to_numpy(dtype=None if np.issubdtype(column.to_numpy().dtype, np.number) else np.str_)
        for name, column in table.items()
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **{str(name): values for name, values in arrays.items()})
    return buffer.getvalue()


def unpack_table(name: str, data: bytes) -> pd.DataFrame:
    """Return a table from its bytes.

    Parameters
    ----------
    name : str
        One of ``TABLES``.
    data : bytes
        What ``pack_tables`` made of it.

    Raises
    ------
    UserInputError
        If the updates have other columns than this version of simcluster writes.
    """
    import numpy as np
    import pandas as pd

    if name != "updates":
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return pd.DataFrame({column: _texts(arrays[column]) for column in arrays.files})
    from simcluster.results.tables import updates_table

    header, _, rows = zlib.decompress(data).partition(b"\n")
    if tuple(json.loads(header)) != COLUMNS:
        raise UserInputError("the updates in this store were written by another version of simcluster")
    return updates_table(array("d", rows))


def _texts(values: object) -> object:
    import numpy as np

    return values.astype(object) if isinstance(values, np.ndarray) and values.dtype.kind == "U" else values
