"""Time of an update over the operation overhead of homomorphic compression: figures 6b and 6c of the paper."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from simcluster.plots import bars, style

_THEORY = ("vanilla_update_time_s", "ideal_computation_s")


def overhead(
    table: pd.DataFrame,
    ax: Axes,
    *,
    x: str = "compression.operation_overhead",
    lines: Sequence[str] | None = None,
) -> Axes:
    """Draw computation and parameter transfer over h, against the ideal time and that without compression.

    Parameters
    ----------
    table : DataFrame
        A sweep table: one row for each value of ``x``, with columns ``computation_s`` and ``transfer_s`` [s].
    ax : Axes
        Where to draw.
    x : str
        The parameter along the x axis.
    lines : sequence of str, optional
        Columns [s] to draw as lines over the bars; by default ``vanilla_update_time_s`` and ``ideal_computation_s``,
        as far as the table has them.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, no row has finite values, or two rows share a value of ``x``.
    """
    if lines is None:
        lines = [column for column in _THEORY if column in table.columns]
    return bars.stacked(table, ax, x, style.TWO_PARTS, lines)
