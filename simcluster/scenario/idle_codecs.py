"""Settings of codecs that are without effect, or missing, by direction: what ``idle`` says about ``compression``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simcluster.codecs import CodecProfile
from simcluster.scenario.merging import Path
from simcluster.scenario.schema import Scenario

_KEYS = ("codec", "push", "pull")


def idle_codec_settings(scenario: Scenario) -> Iterator[tuple[Path, str]]:
    """Yield the settings of codecs that have no effect, whoever made them, and why."""
    for key, codec in _codecs(scenario):
        for setting, reason in _REASONS.items():
            if why := reason(scenario, codec):
                yield ("compression", key, setting), why


def missing_costs(scenario: Scenario) -> Iterator[tuple[Path, str]]:
    """Yield the codecs that are used, and that encode or decode at no cost, and what is missing."""
    for key, codec in _codecs(scenario):
        missing = [way for way in ("compress", "decompress") if _costs_nothing(codec, way)]
        if missing and (_is_pushed(scenario, codec) or _is_pulled(scenario, codec)):
            yield ("compression", key), f"{' and '.join(missing)} at no cost: neither a time nor a rate is given"


def _codecs(scenario: Scenario) -> Iterator[tuple[str, CodecProfile]]:
    for key in _KEYS:
        codec = getattr(scenario.compression, key)
        if codec is not None:
            yield key, codec


def _is_pushed(scenario: Scenario, codec: CodecProfile) -> bool:
    return scenario.compression.push_codec is codec


def _is_pulled(scenario: Scenario, codec: CodecProfile) -> bool:
    return scenario.compression.pull_codec is codec


def _costs_nothing(codec: CodecProfile, way: str) -> bool:
    return getattr(codec, f"{way}_time") is None and getattr(codec, f"{way}_rate") is None


def _measured_size(scenario: Scenario, codec: CodecProfile) -> str:
    timed = codec.compress_time is not None or codec.decompress_time is not None
    return "" if timed else "rates are for all sizes; only times are for the measured one"


def _expands(scenario: Scenario, codec: CodecProfile) -> str:
    return "the codec makes its input smaller" if codec.expands and codec.compressed_fraction <= 1 else ""


def _encoder(scenario: Scenario, codec: CodecProfile) -> str:
    return "" if scenario.learning is not None else "nothing is learned, and the profile says what is sent"


def _agreed_fraction(scenario: Scenario, codec: CodecProfile) -> str:
    if not codec.agreed_fraction:
        return ""
    if scenario.compression.usage != "every-update":
        return f"with usage {scenario.compression.usage} workers encode once, and agree on nothing"
    if not _is_pushed(scenario, codec):
        return "only workers agree, on what they push; a server sends all of it in its message"
    return ""


_REASONS: dict[str, Callable[[Scenario, CodecProfile], str]] = {
    "encoder": _encoder,
    "measured_size": _measured_size,
    "expands": _expands,
    "agreed_fraction": _agreed_fraction,
}
