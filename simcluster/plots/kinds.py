"""The kinds of plots by name, and the way from a table to a file.

This is the only place that makes figures and writes files. It imports matplotlib when a picture is drawn, not before,
and uses figures and canvases of its own: pyplot with its global state is never loaded.
"""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class PlotKind:
    """One kind of plot.

    Attributes
    ----------
    table : {'sweep', 'map', 'spans', 'updates', 'links', 'shares', 'published', 'learning'}
        The table that it takes.
    module : str
        The module that draws it, with a function of the same name.
    summary : str
        What it shows, in half a sentence.
    height : float [in]
        Height of the axes, without rows.
    row_height : float [in]
        Height that each row of the picture adds.
    """

    table: Literal["sweep", "map", "spans", "updates", "links", "shares", "published", "learning"]
    module: str
    summary: str
    height: float
    row_height: float = 0.0

    def function(self) -> Callable[..., Axes]:
        """Import and return the function that draws a table of this kind on axes."""
        name = self.module
        function: Callable[..., Axes] = getattr(import_module(f"simcluster.plots.{name}"), name)
        return function

    def options(self) -> tuple[str, ...]:
        """Return the names of the options that the function understands."""
        parameters = inspect.signature(self.function()).parameters.values()
        return tuple(one.name for one in parameters if one.kind is one.KEYWORD_ONLY)


#: All kinds of plots by name.
KINDS: Mapping[str, PlotKind] = MappingProxyType(
    {
        "breakdown": PlotKind("sweep", "breakdown", "parts of an update, stacked, over nodes", 1.65),
        "speedup": PlotKind("sweep", "speedup", "speed-up over nodes, with ideal and bounds", 1.7),
        "overhead": PlotKind("sweep", "overhead", "time of an update over the operation overhead h", 1.65),
        "totals": PlotKind("sweep", "totals", "total time by category", 0.0, 0.17),
        "feasible-region": PlotKind("sweep", "feasible_region", "where in (rho, h) compression pays", 1.95),
        "homomorphic-map": PlotKind("map", "homomorphic_map", "which candidates (rho, h) are feasible", 2.6),
        "lines": PlotKind("sweep", "lines", "any metric over any parameter, with intervals", 1.75),
        "heat-map": PlotKind("sweep", "heat_map", "any metric over two parameters", 0.9, 0.1),
        "break-even": PlotKind("sweep", "break_even", "where over two parameters one way beats another", 1.95),
        "comparison": PlotKind("sweep", "comparison", "scenarios side by side, part by part", 0.0, 0.11),
        "learning-curve": PlotKind("learning", "learning_curve", "accuracy or loss over time or updates", 1.75),
        "pareto": PlotKind("sweep", "pareto", "time to a target against final accuracy", 1.95),
        "timeline": PlotKind("spans", "timeline", "who does what when in one update", 0.0, 0.128),
        "workers": PlotKind("spans", "workers", "which worker computes, or waits for what, over time", 0.0, 0.17),
        "staleness": PlotKind("updates", "staleness", "distribution of the staleness of updates", 1.65),
        "links": PlotKind("links", "links", "what the busiest links carry over time", 0.0, 0.22),
        "published": PlotKind("published", "published", "how far predictions are off published results", 0.0, 0.17),
        "operation-shares": PlotKind("shares", "operation_shares", "shares of operations in a minibatch", 0.0, 0.17),
    }
)

_FORMATS = ("png", "svg")


