"""A measurement written as a cost profile: the YAML of a catalogue entry, or of an inline profile with its story."""

from __future__ import annotations

from collections.abc import Mapping

from simcluster.codecs.measuring import Measurement, Spread


def profile_text(measurement: Measurement, date: str) -> str:
    """Return the YAML text of a cost profile.

    Parameters
    ----------
    measurement : Measurement
        What was measured.
    date : str
        The day, as ``2026-11-22``: nothing here reads a clock.
    """
    import yaml

    entry: dict[str, object] = {"description": _description(measurement), "source": _source(measurement, date)}
    ratio = float(f"{measurement.ratio.median:.6g}")
    entry["ratio"] = int(ratio) if ratio.is_integer() else ratio
    if ratio < 1:
        entry["expands"] = True
    entry["compress_rate"] = _rate(measurement.encode_rate.median)
    entry["decompress_rate"] = _rate(measurement.decode_rate.median)
    entry["averages_compressed"] = measurement.aggregate_rate is not None
    return str(yaml.safe_dump(entry, sort_keys=False, width=118, allow_unicode=True))


def _description(measurement: Measurement) -> str:
    parts = [f"{measurement.codec}{_options(measurement.options)} on {measurement.source}"]
    parts.append(f"{measurement.size_bytes:,} bytes become {measurement.ratio.median:.5g} times fewer")
    if measurement.agreed_bytes:
        parts.append(f"{measurement.agreed_bytes:,} bytes of what is left go into an agreement beforehand")
    parts.append(
        f"relative error {measurement.relative_error.median:.3g}, largest {measurement.max_error.median:.3g}, "
        f"bias {measurement.bias.median:.2g}"
    )
    parts.append(f"encodes {_range(measurement.encode_rate)}, decodes {_range(measurement.decode_rate)} of plain data")
    if measurement.aggregate_rate:
        parts.append(f"payloads are averaged at {_range(measurement.aggregate_rate)} of payload")
    else:
        parts.append("payloads can't be averaged")
    return "; ".join(parts) + "."


def _source(measurement: Measurement, date: str) -> str:
    machine = measurement.machine
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    repeats = len(measurement.ratio.values)
    return (
        f"Measured with simcluster on {date}: one core of {machine.cpu} ({machine.cores} cores), {versions}; "
        f"median of {repeats} {'repeat' if repeats == 1 else 'repeats'}, seed {measurement.seed}"
    )


def _options(options: Mapping[str, object]) -> str:
    return f" ({', '.join(f'{name} {value}' for name, value in options.items())})" if options else ""


def _rate(value: float) -> str:
    return f"{float(f'{value / 1e6:.3g}'):.10g} MB/s"


def _range(rates: Spread) -> str:
    return f"{_rate(rates.low).removesuffix(' MB/s')} to {_rate(rates.high)}"
