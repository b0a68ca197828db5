"""Tensors from files: ``.npy``, ``.npz`` and ``.safetensors``.

A file may be hostile: nothing is unpickled, and every size that it declares is checked against the file and against a
limit before anything is allocated for it. Only floats are of interest, and integers too among a user's own samples;
other tensors of a file are left out. Archives may be stored or deflated, as numpy writes them: other methods of
compression declare how much memory they take.
"""

from __future__ import annotations

import ast
import json
import math
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from simcluster.errors import UserInputError
from simcluster.files import lowered, open_regular

Tensors = dict[str, NDArray[Any]]
#: Patterns of the types that are read.
_FLOATS = "[<>=]f[248]"
_NUMBERS = rf"{_FLOATS}|[<>=|][iu][1248]"
#: Takes an open file, its name without ending, and the most bytes of all tensors together.
_Reader = Callable[[BinaryIO, str, float], Tensors]

#: Largest file content that is read [B], unless the caller says otherwise.
LIMIT = 4 * 2**30
#: How an ``.npy`` file of version 1.0 begins: magic and version, length of the header.
_NPY_MAGIC = b"\x93NUMPY\x01\x00"
_NPY_HEAD = struct.Struct("<8sH")
#: A safetensors header [B], and the list of contents of an archive [B]: enough for tens of thousands of tensors, and
#: what becomes of them in memory is a hundred times as large.
_LONGEST_HEADER = 4 * 2**20
_LONGEST_CONTENTS = 4 * 2**20
#: The end of an archive without a comment, as numpy writes it: signature, five fields left out, size of the contents.
_ZIP_END = struct.Struct("<4s8xI6x")
_ZIP_MAGIC = b"PK\x05\x06"
#: What an archive of more than 2 GiB has before it: size of the contents, and the second of two signatures.
_ZIP_END_64 = struct.Struct("<40xQ8x4s16x")
_ZIP_MAGIC_64 = b"PK\x06\x07"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
#: Deflate makes at most so much of a byte.
_MOST_INFLATED = 1_032
_MOST_DIMENSIONS = 64
_HEADER_SIZE = struct.Struct("<Q")
#: The floats of safetensors; BF16 is read as the upper half of a float32.
_SAFE_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


class _BadFileError(Exception):
    """What is wrong with a file, without its name."""


