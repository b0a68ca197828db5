"""Where the time of an update goes, over nodes or any other parameter: figures 4, 5, 7b and 7c of the paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pandas as pd
from matplotlib.axes import Axes

from simcluster.plots import bars, style


def breakdown(
    table: pd.DataFrame,
    ax: Axes,
    *,
    x: str = "cluster.workers",
    parts: Literal["all", "two"] = "all",
    lines: Sequence[str] | None = None,
) -> Axes:
    """Draw the time of an update as bars of its parts, stacked in the order in which they happen.

    Parameters
    ----------
    table : DataFrame
        A sweep table: one row for each value of ``x``, with the parts of an update in columns [s].
    ax : Axes
        Where to draw.
    x : str
        The parameter along the x axis; numbers are sorted, names keep their order.
    parts : {'all', 'two'}
        All parts, or computation against parameter transfer, as in the paper.
    lines : sequence of str, optional
        Columns [s] to draw as lines over the bars; by default ``single_node_update_time_s``, if the table has it.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, no row has finite values, two rows share a value of ``x``, or ``parts`` is unknown.
    """
    if parts not in {"all", "two"}:
        raise ValueError(f"parts must be 'all' or 'two', not {parts!r}")
    if lines is None:
        lines = [column for column in ("single_node_update_time_s",) if column in table.columns]
    return bars.stacked(table, ax, x, style.PARTS if parts == "all" else style.TWO_PARTS, lines)
