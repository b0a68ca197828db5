"""Every codec in the configurations that the contract is checked for."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import simcluster.codecs
from simcluster.codecs.protocol import Codec, Payload
from simcluster.codecs.representation import Representation
from simcluster.rng import stream


def _modules() -> dict[str, ModuleType]:
    names = (info.name for info in pkgutil.iter_modules(simcluster.codecs.__path__))
    found = [importlib.import_module(f"simcluster.codecs.{name}") for name in names]
    return {module.OPTIONS().codec: module for module in found if hasattr(module, "OPTIONS")}


MODULES = _modules()


class Case(NamedTuple):
    """A codec's name and its options."""

    name: str
    options: dict[str, Any]

    def __str__(self) -> str:
        return "-".join([self.name, *(f"{key}={value}" for key, value in self.options.items())])

    def build(self) -> Codec:
        module = MODULES[self.name]
        codec: Codec = module.build(module.OPTIONS(**self.options))
        return codec


CASES = [
    *(Case(name, {}) for name in MODULES),
    Case("gzip", {"level": 1, "container": "zlib"}),
    Case("gzip", {"container": "raw"}),
    Case("fixed-point", {"rounding": "nearest"}),
    Case("fixed-point", {"width": 24, "fraction": 18}),
    Case("fixed-point", {"width": 3, "fraction": 0}),
    Case("dynamic-fixed-point", {"rounding": "nearest", "width": 8}),
    Case("dynamic-fixed-point", {"share_exponent": True}),
    Case("dynamic-fixed-point", {"overflow": 0.05}),
    Case("1-bit", {"threshold": "zero"}),
    Case("signsgd", {"error_feedback": False}),
    Case("terngrad", {"clip": 2.5}),
    Case("terngrad", {"share_scaler": True}),
    Case("dorefa", {"per": "sample", "bits": 3}),
    Case("dorefa", {"bits": 1}),
    Case("logarithmic", {"base": "2", "bits": 4}),
    Case("qsgd", {"levels": 1, "bucket": 64}),
    Case("qsgd", {"levels": 127, "norm": "max"}),
    Case("qsgd", {"levels": 5, "bucket": 30, "share_norm": True}),
    Case("qsgd", {"coding": "gamma", "bucket": 100}),
    Case("qsgd", {"coding": "omega", "levels": 100, "norm": "max"}),
    Case("qsgd", {"coding": "gamma", "gaps": True}),
    Case("qsgd", {"coding": "omega", "gaps": True, "bucket": 64}),
    Case("top-k", {"density": 0.2, "error_feedback": False, "per": "row"}),
    Case("random-k", {"density": 0.2}),
    Case("random-k", {"density": 0.2, "share_seed": True}),
    Case("random-k", {"density": 0.2, "error_feedback": True}),
    Case("dgc", {"density": 0.05, "warmup_steps": 1, "nesterov": True, "clip_norm": 1.0, "workers": 4}),
    Case("sbc", {"density": 0.1, "local_steps": 10}),
    Case("powersgd", {"rank": 2, "error_feedback": False}),
    Case("csr", {"fixed_pattern": True}),
    Case("cla", {"bin_size": 1}),
    Case("deep-compression", {"density": 0.5, "bits": 8, "gap_bits": 8}),
    Case("deep-compression", {"density": 0.05, "bits": 1, "gap_bits": 1, "huffman": False}),
    Case("deep-compression", {"density": 0.3, "bits": 3, "fixed_assignment": True}),
    Case("tile-pruning", {"permute": False, "tile_rows": 3, "tile_columns": 2}),
    Case("tile-pruning", {"density": 0.3, "expand": False, "tile_rows": 1, "tile_columns": 5}),
    Case("hashing", {"budget": 0.3, "signed": False, "seed": 7}),
    Case("hashing", {"budget": 1.0}),
    Case("dct", {"kept": 0.3, "block": 5}),
    Case("dct", {"kept": 1.0}),
    Case("low-rank", {"rank": 2}),
    Case("integer", {"width": 12, "fraction": 9}),
    Case("integer", {"width": 3, "fraction": 1}),
    Case("binary", {"rounding": "stochastic", "per": "tensor"}),
    Case("ternary", {"rounding": "stochastic"}),
    Case("ternary", {"per": "tensor"}),
]


def encoded(codec: Codec, array: NDArray[Any], seed: int = 1) -> Payload:
    """Return a payload of a worker that is alone, with a new state."""
    return codec.encode(array, codec.new_state(array.shape), stream(seed, codec.name, "encode"))


def gaussian(shape: tuple[int, ...], dtype: str = "float32", seed: int = 1) -> NDArray[Any]:
    """Return numbers of standard deviation 0.25, in the range of all fixed points here."""
    return (0.25 * stream(seed, "tensor", "values").standard_normal(shape)).astype(dtype)


def agreed_payloads(codec: Codec, arrays: list[NDArray[Any]]) -> list[Payload]:
    """Return the payloads of several workers, after the rounds that the codec asks for."""
    if codec.options.model_dump().get("fixed_assignment"):  # what one payload becomes by each worker's updates
        assert isinstance(codec, Representation)
        first = encoded(codec, arrays[0])
        return [first, *(codec.axpy(first, 1.0, array) for array in arrays[1:])]
    states = [codec.new_state(array.shape) for array in arrays]
    streams = [stream(1, f"worker-{number}", "encode") for number in range(len(arrays))]
    workers = list(zip(arrays, states, streams, strict=True))
    agreed = None
    if codec.rounds(arrays[0].shape):
        agreed = codec.agree([codec.propose(*worker) for worker in workers], arrays[0].shape)
    return [codec.encode(*worker, agreed=agreed) for worker in workers]


def conserves(codec: Codec) -> bool:
    """Whether what is not sent stays in the codec's residual."""
    return "residual" in codec.new_state((20, 30))


ALL_SHAPES: list[tuple[int, ...]] = [
    (1,), (2,), (7,), (8,), (9,), (33,), (511,), (513,), (1, 1), (1, 40), (40, 1), (17, 31), (3, 4, 5), (2, 3, 5, 7), ()
]  # fmt: skip


def values_of(array: NDArray[Any]) -> NDArray[np.float64]:
    """Return an array in double precision."""
    return array.astype(np.float64)
