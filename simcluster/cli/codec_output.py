"""What ``simcluster codec measure`` prints."""

from __future__ import annotations

from simcluster.cli.operation_output import operation_lines
from simcluster.cli.text import columns, seconds, size
from simcluster.codecs.measuring import Measurement
from simcluster.codecs.profile_text import inline_text, options_text, range_text, rate_text
from simcluster.codecs.spread import Spread


def measurement_report(measurement: Measurement) -> str:
    """Return what was measured, and the lines of a scenario that use it."""
    machine = measurement.machine
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    repeats = len(measurement.ratio.values)
    return "\n".join(
        [
            f"{measurement.codec}{options_text(measurement.options)} on {measurement.source}",
            "",
            *(line.rstrip() for line in columns(_rows(measurement), left=3)),
            "",
            *(operation_lines(measurement.operations, measurement.shares) if measurement.operations else []),
            f"one core of {machine.cpu} ({machine.cores} cores), {versions}",
            f"{repeats} {'repeat' if repeats == 1 else 'repeats'}, seed {measurement.seed}",
            "",
            "in a scenario, under 'compression':",
            *(f"  {line}" for line in inline_text(measurement).splitlines()),
        ]
    )


def _rows(measurement: Measurement) -> list[list[str]]:
    sent = measurement.size_bytes / measurement.ratio.median
    rows = [
        ["", "median", "least to largest"],
        ["ratio", f"{measurement.ratio.median:.5g}", _span(measurement.ratio)],
        ["  plain", size(measurement.size_bytes), ""],
        ["  sent", size(sent), ""],
    ]
    if measurement.agreed_bytes:
        rows.append(["  of it agreed on before", size(measurement.agreed_bytes), ""])
    rows += [
        ["encode", _of_plain(measurement, measurement.encode_rate), range_text(measurement.encode_rate)],
        ["decode", _of_plain(measurement, measurement.decode_rate), range_text(measurement.decode_rate)],
        _aggregate(measurement, sent - measurement.agreed_bytes),
        ["relative error", f"{measurement.relative_error.median:.3g}", _span(measurement.relative_error)],
        ["largest error", f"{measurement.max_error.median:.3g}", _span(measurement.max_error)],
        ["bias", f"{measurement.bias.median:.2g}", _span(measurement.bias)],
    ]
    return rows


def _of_plain(measurement: Measurement, rate: Spread) -> str:
    return f"{rate_text(rate.median)} ({seconds(measurement.size_bytes / rate.median)})"


def _aggregate(measurement: Measurement, payload: float) -> list[str]:
    """Return the row about averaging; ``payload`` is the size [B] of what one worker sends."""
    rate = measurement.aggregate_rate
    if rate is None:
        return ["average undecoded", "not possible", ""]
    median = f"{rate_text(rate.median)} ({seconds(payload / rate.median)} a payload)"
    return ["average undecoded", median, range_text(rate)]


def _span(spread: Spread) -> str:
    return "" if spread.low == spread.high else f"{spread.low:.4g} to {spread.high:.4g}"
