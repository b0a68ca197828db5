"""Compression: what a codec costs and how small it makes the parameters."""

from simcluster.codecs.profile import CodecProfile

__all__ = ["CodecProfile"]
