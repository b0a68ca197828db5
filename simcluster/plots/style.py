"""What all pictures have in common: colours, hatches, type sizes, legends and remarks.

Colours are those of Okabe and Ito, which people with any of the common colour vision deficiencies can tell apart. A
part of an update has one colour and hatch in every picture, so that it also reads in grey. Pictures are made for a
column of 3.4 in, with type of 7 pt and more. Nothing here touches matplotlib's global state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator

#: Width of one column of a paper [in].
COLUMN_WIDTH = 3.4
#: Type sizes [pt]: of ticks, legends and remarks, and of the labels of axes.
SMALL, NORMAL = 7.0, 8.0

BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY, ORANGE, YELLOW, BLACK = "#56B4E9", "#E69F00", "#F0E442", "#000000"
_GREY, _PALE = "#555555", "#EEEEEE"

#: Colours, markers and dashes of lines by category, in this order; yellow is left out, as it vanishes on white.
COLORS = (BLUE, VERMILLION, GREEN, PURPLE, SKY, ORANGE, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
#: Hatches of bars by category.
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++")


@dataclass(frozen=True)
class Look:
    """How one part of an update looks: its name in legends, its fill, and the hatch with its colour."""

    label: str
    color: str
    hatch: str = ""
    ink: str = "white"

    def patch(self) -> dict[str, Any]:
        """Return the properties of a patch or collection of this look, without an outline."""
        return {"facecolor": self.color, "hatch": self.hatch, "edgecolor": self.ink, "linewidth": 0.0}


#: The parts of an update in the order in which they happen, by the name of their column without its unit. What is done
#: on the server has the colour of the same work on a worker, and another hatch.
PARTS: Mapping[str, Look] = MappingProxyType(
    {
        "computation": Look("compute", BLUE),
        "encode": Look("encode", GREEN, "////"),
        "push": Look("push", ORANGE),
        "server_decode": Look("server decode", PURPLE, "xxxx"),
        "aggregate": Look("aggregate", VERMILLION, "...."),
        "server_encode": Look("server encode", GREEN, "xxxx"),
        "pull": Look("pull", YELLOW),
        "decode": Look("decode", PURPLE, "\\\\\\\\"),
        "wait": Look("wait", _PALE, "....", "#999999"),
    }
)
#: What keeps a worker from training, by the cause of its waiting.
INCIDENTS: Mapping[str, Look] = MappingProxyType(
    {
        "crashed": Look("crashed", BLACK),
        "recovery": Look("recovery", SKY, "xxxx"),
        "checkpoint": Look("checkpoint", SKY),
    }
)
#: The two-part view of the paper.
TWO_PARTS: Mapping[str, Look] = MappingProxyType(
    {
        "computation": Look(r"computation $T_\mathrm{cmt}$", BLUE),
        "transfer": Look(r"transfer $T_\mathrm{tnf}$", SKY, "////"),
    }
)


def tint(color: str, share: float = 0.2) -> tuple[float, float, float]:
    """Return a colour mixed with white, of which ``share`` is left."""
    red, green, blue = (1 - share * (1 - part) for part in to_rgb(color))
    return red, green, blue


def category(index: int) -> tuple[str, str, str]:
    """Return colour, marker and hatch of a category by its number: 49 of them before two are alike."""
    turn, color = divmod(index, len(COLORS))
    other = (color + turn) % len(MARKERS)
    return COLORS[color], MARKERS[other], HATCHES[other]


def series_look(index: int, label: str = "") -> Look:
    """Return the look of the bars of a category, by its number; grey if there is no name to tell apart."""
    if not label:
        return Look("", "#777777")
    color, _, hatch = category(index)
    return Look(label, color, hatch)


def thin_hatches() -> Any:
    """Return a context in which patches are made (and drawn, before matplotlib 3.10) with thin hatches."""
    return matplotlib.rc_context({"hatch.linewidth": 0.4})


def literal(text: object) -> str:
    """Return what a user wrote so that it is drawn letter by letter: no mathtext, no line breaks or control codes."""
    plain = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(text))
    return plain.replace("$", r"\$")


def shorten(text: object, length: int = 28) -> str:
    """Return a user's text, with its middle left out if it is longer than ``length`` letters."""
    plain = str(text)
    half = (length - 1) // 2
    return plain if len(plain) <= length else f"{plain[:half]}\N{HORIZONTAL ELLIPSIS}{plain[-half:]}"