#: What the standard library and numpy raise about files that can't be read.
_DAMAGED = (
    _BadFileError,
    OSError,
    EOFError,
    ValueError,
    TypeError,
    OverflowError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_tensors(path: str | Path, limit: float = LIMIT) -> Tensors:
    """Return the floating-point tensors of a file, by name.

    Parameters
    ----------
    path : str or Path
        A ``.npy`` file (whose tensor gets the file's name), or a ``.npz`` or ``.safetensors`` file.
    limit : float [B]
        Most bytes of all tensors together.

    Raises
    ------
    UserInputError
        If there is no such file, its ending is none of these, it is damaged or larger than the limit, or it holds no
        floating-point tensor.
    """
    path = Path(path)
    readers: dict[str, _Reader] = {".npy": _read_npy, ".npz": _read_npz, ".safetensors": _read_safetensors}
    reader = readers.get(path.suffix)
    if reader is None:
        raise UserInputError(f"{path}: expected a file that ends in .npy, .npz or .safetensors")
    tensors = _read(path, reader, limit)
    if not tensors:
        raise UserInputError(f"{path}: holds no tensor of floats")
    return tensors


def read_arrays(path: str | Path, limit: float = LIMIT) -> Tensors:
    """Return the arrays of floats and integers of an ``.npz`` file, by name.

    Parameters
    ----------
    path : str or Path
    limit : float [B]
        Most bytes of all arrays together.

    Raises
    ------
    UserInputError
        If there is no such file, its ending is another one, or it is damaged or larger than the limit.
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise UserInputError(f"{path}: expected a file that ends in .npz")
    return _read(path, partial(_read_npz, kinds=_NUMBERS), limit)


def _read(path: Path, reader: _Reader, limit: float) -> Tensors:
    try:
        with open_regular(path, math.inf) as file:
            return reader(file, path.stem, limit)
    except _DAMAGED as error:
        reason = lowered(error) if isinstance(error, OSError) else error
        raise UserInputError(f"{path}: {reason}") from error


def _read_npy(file: BinaryIO, stem: str, limit: float) -> Tensors:
    tensor = _read_array(file, _size(file), limit)
    return {} if tensor is None else {stem: tensor}


def _size(file: BinaryIO) -> int:
    """Return the size [B] of an open file."""
    return os.fstat(file.fileno()).st_size


def _read_npz(file: BinaryIO, stem: str, limit: float, kinds: str = _FLOATS) -> Tensors:
    tensors: Tensors = {}
    _check_contents(file)
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if not member.filename.endswith(".npy"):
                continue
            if member.compress_type not in _METHODS:
                raise _BadFileError(f"'{member.filename}' is neither stored nor deflated")
            size = min(member.file_size, member.compress_size * _MOST_INFLATED)
            with archive.open(member) as stream:
                tensor = _read_array(stream, size, limit, kinds)
            if tensor is not None:
                tensors[member.filename.removesuffix(".npy")] = tensor
                limit -= tensor.nbytes
    return tensors


def _check_contents(file: BinaryIO) -> None:
    """See that the list of contents of an archive is not too long: all of it is read at once."""
    file.seek(max(0, _size(file) - _ZIP_END_64.size - _ZIP_END.size))
    tail = file.read()
    magic, contents = _ZIP_END.unpack(tail[-_ZIP_END.size :].rjust(_ZIP_END.size))
    if magic != _ZIP_MAGIC:
        raise _BadFileError("is no archive, or one with a comment at its end")
    if len(tail) == _ZIP_END_64.size + _ZIP_END.size:
        larger, locator = _ZIP_END_64.unpack_from(tail)
        contents = larger if locator == _ZIP_MAGIC_64 else contents
    if contents > _LONGEST_CONTENTS:
        raise _BadFileError(f"declares a list of contents of {contents:,} bytes")


def _read_array(file: IO[bytes], size: int, limit: float, kinds: str = _FLOATS) -> NDArray[Any] | None:
    """Return the array of an ``.npy`` stream of a declared size [B]; None if it is of no kind that is wanted."""
    head = file.read(_NPY_HEAD.size)
    if head[: len(_NPY_MAGIC)] != _NPY_MAGIC or len(head) < _NPY_HEAD.size:
        raise _BadFileError("holds no array in version 1.0 of the .npy format")
    kind, order, shape = _npy_header(file.read(_NPY_HEAD.unpack(head)[1]))
    if re.fullmatch(kinds, kind) is None:
        return None
    need = math.prod(shape) * np.dtype(kind).itemsize
    _check_size(need, size, limit)
    data = file.read(need)
    if len(data) != need:
        raise _BadFileError("the file ends within its tensor")
    return np.frombuffer(data, kind).reshape(shape, order=order)


def _npy_header(text: bytes) -> tuple[str, Literal["C", "F"], tuple[int, ...]]:
    """Return type, order and shape that the header of an array declares: it is a literal of Python."""
    try:
        header = ast.literal_eval(text.decode("latin-1"))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise _BadFileError("the header of its array can't be read") from error
    match header:
        case {"descr": str(kind), "fortran_order": bool(fortran), "shape": tuple(shape)} if _is_shape(shape):
            return kind, "F" if fortran else "C", shape
    raise _BadFileError("the header of its array declares no plain type and shape")


def _is_shape(shape: Sequence[object]) -> bool:
    # A long row of long numbers would take for ever to multiply.
    return len(shape) <= _MOST_DIMENSIONS and all(type(length) is int and 0 <= length < 2**63 for length in shape)


def _read_safetensors(file: BinaryIO, stem: str, limit: float) -> Tensors:
    size = _size(file)
    head = file.read(_HEADER_SIZE.size)
    if len(head) < _HEADER_SIZE.size:
        raise _BadFileError("too short to be a safetensors file")
    (length,) = _HEADER_SIZE.unpack(head)
    if length > min(_LONGEST_HEADER, size - _HEADER_SIZE.size):
        raise _BadFileError(f"declares a header of {length} bytes")
    header = _parsed(file.read(length))
    begin = _HEADER_SIZE.size + length
    tensors: Tensors = {}
    for name, kind, shape, first, last in _entries(header, size - begin):
        _check_size(last - first, size, limit)
        limit -= last - first
        file.seek(begin + first)
        flat = np.frombuffer(file.read(last - first), _SAFE_TYPES[kind])
        if kind == "BF16":
            flat = (flat.astype(np.uint32) << np.uint32(16)).view(np.float32)
        tensors[name] = flat.reshape(shape)
    return tensors


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except RecursionError as error:
        raise _BadFileError("its header is nested too deeply") from error
    if not isinstance(header, dict):
        raise _BadFileError("its header is no JSON object")
    return header


def _entries(header: dict[str, Any], size: int) -> Iterator[tuple[str, str, tuple[int, ...], int, int]]:
    """Yield name, type, shape, begin and end [B] of each tensor of floats, checked against the ``size`` of the data."""
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        match entry:
            case {"dtype": str(kind), "shape": list(shape), "data_offsets": [int(first), int(last)]}:
                pass
            case _:
                raise _BadFileError(f"its header says nothing sensible of tensor '{name}'")
        if not _is_shape(shape) or not 0 <= first <= last <= size:
            raise _BadFileError(f"tensor '{name}' lies outside of the file, or has no shape")
        if kind not in _SAFE_TYPES:
            continue
        if math.prod(shape) * np.dtype(_SAFE_TYPES[kind]).itemsize != last - first:
            raise _BadFileError(f"tensor '{name}' of shape {shape} does not have {last - first} bytes")
        yield name, kind, tuple(shape), first, last


def _check_size(need: int, size: int, limit: float) -> None:
    if need > size:
        raise _BadFileError(f"declares {need:,} bytes of a tensor, but has {size:,}")
    if need > limit:
        raise _BadFileError(f"holds more than {limit:,.0f} bytes of tensors, which is the limit")
