"""Stacked bars over a parameter: what the pictures of parts over nodes and over operation overhead share.

Bars stand side by side in the order of the values, whatever the distance between these, so that 1, 2, 4, ... 1024 nodes
are as legible as 1, 2, ... 25. A value without finite numbers leaves a gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from simcluster.plots import labels, style, tables

#: Theory that a caller may have added as columns, with its name and dashes.
_LINES: Mapping[str, tuple[str, Any]] = {
    "single_node_update_time_s": ("one node", (0, (4, 1.5))),
    "vanilla_update_time_s": ("vanilla", (0, (6, 1.2, 1, 1.2))),
    "ideal_computation_s": ("ideal i·C/M", (0, (1, 1))),
    "theory_update_time_s": ("theory", "-"),
}
#: A part that is nowhere more than this share of the tallest bar is thinner than a dot of a printer.
_SEEN = 1e-3
#: More bars than this touch each other.
_TOUCHING = 40
_STEPS = tuple(digit * 10.0**power for power in range(-6, 7) for digit in (1, 2, 2.5, 5))


def stacked(
    table: pd.DataFrame, ax: Axes, x: str, looks: Mapping[str, style.Look], lines: Sequence[str] | None
) -> Axes:
    """Draw one bar for each value of ``x``, of the parts ``looks`` from the bottom up, and lines over them.

    Parameters
    ----------
    table : DataFrame
        One row for each value of ``x``, with a column [s] for each part, named as in ``looks`` with ``_s``.
    ax : Axes
        Where to draw.
    x : str
        The parameter along the x axis: numbers or names.
    looks : mapping of str to Look
        The parts; those too small to be seen are left out of the legend.
    lines : sequence of str, optional
        Columns [s] to draw as lines.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, nothing can be drawn, or rows share a value of ``x``.
    """
    parts = [f"{name}_s" for name in looks]
    overlays = list(lines or ())
    rows, lost = tables.usable(table, [x], parts + overlays)
    tables.one_row_each(rows, [x])
    # Rows without times keep their place, and leave it empty.
    values = tables.in_order(tables.usable(table, [x], [])[0][x])
    places = {value: place for place, value in enumerate(values)}
    rows = rows.assign(place=rows[x].map(places)).sort_values("place")
    at = rows["place"].to_numpy(float)
    tops = pd.concat([rows[parts].sum(axis=1), *(rows[column] for column in overlays)])
    unit = labels.time_unit(float(tops.max()))
    handles, names = _draw_parts(ax, at, rows, looks, unit.factor, len(values))
    for column in overlays:
        handles.append(_draw_line(ax, at, rows[column].to_numpy(float) * unit.factor, column))
        names.append(_LINES[column][0] if column in _LINES else style.literal(column.removesuffix("_s")))
    ax.set_ylim(0, float(tops.max()) * unit.factor * 1.05 or 1.0)
    ax.set_xlim(-0.6, len(values) - 0.4)
    ticks(ax, x, values)
    ax.set_xlabel(labels.axis_label(x, labels.unit_of(x, table[x])))
    ax.set_ylabel(labels.axis_label("update_time_s", unit))
    style.dress(ax)
    style.legend(ax, handles, names)
    style.remark(ax, lost)
    return ax


def _draw_parts(
    ax: Axes, at: np.ndarray, rows: pd.DataFrame, looks: Mapping[str, style.Look], factor: float, count: int
) -> tuple[list[Artist], list[str]]:
    """Stack the parts, and return the legend's handles and labels of those that can be seen."""
    tallest = float(rows[[f"{name}_s" for name in looks]].sum(axis=1).max()) * factor
    bottom = np.zeros(len(at))
    # Bars that touch overlap by a hair, as viewers of SVG would show a seam between them.
    width = 0.8 if count <= _TOUCHING else 1.03
    shown = []
    for name, look in looks.items():
        heights = rows[f"{name}_s"].to_numpy(float) * factor
        if not heights.any():
            continue
        with style.thin_hatches():
            ax.bar(at, heights, width, bottom=bottom, label=look.label, **look.patch())
        bottom = bottom + heights
        if heights.max() > _SEEN * tallest:
            shown.append(look)
    return style.proxies(shown), [look.label for look in shown]


def _draw_line(ax: Axes, at: np.ndarray, heights: np.ndarray, column: str) -> Artist:
    """Draw a line over the bars, from edge to edge if it is level, with a white rim that sets it off from them."""
    dashes = _LINES[column][1] if column in _LINES else "-"
    if np.ptp(heights) <= 1e-9 * abs(heights).max():
        at, heights = np.array([-0.6, at.max() + 0.6]), np.repeat(heights[0], 2)
    ax.plot(at, heights, color="white", linewidth=2.2, solid_capstyle="butt", zorder=2.2)
    (line,) = ax.plot(at, heights, color=style.BLACK, linewidth=1.0, linestyle=dashes, zorder=2.3)
    return line


def ticks(ax: Axes, x: str, values: Sequence[object]) -> None:
    """Label as many of the bars at 0, 1, 2, ... as fit: all, or round numbers, or every n-th; long names upright."""
    series = pd.Series(list(values))
    if not labels.is_numeric(series):
        return _name_ticks(ax, [style.literal(style.shorten(value)) for value in values])
    factor = labels.unit_of(x, series).factor
    names = labels.numbers(series.to_numpy(float) * factor)
    slot = style.axes_width(ax) / len(names)
    wanted = (max(style.text_width(name) for name in names) + 6.0) / slot
    kept = [0]
    for index in _candidates(series.to_numpy(float), wanted):
        if index - kept[-1] >= wanted * 0.8:
            kept.append(index)
    ax.set_xticks(kept, [names[index] for index in kept])
    return None


def _candidates(values: np.ndarray, wanted: float) -> list[int]:
    """Return the bars that may carry a number, at least ``wanted`` bars apart: round numbers if the steps are equal."""
    count = len(values)
    if wanted <= 1:
        return list(range(1, count))
    pitch = values[1] - values[0]
    if np.allclose(np.diff(values), pitch, rtol=1e-6):
        steps = [step for step in _STEPS if wanted * pitch <= step <= count * pitch and _whole(step / pitch)]
        # Every other bar reads well only if the first, which is always labelled, is one of them.
        steps = [step for step in steps if step > 2.5 * pitch or _whole(values[0] / step)]
        # A step that ends at the last bar reads best, if it isn't much larger than it has to be.
        even = [step for step in steps if _whole(values[-1] / step) and step <= 3 * wanted * pitch]
        if steps:
            return [index for index in range(1, count) if _whole(values[index] / (even or steps)[0])]
    return list(range(0, count, int(np.ceil(wanted))))[1:]


def _whole(number: float) -> bool:
    return abs(number - round(number)) < 1e-6


def _name_ticks(ax: Axes, names: Sequence[str]) -> None:
    slot = style.axes_width(ax) / len(names)
    every = max(1, int(np.ceil(style.SMALL * 1.3 / slot)))
    kept = range(0, len(names), every)
    if max(style.text_width(name) for name in names) + 4.0 <= slot:
        ax.set_xticks(kept, [names[index] for index in kept])
    elif slot < 1.5 * style.SMALL * every:
        ax.set_xticks(kept, [names[index] for index in kept], rotation=90)
    else:
        ax.set_xticks(kept, [names[index] for index in kept], rotation=35, ha="right", rotation_mode="anchor")