def text_width(text: str, size: float = SMALL) -> float:
    """Return the width [pt] of a text of ``size`` [pt]."""
    return float(TextPath((0.0, 0.0), text, size=size).get_extents().width) if text.strip() else 0.0


def axes_width(ax: Axes) -> float:
    """Return the width [pt] of the axes, before the layout is worked out."""
    return float(ax.bbox.width / ax.figure.dpi * 72)


def dress(ax: Axes, *, grid: str = "y") -> None:
    """Set type sizes, spines and a thin grid behind the data, along ``x``, ``y`` or ``both``."""
    ax.tick_params(which="both", labelsize=SMALL, width=0.6, length=2.5, pad=2)
    ax.tick_params(which="minor", length=1.5)
    ax.xaxis.label.set_fontsize(NORMAL)
    ax.yaxis.label.set_fontsize(NORMAL)
    for offset in (ax.xaxis.get_offset_text(), ax.yaxis.get_offset_text()):
        offset.set_fontsize(SMALL)
    for side, spine in ax.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_linewidth(0.6)
    ax.set_axisbelow(True)
    if grid in {"x", "both"}:
        ax.xaxis.grid(True, linewidth=0.3, color="#CCCCCC")
    if grid in {"y", "both"}:
        ax.yaxis.grid(True, linewidth=0.3, color="#CCCCCC")


def number_ticks(ax: Axes, values: Sequence[float]) -> None:
    """Put a few round numbers along the x axis: whole ones if all values are, and a lone value itself."""
    distinct = sorted({float(value) for value in values})
    if len(distinct) == 1:
        ax.set_xticks(distinct, [f"{distinct[0]:.6g}"])
    else:
        ax.xaxis.set_major_locator(
            MaxNLocator(6, steps=[1, 2, 2.5, 5, 10], integer=all(value.is_integer() for value in distinct))
        )


def legend(ax: Axes, handles: Sequence[Artist], labels: Sequence[str]) -> None:
    """Put a legend above the axes, in as many columns as fit; users' names in ``labels`` are made literal before."""
    if not handles:
        return
    columns = _columns([text_width(label) for label in labels], axes_width(ax))
    with thin_hatches():
        box = ax.legend(
            handles,
            [f"{number}" for number in range(len(labels))],
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=columns,
            frameon=False,
            fontsize=SMALL,
            handlelength=1.8,
            handletextpad=0.5,
            columnspacing=1.0,
            labelspacing=0.3,
            borderaxespad=0.2,
            borderpad=0.2,
        )
    # A label given at once is dropped by matplotlib if it begins with an underscore.
    for text, label in zip(box.get_texts(), labels, strict=True):
        text.set_text(label)


def _columns(widths: Sequence[float], available: float) -> int:
    """Return the largest number of columns whose entries, filled column by column, fit into ``available`` [pt]."""
    extra = (1.8 + 0.5 + 1.0) * SMALL
    for columns in range(len(widths), 1, -1):
        rows = -(-len(widths) // columns)
        filled = [widths[start : start + rows] for start in range(0, len(widths), rows)]
        if sum(max(column) + extra for column in filled) <= available:
            return len(filled)
    return 1


def proxies(looks: Sequence[Look]) -> list[Artist]:
    """Return the legend's handles of parts."""
    with thin_hatches():
        return [Patch(**look.patch()) for look in looks]


def remark(ax: Axes, *sentences: str) -> None:
    """Say below the x axis what the picture leaves out; nothing if there is nothing to say."""
    sentences = tuple(sentence for sentence in sentences if sentence)
    said = "; ".join(sentences)
    if text_width(said) > axes_width(ax):
        said = "\n".join(sentences)
    if said:
        below = ax.annotate(
            said,
            xy=(0.5, 0.0),
            xycoords=ax.xaxis.label,
            xytext=(0.0, -2.0),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=SMALL,
            fontstyle="italic",
            color=_GREY,
            annotation_clip=False,
        )
        below.set_gid("remark")
