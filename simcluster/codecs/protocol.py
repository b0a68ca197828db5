"""What every codec promises: arrays to payloads and back, with its state and its configuration in the open.

A payload's bytes are those on the wire, to the byte. Not on the wire is what every worker knows: the shape and the type
of the tensor, the codec's options, how many payloads were added up, and what was agreed on before (its bytes are those
of the agreement's rounds). A codec knows no time.

Its *algebra* is what it can do without decoding. ``add`` puts payloads together into one that decodes to the sum; an
average is that sum with a divisor that the decoder applies, since everybody knows the number of workers.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.errors import CodecError
from simcluster.options import Options

Floats = NDArray[np.float32]
#: What a codec remembers of one tensor on one worker: plain arrays by name, changed in place by ``encode``.
State = dict[str, NDArray[Any]]


class CodecOptions(Options):
    """Base of all codecs' options: the name, which each codec narrows to its own."""

    codec: str


@dataclass(frozen=True)
class Payload:
    """An encoded tensor.

    Parameters
    ----------
    data : bytes
        What is on the wire.
    shape : tuple of int
        Shape of the tensor; the receiver knows it.
    dtype : numpy.dtype
        Type of the tensor; the receiver knows it.
    agreed : bytes
        What was agreed on before encoding, if anything; the receiver knows it.
    terms : int
        Number of payloads that were added up.
    divisor : int
        What the decoder divides by: 1, or the number of terms of an average.
    """

    data: bytes
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    agreed: bytes = b""
    terms: int = 1
    divisor: int = 1

    @property
    def nbytes(self) -> int:
        """Bytes on the wire [B]."""
        return len(self.data)

    @property
    def count(self) -> int:
        """Number of elements of the tensor."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Round:
    """One exchange among all workers before they can encode.

    Parameters
    ----------
    nbytes : int
        Bytes [B] that each worker contributes, and receives again.
    reduction : str
        How the contributions become one, element by element.
    """

    nbytes: int
    reduction: Literal["max", "mean"]


class Codec(ABC):
    """Base of all codecs: the checks that are the same for each of them.

    A codec implements ``_encode`` and ``_decode``, besides ``_sum`` if it claims ``add``, and ``_rounds`` and
    ``_propose`` if it needs an agreement. They see arrays that are finite, contiguous, not empty and,
    unless ``keeps_dtype``, float32.
    """

    options: CodecOptions
    #: Whether arrays are encoded in their own type.
    keeps_dtype = False

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self.options.codec

    @property
    def lossless(self) -> bool:
        """Whether decoding gives back every bit."""
        return False

    @property
    def unbiased(self) -> bool:
        """Whether the expectation of what is decoded is the array."""
        return self.lossless

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads without decoding them."""
        return frozenset()

    def new_state(self, shape: tuple[int, ...]) -> State:
        """Return the state of one tensor on one worker before its first encoding."""
        return {}

    def rounds(self, shape: tuple[int, ...]) -> tuple[Round, ...]:
        """Return the exchanges that precede the encoding of a tensor, for a simulation to charge: none or one."""
        return self._rounds(shape) if math.prod(shape) else ()

    def propose(self, array: NDArray[Any], state: State, rng: np.random.Generator) -> NDArray[Any]:
        """Return what this worker contributes to the agreement.

        Raises
        ------
        CodecError
            If the codec needs no agreement, or the array can't be encoded.
        """
        values = self._checked(array)
        if not self.rounds(values.shape):
            raise CodecError(f"{self.name} needs no agreement on a tensor of shape {values.shape}")
        with overflow_refused(self.name):
            return self._propose(values, state, rng)

    def agree(self, proposals: Sequence[NDArray[Any]], shape: tuple[int, ...]) -> NDArray[Any]:
        """Return the agreement of all workers' proposals about a tensor of a shape.

        Raises
        ------
        CodecError
            If the codec needs no agreement, nobody proposes, or a proposal has another size than the round says.
        """
        rounds = self.rounds(shape)
        if not rounds or not proposals or any(proposal.nbytes != rounds[0].nbytes for proposal in proposals):
            raise CodecError(f"{self.name}: these are no proposals about a tensor of shape {shape}")
        stacked = np.stack(proposals)
        reduced = stacked.max(axis=0) if rounds[0].reduction == "max" else stacked.mean(axis=0)
        return np.asarray(reduced, stacked.dtype)

    def encode(
        self, array: NDArray[Any], state: State, rng: np.random.Generator, agreed: NDArray[Any] | None = None
    ) -> Payload:
        """Encode a tensor.

        Parameters
        ----------
        array : ndarray of float16, float32 or float64
            The tensor, of any shape; not changed.
        state : dict of ndarray
            What ``new_state`` returned, or the last call left; changed in place.
        rng : numpy.random.Generator
            Where random numbers come from, if the codec needs any.
        agreed : ndarray, optional
            What ``agree`` returned; a worker that is alone agrees with itself.

        Raises
        ------
        CodecError
            If the array holds anything but floats, or a value that is not finite or too large for the codec, or the
            state or the agreement belongs to another shape.
        """
        values = self._checked(array)
        payload = Payload(b"", values.shape, np.asarray(array).dtype.newbyteorder("="))
        if not values.size:
            return payload
        with overflow_refused(self.name):
            for agreement in self.rounds(values.shape):
                agreed = self._propose(values, state, rng) if agreed is None else agreed
                if agreed.nbytes != agreement.nbytes:
                    raise CodecError(f"{self.name}: the agreement has {agreed.nbytes} bytes, not {agreement.nbytes}")
                payload = replace(payload, agreed=agreed.tobytes())
            return replace(payload, data=self._encode(values, state, rng, payload.agreed))

    def decode(self, payload: Payload) -> NDArray[Any]:
        """Decode a payload to an array of its shape and type.

        Raises
        ------
        CodecError
            If the payload is not what ``encode`` or ``add`` can have returned for such a tensor: its length and every
            size that it declares are checked before anything is allocated for them.
        """
        if not payload.count:
            if payload.data or payload.agreed:
                raise CodecError(f"{self.name}: an empty tensor has an empty payload, not {payload.nbytes} bytes")
            return np.empty(payload.shape, payload.dtype)
        if len(payload.agreed) != sum(agreement.nbytes for agreement in self.rounds(payload.shape)):
            raise CodecError(f"{self.name}: the payload's agreement is not one about a tensor of shape {payload.shape}")
        with np.errstate(all="ignore"):
            values = self._decode(payload)
            if payload.divisor != 1:
                values = values / values.dtype.type(payload.divisor)
            values = values.reshape(payload.shape).astype(payload.dtype, copy=False)
        if not np.isfinite(values).all():
            raise CodecError(f"{self.name}: the payload decodes to values that are no finite {payload.dtype}")
        return values

    def add(self, first: Payload, second: Payload) -> Payload:
        """Return a payload that decodes to the sum of two, without decoding them.

        Raises
        ------
        CodecError
            If the codec does not claim ``add``, or the payloads differ in shape, type or agreement, or are averages.
        """
        return self._total([first, second])

    def average(self, payloads: Sequence[Payload]) -> Payload:
        """Return a payload that decodes to the mean of all, without decoding them.

        Raises
        ------
        CodecError
            As ``add``, and if there is no payload.
        """
        total = self._total(payloads)
        return replace(total, divisor=total.terms)

    def observe(self, aggregate: Payload, state: State) -> None:  # noqa: B027 - a null method, not an abstract one
        """Let a worker learn from the average that it received; most codecs need not."""

    def _total(self, payloads: Sequence[Payload]) -> Payload:
        if "add" not in self.algebra:
            raise CodecError(f"payloads of {self.name}, as configured, can't be added without decoding them")
        if not payloads:
            raise CodecError("there is nothing to add")
        first = payloads[0]
        if any(
            (p.shape, p.dtype, p.agreed, p.divisor) != (first.shape, first.dtype, first.agreed, 1) for p in payloads
        ):
            raise CodecError(f"{self.name}: only sums of one shape, type and agreement can be added")
        with overflow_refused(self.name):
            data = self._sum(payloads) if first.count else b""
        return replace(first, data=data, terms=sum(payload.terms for payload in payloads))

    def _checked(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return an array as the codec wants it, if it can be encoded at all."""
        array = np.asarray(array)
        if array.dtype.kind != "f" or array.dtype.itemsize > 8:
            raise CodecError(f"{self.name} encodes float16, float32 and float64, not {array.dtype}")
        if not np.isfinite(array).all():
            raise CodecError(f"{self.name}: the array holds nan or inf, which nobody could average")
        with overflow_refused(self.name):
            values = array.astype(array.dtype.newbyteorder("=") if self.keeps_dtype else np.float32, copy=False)
        return np.ascontiguousarray(values).reshape(array.shape)

    def _rounds(self, shape: tuple[int, ...]) -> tuple[Round, ...]:
        return ()

    def _propose(self, values: Floats, state: State, rng: np.random.Generator) -> NDArray[Any]:
        raise CodecError(f"{self.name} needs no agreement before it encodes")

    @abstractmethod
    def _encode(self, values: NDArray[Any], state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        """Return the bytes on the wire."""

    @abstractmethod
    def _decode(self, payload: Payload) -> NDArray[Any]:
        """Return the decoded elements, of any shape, in a fresh array."""

    def _sum(self, payloads: Sequence[Payload]) -> bytes:
        raise CodecError(f"{self.name}: payloads can't be added without decoding them")


class overflow_refused:  # noqa: N801 - a context manager, read as a verb
    """Turns an overflow into a CodecError: a codec computes in float32, and the largest floats leave no room."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._errstate = np.errstate(over="raise", invalid="raise", divide="raise")

    def __enter__(self) -> None:
        self._errstate.__enter__()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._errstate.__exit__(kind, error, trace)
        if isinstance(error, FloatingPointError):
            raise CodecError(f"{self._name}: the values are too large to be encoded ({error})") from error


def expect_size(payload: Payload, nbytes: int) -> None:
    """Raise a CodecError unless a payload has the one length that it can have."""
    if payload.nbytes != nbytes:
        raise CodecError(f"a payload of shape {payload.shape} has {nbytes} bytes, not {payload.nbytes}")
