"""Tensors from files: ``.npy``, ``.npz`` and ``.safetensors``.

A file may be hostile: nothing is unpickled, and every size that it declares is checked against the file and against a
limit before anything is allocated for it. Only floats are of interest; other tensors of a file are left out.
"""

from __future__ import annotations

import ast
import json
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from simcluster.errors import UserInputError

Tensors = dict[str, NDArray[Any]]

#: Largest file content that is read [B], unless the caller says otherwise.
LIMIT = 4 * 2**30
#: How an ``.npy`` file of version 1.0 begins: magic and version, length of the header.
_NPY_MAGIC = b"\x93NUMPY\x01\x00"
_NPY_HEAD = struct.Struct("<8sH")
_LONGEST_HEADER = 16 * 2**20
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
    reader = {".npy": _read_npy, ".npz": _read_npz, ".safetensors": _read_safetensors}.get(path.suffix)
    if reader is None:
        raise UserInputError(f"{path}: expected a file that ends in .npy, .npz or .safetensors")
    try:
        tensors = reader(path, limit)
    except _DAMAGED as error:
        raise UserInputError(f"{path}: {error}") from error
    if not tensors:
        raise UserInputError(f"{path}: holds no tensor of floats")
    return tensors


def _read_npy(path: Path, limit: float) -> Tensors:
    with path.open("rb") as file:
        tensor = _read_array(file, path.stat().st_size, limit)
    return {} if tensor is None else {path.stem: tensor}


def _read_npz(path: Path, limit: float) -> Tensors:
    tensors: Tensors = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.filename.endswith(".npy"):
                continue
            with archive.open(member) as file:
                tensor = _read_array(file, member.file_size, limit)
            if tensor is not None:
                tensors[member.filename.removesuffix(".npy")] = tensor
                limit -= tensor.nbytes
    return tensors


def _read_array(file: IO[bytes], size: int, limit: float) -> NDArray[Any] | None:
    """Return the array of an ``.npy`` stream of a declared size [B]; None if it holds no floats."""
    head = file.read(_NPY_HEAD.size)
    if head[: len(_NPY_MAGIC)] != _NPY_MAGIC or len(head) < _NPY_HEAD.size:
        raise _BadFileError("holds no array in version 1.0 of the .npy format")
    kind, order, shape = _npy_header(file.read(_NPY_HEAD.unpack(head)[1]))
    if re.fullmatch("[<>=]f[248]", kind) is None:
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
    return all(type(length) is int and length >= 0 for length in shape)


def _read_safetensors(path: Path, limit: float) -> Tensors:
    size = path.stat().st_size
    with path.open("rb") as file:
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
