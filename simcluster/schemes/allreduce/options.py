"""Options that all schemes with collective operations understand."""

from __future__ import annotations

from typing import ClassVar

from simcluster.schemes.options import SchemeOptions


class AllReduceOptions(SchemeOptions):
    """The part of ``training`` that the schemes with collective operations share."""

    buffers: ClassVar[bool] = True
    one_at_a_time: ClassVar[bool] = True
