"""What computing on payloads costs, in words: for reports, profiles and scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simcluster.codecs.operation_measuring import OperationsMeasured
from simcluster.codecs.spread import Spread


@dataclass(frozen=True)
class Shares:
    """Shares of a model's operations in the time of a minibatch.

    Parameters
    ----------
    model : str
        Whose they are.
    of : dict
        Share of each class of operations.
    """

    model: str
    of: Mapping[str, float]


def overhead_setting(operations: OperationsMeasured, shares: Shares | None) -> object:
    """Return a scenario's ``operation_overhead``: of ``gemm``, or composed with a model's shares."""
    if shares is None:
        return {"gemm": rounded(operations.gemm.median)}
    return rounded(operations.composed(shares.of))


def overhead_text(operations: OperationsMeasured) -> str:
    """Return what the overhead of a minibatch is, and what it was measured with."""
    threads = operations.threads
    done = "nothing decoded" if operations.minibatch.claimed else "with an update that decodes and encodes"
    return (
        f"what a minibatch does with the weights takes {factor_text(operations.gemm)} times as long as dense, "
        f"{operations.columns} columns, {done}, BLAS on {threads} {'thread' if threads == 1 else 'threads'}"
    )


def factor_text(overhead: Spread) -> str:
    """Return the least and the largest of some factors, or the one that there is."""
    low, high = (f"{rounded(value):g}" for value in (overhead.low, overhead.high))
    return low if low == high else f"{low} to {high}"


def rounded(value: float) -> float:
    """Return a factor in three digits."""
    return float(f"{value:.3g}")
