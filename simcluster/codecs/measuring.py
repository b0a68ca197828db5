"""Measures a codec on tensors: how small, how fast, how exact, and how fast payloads are averaged and computed on.

Times are seconds of processor time, of all threads: what one core would need, whoever else is busy on the machine. One
repeat beforehand is not counted. Every repeat begins with new states, so that errors are those of a first encoding,
without what error feedback makes good later.
"""

from __future__ import annotations

import os
import platform
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.errors import CodecError
from simcluster.codecs.operation_measuring import OperationsMeasured, measure_operations
from simcluster.codecs.operation_text import Shares
from simcluster.codecs.protocol import Codec, Payload
from simcluster.codecs.representation import Representation
from simcluster.codecs.spread import Spread
from simcluster.errors import UserInputError
from simcluster.rng import stream

#: Shorter times [s] can't be told from this.
_TICK = 1e-9


@dataclass(frozen=True)
class Machine:
    """Where something was measured."""

    cpu: str
    cores: int
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Measurement:
    """A codec measured on tensors.

    Parameters
    ----------
    codec : str
        Name of the codec.
    options : dict
        Its options.
    source : str
        What the tensors are.
    size_bytes : int [B]
        Size of all tensors, uncompressed.
    agreed_bytes : int [B]
        What each worker contributes to the rounds before encoding; the ratio counts it in.
    ratio : Spread
        Uncompressed / sent.
    encode_rate, decode_rate : Spread [B/s]
        Uncompressed bytes a second on one core; encoding includes the proposal for an agreement.
    aggregate_rate : Spread or None [B/s]
        Payload bytes read a second when payloads are averaged without decoding; None if they can't be.
    max_error : Spread
        Largest error of an element.
    relative_error : Spread
        Euclidean norm of the error / norm of the tensors.
    bias : Spread
        Mean error / root mean square of the elements.
    seed : int
        Seed of the random streams.
    machine : Machine
        Where it was measured.
    operations : OperationsMeasured or None
        Operations on payloads; None if the codec is no representation.
    shares : Shares or None
        Shares of a model's operations, with which the overhead is composed; None leaves that to the scenario.
    """

    codec: str
    options: Mapping[str, Any]
    source: str
    size_bytes: int
    agreed_bytes: int
    ratio: Spread
    encode_rate: Spread
    decode_rate: Spread
    aggregate_rate: Spread | None
    max_error: Spread
    relative_error: Spread
    bias: Spread
    seed: int
    machine: Machine
    operations: OperationsMeasured | None = None
    shares: Shares | None = None


def measure(
    codec: Codec,
    tensors: Mapping[str, NDArray[Any]],
    source: str,
    repeats: int = 5,
    seed: int = 0,
    workers: int = 4,
    clock: Callable[[], float] = time.process_time,
    columns: int = 64,
) -> Measurement:
    """Measure a codec, and, if it is a representation, what computing on its payloads costs.

    Parameters
    ----------
    codec : Codec
        The codec.
    tensors : dict of ndarray
        What is encoded, tensor by tensor.
    source : str
        What the tensors are, for the record.
    repeats : int
        How often everything is done, at least once.
    seed : int
        Seed of the codec's random numbers.
    workers : int
        Number of payloads that are averaged, if the codec can.
    clock : callable
        Returns a time [s].
    columns : int
        Columns of the matrices that payloads are multiplied with: the samples of a minibatch, or for a convolution
        its samples times positions.

    Raises
    ------
    UserInputError
        If there is nothing to measure, or the codec refuses a tensor.
    """
    size = sum(tensor.nbytes for tensor in tensors.values())
    if not size or repeats < 1 or workers < 1:
        raise UserInputError("a measurement takes at least one element, one repeat and one worker")
    try:
        runs = [_run(codec, tensors, seed, repeat, workers, clock) for repeat in range(repeats + 1)][1:]
        measurement = _measurement(codec, source, size, seed, runs)
        if isinstance(codec, Representation):
            operations = measure_operations(codec, list(tensors.values()), columns, repeats, seed, clock)
            measurement = replace(measurement, operations=operations)
    except CodecError as error:
        raise UserInputError(f"{source}: {error}") from error
    return measurement


