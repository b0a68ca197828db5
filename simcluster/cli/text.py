"""Numbers and bars as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence

#: The parts of an update and what a reader calls them.
PART_NAMES = {
    "computation_s": "computation",
    "encode_s": "encode at the workers",
    "push_s": "push",
    "server_decode_s": "decode at the server",
    "aggregate_s": "aggregate",
    "server_encode_s": "encode at the server",
    "pull_s": "pull",
    "decode_s": "decode at the workers",
    "wait_s": "wait for others",
}

_TIME_UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "us"))
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def seconds(value: float) -> str:
    """Return a duration [s] in the unit that a person would choose: seconds up to ten minutes."""
    for factor, unit in _TIME_UNITS:
        if value >= factor * (10 if unit in ("min", "h", "d") else 1):
            return f"{value / factor:.4g} {unit}"
    # Less than that is rounding.
    return f"{value / 1e-9:.4g} ns" if value > 1e-15 else "0 s"


def size(value: float) -> str:
    """Return bytes [B] with a decimal prefix."""
    for factor, unit in ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= factor:
            return f"{value / factor:.4g} {unit}"
    return f"{value:.4g} B"


def number(metric: str, value: float) -> str:
    """Return the value of a metric as a person reads it: with its unit if its name says one."""
    if metric.endswith(("_s", "_s_std", "_s_p50", "_s_p95")) and metric != "samples_per_s":
        return f"-{seconds(-value)}" if value < 0 else seconds(value)
    return size(value) if metric == "bytes_on_wire" else f"{value:.4g}"


def share_bar(share: float, width: int) -> str:
    """Return a bar of a share of ``width`` characters, to an eighth of one."""
    eighths = round(share * width * 8)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def columns(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Return rows of cells as aligned lines: the first ``left`` columns to the left, the others to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
