"""What each codec may lose, and how many bytes it may send: worked out from its documentation, element by element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs import golomb
from simcluster.codecs.protocol import Codec, Payload
from tests.codecs.cases import values_of

Values = NDArray[np.float64]
#: Rounding of the computation itself, in float32.
NOISE = 1e-5


def largest_error(codec: Codec, array: NDArray[Any], payload: Payload) -> Values | None:
    """Return the largest error that an element may have on a first encoding; None if the law is another."""
    law = _LAWS.get(codec.name)
    if law is None:
        return None
    return law(codec.options, values_of(array), payload) + np.finfo(array.dtype).eps * np.abs(values_of(array)).max()


def _fixed(options: Any, x: Values, payload: Payload) -> Values:
    step = 2.0**-options.fraction
    reach = step * (2 ** (options.width - 1) - 1)
    return np.maximum(np.abs(x) - reach, 0) + step * (0.5 if options.rounding == "nearest" else 1)


def _dynamic(options: Any, x: Values, payload: Payload) -> Values:
    exponent = np.frombuffer((payload.agreed or payload.data)[:2], "<i2")[0]
    step = 2.0 ** float(exponent)
    reach = step * (2 ** (options.width - 1) - 1)
    assert np.count_nonzero(np.abs(x) > reach) <= options.overflow * x.size
    return np.maximum(np.abs(x) - reach, 0) + step * (0.5 if options.rounding == "nearest" else 1)


def _terngrad(options: Any, x: Values, payload: Payload) -> Values:
    limit = math.inf if options.clip is None else options.clip * x.std()
    clipped = np.clip(x, -limit, limit) if limit else x
    return np.full(x.shape, np.abs(clipped).max() * (1 + NOISE)) + np.abs(x - clipped)


def _dorefa(options: Any, x: Values, payload: Payload) -> Values:
    axes = tuple(range(1, x.ndim)) if options.per == "sample" and x.ndim else None
    scale = np.abs(x).max(axis=axes, keepdims=True)
    return np.broadcast_to(2 * scale / (2**options.bits - 1) * (1 + 1e-3), x.shape)


def _logarithmic(options: Any, x: Values, payload: Payload) -> Values:
    base = 2 if options.base == "2" else math.sqrt(2)
    # The full scale may be half a step below the largest magnitude; the smallest level is the others' floor.
    smallest = np.abs(x).max() * base ** (0.5 - (2 ** (options.bits - 1) - 2))
    return np.where(x == 0, 0, np.maximum(np.abs(x) * (math.sqrt(base) - 1) * (1 + NOISE), smallest))


def _qsgd(options: Any, x: Values, payload: Payload) -> Values:
    flat = x.reshape(-1)
    order = 2 if options.norm == "l2" else np.inf
    parts = [flat[begin : begin + options.bucket] for begin in range(0, flat.size, options.bucket)]
    norms = [np.full(part.size, np.linalg.norm(part, order)) for part in parts]
    return np.concatenate(norms).reshape(x.shape) / options.levels * (1 + NOISE)


def _integer(options: Any, x: Values, payload: Payload) -> Values:
    step = 2.0**-options.fraction
    reach = step * (2 ** (options.width - 1) - 1)
    return np.maximum(np.abs(x) - reach, 0) + step / 2


def _hashing(options: Any, x: Values, payload: Payload) -> Values:
    return np.full(x.shape, 2 * np.abs(x).max())


def _among_largest(x: Values, density: float) -> tuple[Values, Values]:
    """Return which elements are surely kept by pruning, and which may be, among equal ones."""
    magnitudes = np.abs(x)
    kept = max(1, math.ceil(round(density * x.size, 9)))
    threshold = np.sort(magnitudes, axis=None)[x.size - kept]
    return magnitudes > threshold, magnitudes >= threshold


def _deep_compression(options: Any, x: Values, payload: Payload) -> Values:
    surely, maybe = _among_largest(x, options.density)
    span = (x[maybe].max() - x[maybe].min()) * (1 + NOISE) + NOISE * np.abs(x).max()
    return np.where(surely, span, np.where(maybe, np.maximum(np.abs(x), span), np.abs(x)))


def _tile_pruning(options: Any, x: Values, payload: Payload) -> Values:
    surely, _ = _among_largest(x, options.density)
    return np.where(surely, 0, np.abs(x))


def _rows_of(options: Any, x: Values) -> Values:
    """Return a matrix whose rows have a scale of their own."""
    whole = x.ndim < 2 or options.per == "tensor"
    return x.reshape(1, -1) if whole else x.reshape(len(x), -1)


def _binary(options: Any, x: Values, payload: Payload) -> Values:
    rows = np.abs(_rows_of(options, x))
    if options.rounding == "stochastic":
        return np.broadcast_to(2 * rows.max(axis=1, keepdims=True), rows.shape).reshape(x.shape)
    return np.abs(rows - rows.mean(axis=1, keepdims=True)).reshape(x.shape)


def _ternary(options: Any, x: Values, payload: Payload) -> Values:
    rows = np.abs(_rows_of(options, x))
    if options.rounding == "stochastic":
        return np.broadcast_to(rows.max(axis=1, keepdims=True), rows.shape).reshape(x.shape)
    least = 0.7 * rows.mean(axis=1, keepdims=True)
    scales = [row[row > edge].mean() if (row > edge).any() else 0.0 for row, edge in zip(rows, least, strict=True)]
    # Rounding decides what lies within a hair of the threshold.
    near = np.abs(rows - least) < NOISE * least
    error = np.where(rows > least, np.abs(rows - np.array(scales)[:, None]), rows)
    return np.where(near, np.maximum(rows, np.array(scales)[:, None]), error).reshape(x.shape)


_LAWS: dict[str, Callable[[Any, Values, Payload], Values]] = {
    "none": lambda options, x, payload: np.zeros(x.shape),
    "gzip": lambda options, x, payload: np.zeros(x.shape),
    "zstd": lambda options, x, payload: np.zeros(x.shape),
    "shuffle-zlib": lambda options, x, payload: np.zeros(x.shape),
    "fp16": lambda options, x, payload: np.abs(x) * 2.0**-11 + 2.0**-25,
    "bf16": lambda options, x, payload: np.abs(x) * 2.0**-8 + 2.0**-134,
    "fixed-point": _fixed,
    "dynamic-fixed-point": _dynamic,
    "terngrad": _terngrad,
    "dorefa": _dorefa,
    "logarithmic": _logarithmic,
    "qsgd": _qsgd,
    **dict.fromkeys(("csr", "cer", "cser", "cla"), lambda options, x, payload: np.zeros(x.shape)),
    "deep-compression": _deep_compression,
    "tile-pruning": _tile_pruning,
    "integer": _integer,
    "hashing": _hashing,
    "binary": _binary,
    "ternary": _ternary,
}


def wire_size(codec: Codec, shape: tuple[int, ...], itemsize: int) -> int | None:
    """Return the bytes that the documented layout has; None if they depend on the values."""
    options: Any = codec.options
    count = math.prod(shape)
    rows = shape[0] if shape else 1
    columns = count // rows

    def bits(width: int) -> int:
        return width // 8 * count + math.ceil(width % 8 * count / 8)

    match codec.name:
        case "none":
            return count * itemsize
        case "fp16" | "bf16":
            return 2 * count
        case "fixed-point":
            return bits(options.width)
        case "dynamic-fixed-point":
            return bits(options.width) + (0 if options.share_exponent else 2)
        case "1-bit":
            return columns * (8 + 4 * math.ceil(rows / 32))
        case "signsgd":
            return 4 + math.ceil(count / 8)
        case "terngrad":
            return math.ceil(count / 4) + (0 if options.share_scaler else 4)
        case "dorefa":
            return bits(options.bits) + 4 * (rows if options.per == "sample" else 1)
        case "logarithmic":
            return 2 + bits(options.bits)
        case "qsgd" if options.coding == "fixed":
            norms = 0 if options.share_norm else 4 * math.ceil(count / options.bucket)
            return norms + bits(1 + math.ceil(math.log2(options.levels + 1)))
        case "top-k" | "random-k":
            return _sparse_size(codec, shape)
        case "powersgd":
            factored = options.rank * (rows + columns) < count
            return 4 * (options.rank * columns if factored else count)
        case "hashing":
            return 4 * max(1, math.ceil(round(options.budget * count, 9)))
        case "dct":
            return 4 * math.prod(_kept_frequencies(codec, shape))
        case "low-rank":
            factored = len(shape) > 1 and options.rank * (rows + columns) < count
            return 4 * (options.rank * (rows + columns) if factored else count)
        case "integer":
            return bits(options.width)
        case "binary" | "ternary":
            lines = rows if len(shape) > 1 else 1
            scales = lines if options.per == "row" else 1
            return 4 * scales + {"binary": 1, "ternary": 2}[codec.name] * lines * math.ceil(count / lines / 8)
        case "dgc" if len(shape) <= 1:
            return 4 * count
    return None


def _kept_frequencies(codec: Codec, shape: tuple[int, ...]) -> list[int]:
    """Return the coefficients along each axis, counted block by block; those of a convolution begin at its kernel."""
    options: Any = codec.options
    lengths = []
    for axis, length in enumerate(shape):
        blocks = [min(options.block, length - begin) for begin in range(0, length, options.block)]
        kept = sum(math.ceil(round(options.kept * block, 9)) for block in blocks)
        lengths.append(length if len(shape) > 2 and axis < 2 else kept)
    return lengths


def _sparse_size(codec: Codec, shape: tuple[int, ...]) -> int:
    options: Any = codec.options
    count = math.prod(shape)

    def kept(of: int) -> int:
        return max(1, math.ceil(round(options.density * of, 9)))

    if codec.name == "random-k":
        return 4 * kept(count) + (0 if options.share_seed else 8)
    length = shape[-1] if options.per == "row" and shape else count
    return 8 * (count // length) * kept(length)


def sbc_size(codec: Codec, positions: NDArray[np.int64]) -> int:
    """Return the bytes of positions in the Golomb code, counted one by one."""
    options: Any = codec.options
    width = golomb.remainder_bits(options.density)
    gaps = np.diff(positions, prepend=-1)
    unary = sum((int(gap) - 1) // 2**width + 1 for gap in gaps)
    return 4 + math.ceil(unary / 8) + width // 8 * len(gaps) + math.ceil(width % 8 * len(gaps) / 8)