@dataclass
class _Run:
    """Sums over the tensors of one repeat."""

    sent_bytes: int
    agreed_bytes: int
    encode_s: float
    decode_s: float
    aggregate_rate: float
    max_error: float = 0.0
    relative_error: float = 0.0
    bias: float = 0.0
    _sums: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0, 0.0])

    def compare(self, tensor: NDArray[Any], decoded: NDArray[Any]) -> None:
        """Take up the errors of one tensor."""
        values = tensor.astype(np.float64)
        error = decoded.astype(np.float64) - values
        if error.size:
            self.max_error = max(self.max_error, float(np.abs(error).max()))
        moments = (error.sum(), (error**2).sum(), (values**2).sum(), error.size)
        self._sums = [total + float(moment) for total, moment in zip(self._sums, moments, strict=True)]
        drift, squares, power, count = self._sums
        if power:
            self.relative_error = float(np.sqrt(squares / power))
            self.bias = drift / count / float(np.sqrt(power / count))


def _run(
    codec: Codec, tensors: Mapping[str, NDArray[Any]], seed: int, repeat: int, workers: int, clock: Callable[[], float]
) -> _Run:
    """Encode and decode every tensor once, as a worker that is alone, with a new state."""
    rng = stream(seed, f"repeat-{repeat}", "encode")
    fresh = [(tensor, codec.new_state(tensor.shape)) for tensor in tensors.values()]
    begin = clock()
    payloads = [codec.encode(tensor, state, rng) for tensor, state in fresh]
    encoded = clock()
    decoded = [codec.decode(payload) for payload in payloads]
    done = clock()
    run = _Run(
        sent_bytes=sum(payload.nbytes for payload in payloads),
        agreed_bytes=sum(len(payload.agreed) for payload in payloads),
        encode_s=max(encoded - begin, _TICK),
        decode_s=max(done - encoded, _TICK),
        aggregate_rate=_aggregate_rate(codec, payloads, workers, clock) if "add" in codec.algebra else 0.0,
    )
    for tensor, plain in zip(tensors.values(), decoded, strict=True):
        run.compare(tensor, plain)
    return run


def _measurement(codec: Codec, source: str, size: int, seed: int, runs: Sequence[_Run]) -> Measurement:
    return Measurement(
        codec=codec.name,
        options=codec.options.model_dump(mode="json", exclude={"codec"}),
        source=source,
        size_bytes=size,
        agreed_bytes=runs[0].agreed_bytes,
        ratio=Spread(tuple(size / (run.sent_bytes + run.agreed_bytes) for run in runs)),
        encode_rate=Spread(tuple(size / run.encode_s for run in runs)),
        decode_rate=Spread(tuple(size / run.decode_s for run in runs)),
        aggregate_rate=Spread(tuple(run.aggregate_rate for run in runs)) if "add" in codec.algebra else None,
        max_error=Spread(tuple(run.max_error for run in runs)),
        relative_error=Spread(tuple(run.relative_error for run in runs)),
        bias=Spread(tuple(run.bias for run in runs)),
        seed=seed,
        machine=this_machine(codec.name),
    )


def _aggregate_rate(codec: Codec, payloads: Sequence[Payload], workers: int, clock: Callable[[], float]) -> float:
    begin = clock()
    for payload in payloads:
        codec.average([payload] * workers)
    return workers * sum(payload.nbytes for payload in payloads) / max(clock() - begin, _TICK)


def this_machine(codec: str) -> Machine:
    """Return this machine, with the versions of what a codec uses."""
    versions = {"python": platform.python_version(), "numpy": np.__version__, "zlib": zlib.ZLIB_RUNTIME_VERSION}
    if codec == "zstd":
        versions["zstandard"] = version("zstandard")
    return Machine(_cpu(), os.cpu_count() or 1, versions)


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
