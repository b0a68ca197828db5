"""A measurement written as a cost profile: in a file, as the catalogue has them too, or as a scenario's own lines."""

from __future__ import annotations

from collections.abc import Mapping

from simcluster.codecs.measuring import Measurement
from simcluster.codecs.operation_text import overhead_setting, overhead_text
from simcluster.codecs.spread import Spread


def profile_text(measurement: Measurement, date: str) -> str:
    """Return the YAML text of a file with the profile, which a scenario names and the catalogue may take in.

    It says what encodes, for scenarios that learn, unless the codec is a representation to compute on. The overhead of
    computing on payloads is one number if the measurement has a model's shares; else it is that of
    ``gemm``, and the scenario's model says the share.

    Parameters
    ----------
    measurement : Measurement
        What was measured.
    date : str
        The day, as ``2026-11-22``: nothing here reads a clock.
    """
    entry = {"description": _description(measurement), "source": _source(measurement, date), **_costs(measurement)}
    if measurement.operations is None:
        options = {name: value for name, value in measurement.options.items() if value is not None}
        entry["encoder"] = {"codec": measurement.codec, **options}
    return _yaml(entry | _overhead(measurement), width=104)


def inline_text(measurement: Measurement) -> str:
    """Return the lines that give a scenario's ``compression`` this codec, and the overhead of computing on it."""
    settings = {"codec": _costs(measurement), **_overhead(measurement)}
    return "\n".join(
        f"{key}: {_yaml(value, width=10_000, flow=True) if isinstance(value, dict) else value}".strip()
        for key, value in settings.items()
    )


def _overhead(measurement: Measurement) -> dict[str, object]:
    """Return the setting of the overhead of computing on payloads, if they can be computed on."""
    if measurement.operations is None:
        return {}
    return {"operation_overhead": overhead_setting(measurement.operations, measurement.shares)}


def _costs(measurement: Measurement) -> dict[str, object]:
    """Return the settings of the profile, as a scenario spells them."""
    ratio = float(f"{measurement.ratio.median:.6g}")
    costs: dict[str, object] = {"ratio": int(ratio) if ratio.is_integer() else ratio}
    if ratio < 1:
        costs["expands"] = True
    if measurement.agreed_bytes:
        costs["agreed_fraction"] = float(f"{measurement.agreed_bytes / measurement.size_bytes:.6g}")
    costs["compress_rate"] = rate_text(measurement.encode_rate.median)
    costs["decompress_rate"] = rate_text(measurement.decode_rate.median)
    # Averaging alone is no use: what was updated by decoding is another payload, of another size.
    updates = measurement.operations is None or measurement.operations.minibatch.claimed
    costs["averages_compressed"] = measurement.aggregate_rate is not None and updates
    return costs


def _yaml(data: Mapping[str, object], width: int, flow: bool = False) -> str:
    import yaml

    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=width, default_flow_style=flow))


def _description(measurement: Measurement) -> str:
    parts = [f"{measurement.codec}{options_text(measurement.options)} on {measurement.source}"]
    parts.append(f"{measurement.size_bytes:,} bytes become {measurement.ratio.median:.5g} times fewer")
    if measurement.agreed_bytes:
        parts.append(f"{measurement.agreed_bytes:,} bytes of what is left go into an agreement beforehand")
    parts.append(
        f"relative error {measurement.relative_error.median:.3g}, largest {measurement.max_error.median:.3g}, "
        f"bias {measurement.bias.median:.2g}"
    )
    encodes, decodes = range_text(measurement.encode_rate), range_text(measurement.decode_rate)
    parts.append(f"encodes {encodes}, decodes {decodes} of plain data")
    if measurement.aggregate_rate:
        parts.append(f"payloads are averaged at {range_text(measurement.aggregate_rate)} of payload")
    else:
        parts.append("payloads can't be averaged")
    if measurement.operations is not None:
        parts.append(overhead_text(measurement.operations))
    return "; ".join(parts) + "."


def _source(measurement: Measurement, date: str) -> str:
    machine = measurement.machine
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    repeats = len(measurement.ratio.values)
    return (
        f"Measured with simcluster on {date}: one core of {machine.cpu} ({machine.cores} cores), {versions}; "
        f"median of {repeats} {'repeat' if repeats == 1 else 'repeats'}, seed {measurement.seed}"
    )


def options_text(options: Mapping[str, object]) -> str:
    """Return the options that are set in parentheses, after a space; nothing if there are none."""
    said = [f"{name} {_said(value)}" for name, value in options.items() if value is not None]
    return f" ({', '.join(said)})" if said else ""


def _said(value: object) -> str:
    if isinstance(value, list):
        return " to ".join(map(_said, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def rate_text(value: float) -> str:
    """Return a rate [B/s] in three digits."""
    return f"{float(f'{value / 1e6:.3g}'):.10g} MB/s"


def range_text(rates: Spread) -> str:
    """Return the least and the largest of some rates [B/s]."""
    return f"{rate_text(rates.low).removesuffix(' MB/s')} to {rate_text(rates.high)}"
