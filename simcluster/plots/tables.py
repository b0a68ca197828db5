"""What a plot demands of its table: the columns it needs, at least one row with numbers, one row a point.

Rows without a finite number (failed runs) are skipped, and the picture says how many.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import numpy as np
import pandas as pd

#: How clock and values of what was learned are coupled.
_COUPLINGS = {
    "own": "the clock moves its own bytes",
    "stand-in": "a stand-in: the clock is that of the scenario's model",
}


def require(table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Check that the table has rows and the columns.

    Raises
    ------
    ValueError
        If the table is empty or a column is missing; the message names it, and the nearest one that is there.
    """
    missing = [column for column in columns if column not in table.columns]
    if missing:
        known = [str(column) for column in table.columns]
        said = []
        for column in missing:
            near = get_close_matches(column, known, n=1)
            said.append(f"'{column}'" + (f" (nearest: '{near[0]}')" if near else ""))
        have = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
        raise ValueError(f"the table has no column {', '.join(said)}; it has {have or 'no columns'}")
    if table.empty:
        raise ValueError("nothing to draw: the table has no rows")


def usable(table: pd.DataFrame, names: Sequence[str], numbers: Sequence[str]) -> tuple[pd.DataFrame, str]:
    """Return the rows that can be drawn, their numbers as floats, and a remark on those that can't.

    Parameters
    ----------
    table : DataFrame
        One row a point.
    names : sequence of str
        Columns that may hold anything but a missing value.
    numbers : sequence of str
        Columns that must hold finite numbers.

    Raises
    ------
    ValueError
        If a column is missing, or no row is left.
    """
    require(table, [*names, *numbers])
    rows = table.copy()
    for column in numbers:
        rows[column] = pd.to_numeric(rows[column], errors="coerce").astype(float)
    good = rows[list(names)].notna().all(axis=1) & np.isfinite(rows[list(numbers)].to_numpy(float)).all(axis=1)
    for column in names:
        if pd.api.types.is_float_dtype(rows[column]):
            good &= np.isfinite(rows[column])
    if not good.any():
        raise ValueError(f"nothing to draw: no row has values in all of {', '.join([*names, *numbers])}")
    lost = int((~good).sum())
    return rows[good], f"{lost} of {len(rows)} rows left out: no finite values" if lost else ""


def one_row_each(rows: pd.DataFrame, keys: Sequence[str]) -> None:
    """Check that no two rows belong to one place of the picture.

    Raises
    ------
    ValueError
        If two rows agree in all ``keys``; the message says which, and in what parameters they differ.
    """
    twice = rows[rows.duplicated(list(keys), keep=False)]
    if twice.empty:
        return
    place = ", ".join(f"{key} = {twice.iloc[0][key]}" for key in keys)
    same = twice[(twice[list(keys)] == twice.iloc[0][list(keys)]).all(axis=1)]
    others = [str(column) for column in rows.columns if column not in keys and _is_parameter(str(column))]
    differ = [column for column in others if same[column].astype(str).nunique() > 1]
    hint = f" (they differ in {', '.join(differ)})" if differ else ""
    raise ValueError(f"{len(same)} rows share {place}{hint}: select one, average them, or tell them apart by a column")


def _is_parameter(column: str) -> bool:
    return "." in column or column in {"preset", "seed", "scenario", "name"}


def in_order(values: pd.Series) -> list[object]:
    """Return the distinct values: numbers ascending, names in the order of their first appearance."""
    distinct = values.drop_duplicates()
    return list(distinct.sort_values() if pd.api.types.is_numeric_dtype(values) else distinct)


def couplings(table: pd.DataFrame) -> tuple[str, ...]:
    """Return what to say below a picture of what was learned: how clock and values are coupled."""
    known = sorted(set(table["coupling"].dropna())) if "coupling" in table else []
    return tuple(_COUPLINGS[str(one)] for one in known)
