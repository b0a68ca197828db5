"""Options that every scheme understands."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simcluster.options import Options

#: Limit of updates of one run: far above what anybody waits for, and far below what overflows.
MOST_UPDATES = 10_000_000
MOST_ITERATIONS = 1_000_000


class SchemeOptions(Options):
    """The part of ``training`` that all schemes share."""

    local_iterations: Annotated[int, Field(ge=1, le=MOST_ITERATIONS)] = Field(
        default=1, description="Minibatches that a worker computes for one update (i)."
    )
    updates: Annotated[int, Field(ge=1, le=MOST_UPDATES)] = Field(
        default=10, description="Global updates to simulate."
    )
    samples_per_epoch: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Samples of one pass over the training data; gives the time of an epoch."
    )
