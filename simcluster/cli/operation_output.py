"""What ``simcluster codec measure`` prints about computing on payloads."""

from __future__ import annotations

from simcluster.cli.text import columns, seconds, size
from simcluster.codecs.operation_measuring import OperationMeasured, OperationsMeasured
from simcluster.codecs.operation_text import Shares, factor_text, overhead_text, rounded
from simcluster.codecs.representation import Cost


def operation_lines(operations: OperationsMeasured, shares: Shares | None) -> list[str]:
    """Return the times of all operations on payloads against dense numpy, their counts, and the overhead."""
    rows = [["computing on payloads", "payload", "dense", "overhead h", "counted: mult.", "add.", "touched"]]
    rows += [_row(one) for one in (*operations.operations, operations.minibatch)]
    lines = [line.rstrip() for line in columns(rows, left=1)]
    shapes = ", ".join(f"{high} x {wide}" for high, wide in operations.shapes[:4])
    more = f" and {len(operations.shapes) - 4} more" if len(operations.shapes) > 4 else ""
    lines += ["* decoded, operated, and encoded again where the result is a payload", f"on {shapes}{more}:"]
    lines.append(f"  {overhead_text(operations)}")
    if shares is not None:
        gemm = shares.of.get("gemm", 0.0)
        composed = rounded(operations.composed(shares.of))
        lines.append(f"  with gemm's share of {shares.model}, {gemm:.1%}: h = {composed:g}")
    return [*lines, ""]


def _row(one: OperationMeasured) -> list[str]:
    times = [seconds(one.seconds.median), seconds(one.dense_seconds.median), factor_text(one.overhead)]
    name = f"  {one.operation}{'' if one.claimed else ' *'}"
    if one.cost is None or one.dense is None:
        return [name, *times, "", "", ""]
    return [name, *times, *_counts(one.cost, one.dense)]


def _counts(cost: Cost, dense: Cost) -> list[str]:
    """Return counts of operations and of bytes, each with the factor to those on the dense matrix."""
    pairs = [(cost.multiplications, dense.multiplications), (cost.additions, dense.additions)]
    counts = [f"{ours:,}{_factor(ours, theirs)}" for ours, theirs in pairs]
    return [*counts, f"{size(cost.bytes_touched)}{_factor(cost.bytes_touched, dense.bytes_touched)}"]


def _factor(ours: int, theirs: int) -> str:
    return f" (x{rounded(ours / theirs):g})" if theirs else ""