def draw(kind: str, table: pd.DataFrame, *, title: str = "", width: float | None = None, **options: Any) -> Figure:
    """Draw a table as a figure of one column's width.

    Parameters
    ----------
    kind : str
        A name of `KINDS`.
    table : DataFrame
        The table that the kind takes.
    title : str
        What to write above the picture. The legend is above the axes, so a title of the axes would collide with it.
    width : float, optional [in]
        Width of the figure; by default that of a paper's column, 3.4 in.
    **options
        Options of the kind's function.

    Returns
    -------
    Figure
        A figure with one set of axes, on a canvas of its own.

    Raises
    ------
    ValueError
        If the kind or an option is unknown, or the table can't be drawn.
    """
    if kind not in KINDS:
        raise ValueError(f"there is no plot '{kind}'{_nearest(kind, KINDS)}; there are {', '.join(KINDS)}")
    entry = KINDS[kind]
    known = entry.options()
    for option in options:
        if option not in known:
            said = f"the plot '{kind}' has no option '{option}'{_nearest(option, known)}"
            raise ValueError(f"{said}; it has {', '.join(known)}")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from simcluster.plots import style

    figure = Figure(figsize=(width or style.COLUMN_WIDTH, 3.0), layout="constrained")
    FigureCanvasAgg(figure)
    ax = entry.function()(table, figure.add_subplot(), **options)
    if title:
        figure.suptitle(style.literal(title), fontsize=style.NORMAL)
    bottom, top = ax.get_ylim()
    _grow(figure, entry.height + entry.row_height * abs(bottom - top))
    return figure


def _grow(figure: Figure, wanted: float) -> None:
    """Give the axes the height that is ``wanted`` [in], whatever legend, title and labels take."""
    # The first layout has room for the labels, so that the second differs from it in the height of the axes alone.
    figure.set_figheight(wanted + 4.0)
    figure.draw_without_rendering()
    taken = figure.get_figheight() - figure.axes[0].bbox.height / figure.dpi
    figure.set_figheight(round(wanted + taken, 2))


def save(figure: Figure, path: str | Path) -> tuple[Path, ...]:
    """Write a figure as PNG (300 dpi), SVG or both, with the same bytes for the same figure.

    Parameters
    ----------
    figure : Figure
        What `draw` returned.
    path : str or Path
        A name that ends in ``.png`` or ``.svg``, or one without such an end, which both are added to.

    Returns
    -------
    tuple of Path
        The files that were written.

    Raises
    ------
    ValueError
        If the name ends like a format that isn't offered, such as ``.pdf``.
    OSError
        If a file can't be written.
    """
    path = Path(path)
    suffix = path.suffix.lower().removeprefix(".")
    if suffix in figure.canvas.get_supported_filetypes() and suffix not in _FORMATS:
        raise ValueError(f"pictures are saved as .png or .svg, not .{suffix}")
    targets = {suffix: path} if suffix in _FORMATS else {one: path.with_name(f"{path.name}.{one}") for one in _FORMATS}
    for target, picture in zip(targets.values(), _pictures(figure, tuple(targets)), strict=True):
        target.write_bytes(picture)
    return tuple(targets.values())


def to_svg(figure: Figure) -> str:
    """Return a figure as the text of an SVG file, with the same bytes for the same figure.

    Parameters
    ----------
    figure : Figure
        What `draw` returned.
    """
    return _pictures(figure, ("svg",))[0].decode()


def _pictures(figure: Figure, forms: tuple[str, ...]) -> list[bytes]:
    """Return a figure in several formats, and leave it as it was."""
    engine = figure.get_layout_engine()
    _settle(figure)
    try:
        return [_render(figure, form) for form in forms]
    finally:
        figure.set_layout_engine(engine)


def _settle(figure: Figure) -> None:
    """Work out the layout once for all formats, and keep it.

    Texts differ by fractions of a pixel between resolutions, and the same layout again by the last bits of a float.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for ax in figure.axes:
        in_layout = ax.get_in_layout()
        left, bottom, width, height = (round(edge, 5) for edge in ax.get_position(original=True).bounds)
        ax.set_position((left, bottom, width, height))
        ax.set_in_layout(in_layout)


def _render(figure: Figure, form: str) -> bytes:
    import matplotlib

    buffer = io.BytesIO()
    metadata = {"Date": None} if form == "svg" else {"Software": None}
    with matplotlib.rc_context({"svg.hashsalt": "simcluster", "hatch.linewidth": 0.4, "savefig.bbox": None}):
        figure.savefig(buffer, format=form, dpi=300, metadata=metadata)
    return buffer.getvalue()


def _nearest(word: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    near = get_close_matches(word, list(known), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""
