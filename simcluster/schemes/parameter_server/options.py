"""Options that all schemes with parameter servers understand."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from simcluster.schemes.options import SchemeOptions
from simcluster.schemes.parameter_server import applying
from simcluster.schemes.parameter_server import pull as pulls


class ParameterServerOptions(SchemeOptions):
    """The part of ``training`` that the schemes with parameter servers share."""

    uses_servers: ClassVar[bool] = True


class BarrierOptions(ParameterServerOptions):
    """The part of those whose servers send one result to all workers."""

    pull: pulls.PullMode = Field(
        default="unicast",
        description="How the result reaches the workers: a transfer each, one for all, or without any cost.",
    )


class AsynchronousOptions(ParameterServerOptions):
    """The part of those whose servers apply each push on its own: an update is one push of one worker."""

    goes_on: ClassVar[bool] = True

    apply: applying.ApplyMode = Field(
        default="locked",
        description="Whether pushes to a share are applied one at a time, or side by side on all cores of its server.",
    )

    def contributions(self, workers: int) -> int:
        """Return how many workers' contributions one update has: one."""
        return 1
