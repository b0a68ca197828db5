"""The cost profile of a codec: how small, and how long it takes on one core.

A profile is a measurement or a hypothesis. Times are linear in the size: a time is for the whole model, or for
``measured_size`` where the profile names the size that it was measured on, and its rate applies to every other size.
Left out: the dependence of ratio and rate on the values (codecs on real arrays have that).
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from simcluster.options import (
    Duration,
    FieldError,
    Label,
    NonNegativeNumber,
    Number,
    Options,
    PositiveNumber,
    PositiveSize,
    Rate,
)

#: An option of an encoder.
Setting = bool | int | float | str | Annotated[tuple[Number, ...], Field(strict=False)] | None


class CodecProfile(Options):
    """What encoding and decoding cost, and what remains to be sent.

    Raises
    ------
    pydantic.ValidationError
        Unless exactly one of ``rho`` and ``ratio`` is given, at most one of time and rate for each way, and ``rho`` is
        at most 1 (``ratio`` at least 1) or ``expands`` is true.
    """

    profile: str | None = Field(default=None, description="Catalogue entry, or file, that this profile is, or amends.")
    rho: PositiveNumber | None = Field(default=None, description="Compressed size / original size.")
    ratio: PositiveNumber | None = Field(default=None, description="Original size / compressed size.")
    compress_time: Duration | None = Field(default=None, description="Encoding time of the whole model on one core.")
    compress_rate: Rate | None = Field(default=None, description="Uncompressed bytes encoded per second and core.")
    decompress_time: Duration | None = Field(default=None, description="Decoding time of the whole model on one core.")
    decompress_rate: Rate | None = Field(default=None, description="Uncompressed bytes decoded per second and core.")
    measured_size: PositiveSize | None = Field(
        default=None, description="Uncompressed size that the times are for; the whole model if not given."
    )
    agreed_fraction: NonNegativeNumber = Field(
        default=0.0,
        description="Of the compressed bytes, those of an agreement of all workers before they encode / original size.",
    )
    expands: bool = Field(default=False, description="Whether a codec that makes its input larger is meant.")
    averages_compressed: bool = Field(
        default=True, description="Whether compressed parameters can be averaged and updated without decoding."
    )
    encoder: dict[Label, Setting] | None = Field(
        default=None, description="What really encodes where values are learned: the codec's name, and its options."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.rho is None) == (self.ratio is None):
            raise ValueError("give exactly one of rho (compressed / original) and ratio (original / compressed)")
        for way in ("compress", "decompress"):
            if getattr(self, f"{way}_time") is not None and getattr(self, f"{way}_rate") is not None:
                raise ValueError(f"give at most one of {way}_time and {way}_rate")
        if self.agreed_fraction > self.compressed_fraction:
            raise FieldError("more than all that is sent", "agreed_fraction", "rho (or 1 / ratio) counts it in")
        if self.compressed_fraction > 1 and not self.expands:
            raise ValueError(
                "the codec makes its input larger (rho > 1, ratio < 1); say 'expands: true' if that is meant"
            )
        return self

    @property
    def compressed_fraction(self) -> float:
        """Compressed size / original size: the paper's rho."""
        if self.rho is not None:
            return self.rho
        assert self.ratio is not None  # noqa: S101 - the validator has seen to it
        return 1 / self.ratio

    def compressed_size(self, size: float) -> float:
        """Return the bytes [B] on the wire for ``size`` uncompressed bytes [B], with those of the agreement."""
        return size * self.rho if self.rho is not None else size / self.ratio if self.ratio is not None else size

    def message_size(self, size: float) -> float:
        """Return the bytes [B] of a message for ``size`` uncompressed bytes [B], after an agreement."""
        whole = self.compressed_size(size)
        return whole - self.agreed_size(size) if self.agreed_fraction else whole

    def agreed_size(self, size: float) -> float:
        """Return the bytes [B] that a worker sends, and gets back, before it encodes ``size`` bytes [B]."""
        return size * self.agreed_fraction

    def encode_time(self, size: float, model_size: float) -> float:
        """Return the time [s] that one core encodes ``size`` bytes [B] of a model of ``model_size`` bytes [B]."""
        return self._time(self.compress_time, self.compress_rate, size, model_size)

    def decode_time(self, size: float, model_size: float) -> float:
        """Return the time [s] that one core decodes to ``size`` bytes [B] of a model of ``model_size`` bytes [B]."""
        return self._time(self.decompress_time, self.decompress_rate, size, model_size)

    def _time(self, time: float | None, rate: float | None, size: float, model_size: float) -> float:
        if rate is not None:
            return size / rate
        return 0.0 if time is None else time * (size / (self.measured_size or model_size))
