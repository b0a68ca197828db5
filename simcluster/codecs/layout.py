"""Reading arrays out of a payload one after the other, and the width of indices in it.

Nothing is allocated for what a payload declares before its length was checked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from simcluster.codecs.errors import CodecError


class Reader:
    """Reads a payload's bytes from the first to the last.

    Parameters
    ----------
    name : str
        Name of the codec, for its errors.
    data : bytes
        The payload.
    """

    def __init__(self, name: str, data: bytes) -> None:
        self._name = name
        self._data = data
        self._begin = 0

    @property
    def left(self) -> int:
        """Bytes [B] that were not read yet."""
        return len(self._data) - self._begin

    def take(self, count: int, kind: DTypeLike) -> NDArray[Any]:
        """Return the next elements of a little-endian type, as a view that can't be written to.

        Raises
        ------
        CodecError
            If the payload ends before.
        """
        dtype = np.dtype(kind).newbyteorder("<")
        if count * dtype.itemsize > self.left:
            raise CodecError(f"{self._name}: the payload ends before {count} elements of {dtype.itemsize} bytes")
        begin, self._begin = self._begin, self._begin + count * dtype.itemsize
        return np.frombuffer(self._data, dtype, count, begin)

    def number(self, kind: DTypeLike) -> int:
        """Return the next integer."""
        return int(self.take(1, kind)[0])

    def raw(self, count: int) -> bytes:
        """Return the next bytes."""
        return self.take(count, np.uint8).tobytes()

    def finite(self, count: int, kind: DTypeLike) -> NDArray[Any]:
        """Return the next numbers, in native order.

        Raises
        ------
        CodecError
            If the payload ends before, or one is not finite.
        """
        values = self.take(count, kind)
        if not np.isfinite(values).all():
            raise CodecError(f"{self._name}: the payload holds values that are not finite")
        return values.astype(values.dtype.newbyteorder("="), copy=False)

    def end(self) -> None:
        """Raise a CodecError unless everything was read."""
        if self.left:
            raise CodecError(f"{self._name}: the payload has {self.left} bytes too many")


def index_type(most: int) -> np.dtype[Any]:
    """Return the type of 1, 2 or 4 bytes whose integers reach ``most``.

    Raises
    ------
    CodecError
        If none does.
    """
    for kind in (np.uint8, np.uint16, np.uint32):
        if most <= np.iinfo(kind).max:
            return np.dtype(kind)
    raise CodecError(f"an index of 32 bits does not reach {most}; split the tensor")


def written(array: NDArray[Any], kind: DTypeLike | None = None) -> bytes:
    """Return an array's elements, little-endian, as another type if one is given."""
    dtype = np.dtype(array.dtype if kind is None else kind)
    return array.astype(dtype.newbyteorder("<"), copy=False).tobytes()


def as_bits(values: NDArray[Any]) -> NDArray[Any]:
    """Return floats as the unsigned integers that their bits are: +0 is 0, and -0 is not."""
    return np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}")
