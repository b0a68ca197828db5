"""Tables as CSV, for spreadsheets and terminals that must not obey what is in them.

A spreadsheet takes a cell for a formula if it begins with ``=``, ``+``, ``-`` or ``@``, also behind a tab or the end of
a line, and a formula can send data away. Such texts, names of columns included, get an apostrophe before them; numbers
are left alone. Control characters are escaped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simcluster.escaping import cell

if TYPE_CHECKING:
    import pandas as pd


def to_csv(table: pd.DataFrame) -> str:
    """Return a table as CSV, with lines that end in a line feed, and no text that a spreadsheet would compute."""
    safe = table.rename(columns=_cell)
    for name in safe.columns[[dtype.kind not in "biuf" for dtype in safe.dtypes]]:
        safe[name] = safe[name].map(_cell)
    text: str = safe.to_csv(index=False, lineterminator="\n")
    return text


def _cell(value: Any) -> Any:
    return cell(value) if isinstance(value, str) else value
