"""Deep Compression: pruned, shared, and Huffman-coded weights (Han, Mao, Dally 2015, arXiv 1510.00149).

The elements of largest magnitude stay; they share a few values (``weight_sharing``); a place is the number of zeros
since the last one, in C order, and where it does not fit in the bits of a gap, an element of value zero is put in.
What the paper's retraining does to accuracy is left out; its trained quantisation is ``axpy``: all elements that share
a value move by the mean of their updates. That leaves gaps and codes as they are. So workers that begin from one
payload, and train it so, have payloads whose mean is that of their shared values, exactly (``fixed_assignment``); those
of tensors that were encoded each for itself have no mean.

Layout: the number K of shared values (uint16) and of elements, zeros put in included (uint32); the shared values
(float32); then the code of every element (0 for zero, else one more than its shared value's place), and the gap before
every element: both Huffman-coded (``huffman``), or, without, in ``bits`` and in ``gap_bits`` each (``packing``). A
payload without elements ends after the numbers.

A payload that is opened is a sparse matrix: what the format saves in memory is lost, its multiplications are saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcluster.codecs import packing
from simcluster.codecs.errors import CodecError
from simcluster.codecs.huffman import huffman_decoded, huffman_encoded
from simcluster.codecs.layout import Reader, written
from simcluster.codecs.protocol import Codec, CodecOptions, Floats, Payload, State
from simcluster.codecs.representation import (
    PRODUCTS,
    Array,
    Cost,
    Function,
    Opened,
    Operation,
    Representation,
    divided,
    matrix_shape,
)
from simcluster.codecs.sparse import largest, share_of
from simcluster.codecs.sparse_matrix import SparseMatrix, sparse_cost
from simcluster.codecs.top_k import Density
from simcluster.codecs.weight_sharing import shared_weights

_HEAD = 6


class DeepCompressionOptions(CodecOptions):
    """Prunes, shares weights, and codes what is left."""

    codec: Literal["deep-compression"] = "deep-compression"
    density: Density = Field(default=0.11, description="Share of the elements that is kept, rounded up.")
    bits: Annotated[int, Field(ge=1, le=8)] = Field(
        default=5, description="Bits of a shared value's number: 2**bits - 1 values, and zero."
    )
    gap_bits: Annotated[int, Field(ge=1, le=8)] = Field(default=4, description="Bits of the zeros before an element.")
    huffman: bool = Field(default=True, description="Whether both streams are Huffman-coded.")
    iterations: Annotated[int, Field(ge=0, le=1000)] = Field(default=50, description="Most steps of k-means.")
    fixed_assignment: bool = Field(
        default=False, description="Whether all workers keep which elements share a value, so that payloads add up."
    )


@dataclass(frozen=True)
class DeepCompression(Representation):
    """Lossy: an element is zero, or the shared value that is nearest to it.

    Of n elements all but the ``density * n`` of largest magnitude become zero; the others err by at most the distance
    to the nearest shared value, all of which lie between the least and the largest element that is kept. An update on
    the payload errs by its deviation from the mean over the elements that share a value, and by all of it elsewhere.
    """

    options: DeepCompressionOptions = field(default_factory=DeepCompressionOptions)

    @property
    def algebra(self) -> frozenset[str]:
        """What can be done on payloads: products, and what changes the shared values alone; sums if they share all."""
        claimed = PRODUCTS | {"axpy", "elementwise"}
        return claimed | {"add"} if self.options.fixed_assignment else claimed

    def _encode(self, values: Floats, state: State, rng: np.random.Generator, agreed: bytes) -> bytes:
        flat = values.reshape(-1)
        chosen = largest(np.abs(flat), share_of(flat.size, self.options.density))
        places = chosen[flat[chosen] != 0]
        if not places.size:
            return bytes(_HEAD)
        shared, codes = shared_weights(flat[places], (1 << self.options.bits) - 1, self.options.iterations)
        codes, gaps = self._with_zeros(places, codes + 1)
        head = written(np.array([shared.size]), np.uint16) + written(np.array([codes.size]), np.uint32)
        return head + written(shared) + self._stream(codes, self.options.bits) + self._stream(gaps, self._gap)

    @property
    def _gap(self) -> int:
        return self.options.gap_bits

    def _with_zeros(self, places: NDArray[np.int64], codes: NDArray[np.int64]) -> tuple[Array, Array]:
        """Return codes and gaps of all elements, with zeros where a gap is too long."""
        zeros = np.diff(places, prepend=-1) - 1
        ends = np.cumsum(zeros // (1 << self._gap) + 1) - 1
        all_codes = np.zeros(int(ends[-1]) + 1, np.uint8)
        all_gaps = np.full(all_codes.size, (1 << self._gap) - 1, np.uint8)
        all_codes[ends] = codes
        all_gaps[ends] = zeros % (1 << self._gap)
        return all_codes, all_gaps

    def _stream(self, symbols: Array, width: int) -> bytes:
        return huffman_encoded(symbols, 1 << width) if self.options.huffman else packing.pack(symbols, width)

    def _read_stream(self, reader: Reader, number: int, width: int) -> Array:
        if self.options.huffman:
            return huffman_decoded(self.name, reader, number, 1 << width)
        return packing.unpack(reader.raw(packing.packed_size(number, width)), number, width)

    def _read(self, payload: Payload) -> tuple[Floats, NDArray[np.intp], Array]:
        """Return the shared values, and the places and codes of the elements that are not zero."""
        reader = Reader(self.name, payload.data)
        distinct, number = reader.number(np.uint16), reader.number(np.uint32)
        if distinct >= 1 << self.options.bits or number > payload.count or (number == 0) != (distinct == 0):
            raise CodecError(f"{self.name}: the payload declares {distinct} values and {number} elements")
        shared = reader.finite(distinct, np.float32)
        if not number:
            reader.end()
            return shared, np.empty(0, np.intp), np.empty(0, np.uint8)
        codes = self._read_stream(reader, number, self.options.bits)
        gaps = self._read_stream(reader, number, self._gap)
        reader.end()
        places = np.cumsum(gaps.astype(np.intp) + 1) - 1
        if codes.max() > distinct or places[-1] >= payload.count:
            raise CodecError(f"{self.name}: a code or a gap leads beyond what there is")
        held = np.flatnonzero(codes)
        return shared, places[held], codes[held]

    def _open(self, payload: Payload) -> Opened:
        shared, places, codes = self._read(payload)
        shape = matrix_shape(payload.shape)
        # In the tensor's type, as decoding gives them.
        values = np.concatenate([np.zeros(1, np.float32), shared]).astype(payload.dtype)[codes]
        if not np.isfinite(values).all():
            raise CodecError(f"{self.name}: the payload decodes to values that are no finite {payload.dtype}")
        return SparseMatrix(shape, payload.dtype, *np.divmod(places, shape[1]), values)

    def _sum(self, payloads: Sequence[Payload]) -> bytes:
        total, _, _ = self._read(payloads[0])
        first = _without_shared(payloads[0], total.size)
        for payload in payloads[1:]:
            # The rest was checked with the first payload's: that of the others is the same, or they are refused.
            if _without_shared(payload, total.size) != first:
                raise CodecError(f"{self.name}: only updates of one payload, which share an assignment, add up")
            reader = Reader(self.name, payload.data)
            reader.raw(_HEAD)
            total = total + reader.finite(total.size, np.float32)
        return _with_shared(payloads[0], total)

    def _axpy(self, payload: Payload, scale: float, update: Array) -> bytes:
        shared, places, codes = self._read(payload)
        members = np.bincount(codes, minlength=shared.size + 1)[1:]
        sums = np.bincount(codes, update.reshape(-1)[places].astype(np.float64), shared.size + 1)[1:]
        return _with_shared(payload, divided(shared, payload) + scale * (sums / np.maximum(members, 1)))

    def _elementwise(self, payload: Payload, function: Function) -> bytes:
        shared, _, _ = self._read(payload)
        if function(np.zeros(1, np.float32))[0] != 0:
            raise CodecError(f"{self.name} stores no zeros: a function that moves zero needs the dense matrix")
        return _with_shared(payload, function(shared))

    def _count(self, opened: Opened, payload: Payload, operation: Operation, columns: int) -> Cost:
        assert isinstance(opened, SparseMatrix)  # noqa: S101 - _open returns no other
        held, distinct = opened.values.size, int.from_bytes(payload.data[:2], "little")
        if operation == "elementwise":
            return Cost(distinct, 0, 2 * 4 * distinct)
        if operation == "add":  # the rest is compared, and copied
            return Cost(0, distinct, 3 * payload.nbytes)
        if operation == "axpy":
            return Cost(2 * distinct, held + distinct, payload.nbytes + 4 * distinct, 4 * held)
        results = opened.shape[1 if operation == "rmatmul" else 0]
        # The elements' values are read from the shared ones, which are part of the payload.
        return sparse_cost(held, results, payload.nbytes - 4 * held, 4, operation, columns)


def _without_shared(payload: Payload, distinct: int) -> tuple[bytes, bytes]:
    """Return what a payload holds but for its shared values: which elements have which."""
    return payload.data[:_HEAD], payload.data[_HEAD + 4 * distinct :]


def _with_shared(payload: Payload, shared: Array) -> bytes:
    """Return a payload with other shared values."""
    return payload.data[:_HEAD] + written(shared, np.float32) + payload.data[_HEAD + 4 * shared.size :]


OPTIONS = DeepCompressionOptions


def build(options: DeepCompressionOptions) -> Codec:
    """Return the codec of Deep Compression."""
    return DeepCompression(options)
