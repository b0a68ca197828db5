"""Asynchronous SGD through parameter servers (``async-ps``; Downpour SGD, Dean et al. 2012).

Modelled: every worker pushes after its local iterations (n_push); the server applies the push at once, and the worker
pulls the parameters as they are then (every n_fetch minibatches), without waiting for any other worker. Between two
pulls it applies its own gradients, and its pushes travel behind its computation. The server applies pushes to a share
one at a time, or without locks as Hogwild does. See ``asynchronous`` for the order of events, what is assumed, and what
happens when machines fail.

Left out: workers that fetch in the background while they compute; Adagrad on the server.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simcluster.options import FieldError
from simcluster.schemes.options import MOST_ITERATIONS
from simcluster.schemes.parameter_server import applying
from simcluster.schemes.parameter_server.asynchronous import Asynchronous, OpenGate
from simcluster.schemes.parameter_server.options import AsynchronousOptions
from simcluster.schemes.seams import Cluster, Scheme


class AsyncPsOptions(AsynchronousOptions):
    """The ``training`` section of ``async-ps``."""

    scheme: Literal["async-ps"] = "async-ps"
    fetch_every: Annotated[int, Field(ge=1, le=MOST_ITERATIONS)] | None = Field(
        default=None,
        description="Minibatches from one pull to the next (n_fetch), a multiple of local_iterations, the default.",
    )

    @model_validator(mode="after")
    def _check_fetches(self) -> Self:
        if self.fetch_every is not None and self.fetch_every % self.local_iterations:
            raise FieldError(
                f"expected a multiple of local_iterations ({self.local_iterations}): workers pull after a push",
                "fetch_every",
            )
        return self


OPTIONS = AsyncPsOptions


def build(options: AsyncPsOptions, cluster: Cluster) -> Scheme:
    """Return the scheme, ready to start."""
    applies = applying.build(options.apply, cluster.env, cluster.servers)
    fetch_every = (options.fetch_every or options.local_iterations) // options.local_iterations
    return Asynchronous(options, cluster, applies, OpenGate(), fetch_every)
