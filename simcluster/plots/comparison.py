"""Scenarios side by side, part by part: which part of an update makes the difference."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from simcluster.plots import labels, style, tables, totals

_UPDATE = "update_time_s"
#: A part that is nowhere more than this share of the longest update is left out.
_SEEN = 1e-3


def comparison(table: pd.DataFrame, ax: Axes, *, by: str = "preset", most: int = 4) -> Axes:
    """Draw the parts of an update and their sum as lying bars, those of all scenarios together.

    Parameters
    ----------
    table : DataFrame
        One row for each scenario, with the parts of an update in columns [s].
    ax : Axes
        Where to draw.
    by : str
        The column that names the scenarios, in this order.
    most : int
        Scenarios that can be compared; with more, the bars of a part are no longer one group for the eye.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, no row has finite values, two rows share a name, or there are more than ``most``.
    """
    parts = {f"{name}_s": look.label for name, look in style.PARTS.items()}
    rows, lost = tables.usable(table, [by], [*parts, _UPDATE])
    tables.one_row_each(rows, [by])
    if len(rows) > most:
        raise ValueError(f"{len(rows)} scenarios are too many to compare part by part: select {most}, or set 'most'")
    seen = [column for column in parts if rows[column].max() > _SEEN * rows[_UPDATE].max()]
    names = {**parts, _UPDATE: "update"}
    long = pd.concat(
        [
            pd.DataFrame({"part": names[column], "scenario": rows[by].to_numpy(), _UPDATE: rows[column].to_numpy()})
            for column in [*seen, _UPDATE]
        ],
        ignore_index=True,
    )
    totals.totals(long, ax, x="part", y=_UPDATE, by="scenario")
    handles = ax.get_legend().legend_handles  # type: ignore[union-attr]
    style.legend(ax, handles, [labels.value_label(by, name, rows[by]) for name in tables.in_order(rows[by])])  # type: ignore[arg-type]
    ax.set_xlabel(f"Time in an update [{labels.unit_of(_UPDATE, long[_UPDATE]).symbol}]")
    style.remark(ax, lost)
    return ax
