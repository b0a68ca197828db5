"""Options that all gossip schemes understand."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simcluster.schemes.options import SchemeOptions


class GossipOptions(SchemeOptions):
    """The part of ``training`` that the schemes without a global model share."""

    exchange: Literal["parameters", "gradients"] = Field(
        default="gradients",
        description="gradients: each worker applies its own gradient; parameters: it makes local steps of SGD. "
        "What neighbours send each other and average are always parameters.",
    )
