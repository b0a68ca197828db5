"""Layer tables: what PipeDream's profiler measured, layer by layer, and the shares of operations that follow from it.

A table has the columns ``node``, ``operation`` (PyTorch's name), ``parameter_bytes`` [B, float32], ``forward_ms`` and
``backward_ms`` [ms] for one minibatch. Operations are grouped into the classes of a kernel profile (arXiv 1711.10123,
Figs. 3 and 8): convolutions and linear layers are ``gemm``. Recurrent layers are a class of their own, although
most of what they do is gemm too, since the profile doesn't tell their parts apart.
"""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from dataclasses import dataclass

#: Class of each operation of the profiles; an operation that isn't here is an error in the data.
CLASSES = {
    "Conv2d": "gemm",
    "Linear": "gemm",
    "Classifier": "gemm",
    "MaxPool2d": "pooling",
    "AvgPool2d": "pooling",
    "ReLU": "relu",
    "BatchNorm2d": "normalization",
    "Dropout": "dropout",
    "LSTM": "recurrent",
    "EmuBidirLSTM": "recurrent",
    "RecurrentAttention": "recurrent",
    "Embedding": "embedding",
    "Add": "elementwise",
    "Concat": "concat",
    "Size": "reshape",
    "View": "reshape",
    "__getitem__": "reshape",
    "hidden": "reshape",
}


@dataclass(frozen=True)
class Row:
    """One layer of a table, as written: numbers stay text, so that they reach a scenario exactly."""

    node: str
    operation: str
    parameter_bytes: str
    forward_ms: str
    backward_ms: str


def read(text: str) -> list[Row]:
    """Return the rows of a table in CSV."""
    return [Row(**row) for row in csv.DictReader(io.StringIO(text))]


def layers(rows: list[Row]) -> list[dict[str, str]]:
    """Return the layers in the syntax of a scenario's ``model.layers``, in the order of the forward pass."""
    return [
        {
            "name": f"{row.operation.strip('_')}-{row.node}",
            "operation": CLASSES[row.operation],
            "parameters": f"{row.parameter_bytes} B",
            "forward_time": f"{row.forward_ms} ms",
            "backward_time": f"{row.backward_ms} ms",
        }
        for row in rows
    ]


def operation_shares(rows: list[Row]) -> dict[str, float]:
    """Return the share of the minibatch time, forward and backward, of each class that takes any; they sum to 1."""
    times: defaultdict[str, list[float]] = defaultdict(list)
    for row in rows:
        times[CLASSES[row.operation]] += [float(row.forward_ms), float(row.backward_ms)]
    total = math.fsum(time for spent in times.values() for time in spent)
    return {operation: math.fsum(spent) / total for operation, spent in times.items() if any(spent)}
