"""Where one way is faster than another, over two parameters: a map of the gain, and the line at which it is 1."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap

from simcluster.plots import grids, labels, lines, style

_VANILLA = "vanilla_update_time_s"
#: Where the colour changes on either side of 1; the finest that reach as far as the table.
_LEVELS = (
    (1.01, 1.02, 1.05, 1.1),
    (1.1, 1.2, 1.5, 2.0),
    (1.25, 1.5, 2.0, 4.0),
    (1.5, 2.0, 5.0, 10.0),
    (2.0, 5.0, 10.0, 100.0),
    (10.0, 100.0, 1e3, 1e4),
)


def break_even(
    table: pd.DataFrame,
    ax: Axes,
    *,
    x: str = "network.bandwidth_bytes_per_s",
    by: str = "compression.codec.rho",
    value: str = "update_time_s",
    against: str = _VANILLA,
    log: str = "",
) -> Axes:
    """Draw ``against`` / ``value`` over two parameters, and the line on which both are equal.

    Parameters
    ----------
    table : DataFrame
        A sweep table: one row for each pair of values, at least 2 by 2; the line is interpolated between them. Pairs
        without a row, or without finite numbers, stay empty.
    ax : Axes
        Where to draw; the scale of the colours is put above it.
    x, by : str
        The parameters along the x and the y axis, which hold numbers.
    value, against : str
        Columns of two positive times (or costs): blue where ``value`` is less, orange where it is more.
    log : {'', 'x', 'y', 'xy'}
        The axes with a logarithmic scale.

    Returns
    -------
    Axes
        The axes that were given.

    Raises
    ------
    ValueError
        If a column is missing, a parameter has less than two values or no numbers, two rows share a pair, the gain
        isn't positive, ``log`` is unknown, or an axis with a logarithmic scale has numbers that aren't positive.
    """
    shown, others = grids.grid(table, x, by, [value, against])
    sides = [pd.Series(values) for values in (shown.across, shown.up)]
    for column, values in zip((x, by), sides, strict=True):
        if not labels.is_numeric(values) or len(values) < 2:
            raise ValueError(f"a map of break-evens needs two or more numbers of '{column}'")
    lines.check_log(pd.DataFrame({x: table[x], by: table[by]}), log, x, by)
    if not (np.nanmin(shown.values) > 0 and np.nanmin(others.values) > 0):
        raise ValueError(f"a gain needs positive numbers: '{value}' or '{against}' has others")
    gain = others.values / shown.values
    units = [labels.unit_of(column, values) for column, values in zip((x, by), sides, strict=True)]
    across, up = (values.to_numpy(float) * unit.factor for values, unit in zip(sides, units, strict=True))
    line = _draw(ax, across, up, gain, _name(value, against))
    for letter in log:
        lines.scale(ax, letter)
    ax.set_xlabel(labels.axis_label(x, units[0]))
    ax.set_ylabel(labels.axis_label(by, units[1]))
    style.dress(ax, grid="")
    style.remark(ax, shown.remark, "line: break-even" if line else "no break-even in this range")
    return ax


def _name(value: str, against: str) -> str:
    """Return the name of the gain."""
    if (value, against) == ("update_time_s", _VANILLA):
        return "Times as fast as vanilla"
    return f"{labels.axis_label(against)} / {labels.axis_label(value).lower()}"


def _draw(ax: Axes, across: np.ndarray, up: np.ndarray, gain: np.ndarray, name: str) -> bool:
    """Fill the map, draw the line, and return whether there is one."""
    # The logarithm treats both sides alike: twice as fast is as far from 1 as half as fast.
    height = np.ma.masked_invalid(np.log(gain))
    farthest = float(np.abs(height).max())
    levels = np.log(next((one for one in _LEVELS if np.log(one[-1]) >= farthest), _LEVELS[-1]))
    bounds = np.concatenate([-levels[::-1], [0.0], levels])
    shares = np.linspace(1.0, 0.25, len(levels))
    colors = [style.tint(style.ORANGE, share) for share in shares]
    colors += [style.tint(style.BLUE, share) for share in shares[::-1]]
    palette, norm = ListedColormap(colors), BoundaryNorm(bounds, len(colors))
    clipped = np.clip(height, bounds[0], bounds[-1])
    ax.contourf(across, up, clipped, bounds, cmap=palette, norm=norm)
    ticks = [(bound, f"{np.exp(bound):.3g}") for bound in bounds]
    grids.scale_bar(ax, ScalarMappable(norm, palette), name, ticks)
    if not height.min() < 0 < height.max():
        return False
    ax.contour(across, up, height, [0.0], colors=style.BLACK, linewidths=1.3)
    return True
