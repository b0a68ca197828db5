"""What a codec says when it can't go on."""

from __future__ import annotations

from simcluster.errors import SimclusterError


class CodecError(SimclusterError):
    """An array can't be encoded, a payload is corrupt, or payloads can't be put together."""
