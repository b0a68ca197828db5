"""How fast codecs encode and decode 10 million parameters, next to zlib on the same machine.

Run with ``pytest tests/benchmarks/test_codecs.py --benchmark-only``; ``extra_info`` holds the rate in uncompressed
megabytes a second. Nothing is asserted by the clock: tests/codecs/test_contract.py asserts that nothing loops over
elements.
"""

from __future__ import annotations

from typing import Any

import pytest

from simcluster.codecs.synthetic import synthetic
from simcluster.rng import stream
from tests.codecs.cases import MODULES, Case

SHAPE = (2500, 4000)
CASES = [
    *(Case(name, {}) for name in MODULES),
    Case("gzip", {"level": 1}),
    Case("shuffle-zlib", {"level": 1}),
    Case("qsgd", {"coding": "gamma"}),
    Case("qsgd", {"coding": "omega", "gaps": True}),
    Case("qsgd", {"levels": 127, "norm": "max"}),
]
all_cases = pytest.mark.parametrize("case", CASES, ids=str)


@all_cases
def test_encoding(benchmark: Any, case: Case) -> None:
    codec, array = case.build(), synthetic("gaussian", SHAPE)
    state, rng = codec.new_state(array.shape), stream(0, "benchmark", "encode")
    payload = benchmark.pedantic(codec.encode, (array, state, rng), rounds=3, warmup_rounds=1)
    benchmark.extra_info["ratio"] = array.nbytes / (payload.nbytes + len(payload.agreed))
    benchmark.extra_info["MB/s"] = array.nbytes / 1e6 / benchmark.stats["min"]


@all_cases
def test_decoding(benchmark: Any, case: Case) -> None:
    codec, array = case.build(), synthetic("gaussian", SHAPE)
    payload = codec.encode(array, codec.new_state(array.shape), stream(0, "benchmark", "encode"))
    benchmark.pedantic(codec.decode, (payload,), rounds=3, warmup_rounds=1)
    benchmark.extra_info["MB/s"] = array.nbytes / 1e6 / benchmark.stats["min"]
