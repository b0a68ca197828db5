"""What the busiest links carry over time: a row a link, the busiest first."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from simcluster.plots import labels, style, tables

_CAPACITY = "capacity_bytes_per_s"
#: Part of a row that a full link takes.
_FILLED = 0.84
#: More changes of rate than this are drawn as means over so many stretches of equal length.
_MOST_STEPS = 400


def links(table: pd.DataFrame, ax: Axes, *, most: int = 8) -> Axes:
    """Draw the rates of links over time, each in a row of its own.

    Parameters
    ----------
    table : DataFrame
        One row per link and stretch of constant rate: ``link``, ``start_s``, ``end_s`` [s], ``rate_bytes_per_s``, and
        ``capacity_bytes_per_s`` if it is known: a row is as high as the capacity then, and else as the highest rate.
        Between the stretches of a link nothing moves.
    ax : Axes
        Where to draw.
    most : int
        Links that are drawn: those that carried most of what they could, or most bytes if capacities aren't known.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, no row has finite values, nothing was carried, or ``most`` is less than 1.
    """
    if most < 1:
        raise ValueError(f"most must be 1 or more, not {most}")
    known = [_CAPACITY] if _CAPACITY in table.columns else []
    rows, lost = tables.usable(table, ["link"], ["start_s", "end_s", "rate_bytes_per_s", *known])
    highest = float(rows["rate_bytes_per_s"].max())
    if highest <= 0:
        raise ValueError("nothing to draw: no link carried anything")
    rows = rows.assign(share=rows["rate_bytes_per_s"] / (rows[_CAPACITY] if known else highest))
    end = float(rows["end_s"].max())
    means = ((rows["end_s"] - rows["start_s"]) * rows["share"]).groupby(rows["link"], sort=False).sum() / end
    # Links that carry the same but for rounding stay in the order of the table.
    shown = means.round(9).sort_values(ascending=False, kind="stable").index[:most]
    unit = labels.time_unit(end)
    for place, name in enumerate(shown):
        at, shares = _steps(rows[rows["link"] == name], end)
        top, bottom = place + 0.5 - _FILLED / 2, place + 0.5 + _FILLED / 2
        ax.fill_between(at * unit.factor, bottom, bottom - shares * _FILLED, step="post", color=style.BLUE, linewidth=0)
        ax.hlines([top, bottom], 0.0, end * unit.factor, color="#BBBBBB", linewidth=0.5, zorder=1)
        ax.annotate(
            f"{means[name]:.0%}", (1.0, place + 0.5), (3, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", va="center", fontsize=style.SMALL,
        )
    ax.set_yticks(np.arange(len(shown)) + 0.5, [style.literal(style.shorten(name)) for name in shown])
    ax.set_ylim(len(shown), 0)
    ax.set_xlim(0.0, end * unit.factor)
    ax.set_xlabel(f"Time [{unit.symbol}]")
    style.dress(ax, grid="x")
    ax.tick_params(axis="y", length=0)
    what = "capacity" if known else _rate(highest)
    crowded = bool((rows["link"].value_counts() > _MOST_STEPS).any())
    style.remark(
        ax,
        f"full height: {what}; right: mean share of it",
        f"{len(means) - len(shown)} of {len(means)} links not shown" if len(means) > len(shown) else "",
        f"means over {_duration(end / _MOST_STEPS)}" if crowded else "",
        lost,
    )
    return ax


def _steps(rows: pd.DataFrame, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Return when the rate of a link changes, and its share of the row from then on."""
    starts, ends, shares = (rows[name].to_numpy(float) for name in ("start_s", "end_s", "share"))
    # A stretch that begins when another ends comes after it, and has the last word.
    times = np.concatenate([[0.0], ends, starts])
    order = np.argsort(times, kind="stable")
    times, values = times[order], np.concatenate([np.zeros(1 + len(ends)), shares])[order]
    if len(rows) > _MOST_STEPS:
        carried = np.append(0.0, np.cumsum(values[:-1] * np.diff(times)))
        edges = np.linspace(0.0, end, _MOST_STEPS + 1)
        values = np.append(np.diff(np.interp(edges, times, carried)) / np.diff(edges), 0.0)
        times = edges
    return times, values


def _duration(time: float) -> str:
    unit = labels.time_unit(time)
    return f"{labels.three_digits(time * unit.factor)} {unit.symbol}"


def _rate(rate: float) -> str:
    unit = labels.unit_of("rate_bytes_per_s", pd.Series([rate]))
    return f"{labels.three_digits(rate * unit.factor)} {unit.symbol}"
