"""What is special about single codecs, against references that are slow and obvious."""

from __future__ import annotations

import sys
import tracemalloc
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from simcluster.codecs.errors import CodecError
from simcluster.codecs.protocol import Payload
from simcluster.codecs.sparse import pack_entries
from simcluster.codecs.state import load_state
from simcluster.rng import stream
from tests.codecs.cases import MODULES, Case, agreed_payloads, encoded, gaussian, values_of


def rng() -> np.random.Generator:
    return stream(1, "codecs", "test")


@pytest.mark.parametrize("threshold", ["zero", "mean"])
def test_one_bit_keeps_the_means_of_each_column(threshold: str) -> None:
    array = gaussian((37, 5))
    decoded = Case("1-bit", {"threshold": threshold}).build()
    values = decoded.decode(encoded(decoded, array))
    for column, found in zip(array.T.astype(float), values.T, strict=True):
        if threshold == "zero":
            wanted = [column[column >= 0].mean() if v >= 0 else column[column < 0].mean() for v in column]
        else:
            deviation = np.abs(column - column.mean()).mean()
            wanted = [column.mean() + (deviation if v >= column.mean() else -deviation) for v in column]
        np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_the_owner_of_an_aggregate_feeds_back_its_own_error() -> None:
    codec = Case("1-bit", {}).build()
    shape = (40, 6)
    workers = [codec.new_state(shape) for _ in range(3)]
    owner = codec.new_state(shape)
    sent, wanted = np.zeros(shape), np.zeros(shape)
    for step in range(8):
        arrays = [gaussian(shape, seed=10 * step + worker) for worker in range(3)]
        payloads = [codec.encode(array, state, rng()) for array, state in zip(arrays, workers, strict=True)]
        aggregate = sum(codec.decode(payload) for payload in payloads) / np.float32(3)
        sent += codec.decode(codec.encode(aggregate, owner, rng()))
        wanted += sum(values_of(array) for array in arrays) / 3
    lost = owner["residual"] + sum(state["residual"] for state in workers) / 3
    np.testing.assert_allclose(sent + lost, wanted, atol=1e-5)


def test_signsgd_scales_signs_by_the_mean_magnitude() -> None:
    codec = Case("signsgd", {}).build()
    decoded = codec.decode(encoded(codec, np.array([3.0, -1.0, 0.0, -4.0], np.float32)))
    assert decoded.tolist() == [2, -2, 2, -2]
    state = codec.new_state((2,))
    steps = [codec.decode(codec.encode(np.array([3.0, 1.0], np.float32), state, rng())).tolist() for _ in range(3)]
    assert steps == [[2, 2], [2, 2], [3, -3]]  # of (3, 1), (4, 0) and (5, -1)


def test_bf16_rounds_to_nearest_ties_to_even() -> None:
    codec = Case("bf16", {}).build()
    # One and a half places of 2**-7 above 1, half a place, and a bit more than half.
    array = np.array([1 + 3 * 2.0**-8, 1 + 2.0**-8, 1 + 2.0**-8 + 2.0**-20, -1 - 2.0**-8], np.float32)
    assert codec.decode(encoded(codec, array)).tolist() == [1 + 2.0**-6, 1, 1 + 2.0**-7, -1]
    with pytest.raises(CodecError, match="too large"):
        encoded(codec, np.array([3.4e38], np.float32))


def test_fp16_refuses_what_it_cannot_hold() -> None:
    codec = Case("fp16", {}).build()
    assert codec.decode(encoded(codec, np.array([65504.0], np.float32))) == 65504
    with pytest.raises(CodecError, match="too large"):
        encoded(codec, np.array([65520.0], np.float32))
    half = encoded(codec, np.array([40000.0], np.float32))
    with pytest.raises(CodecError, match="too large"):
        codec.add(half, half)


def test_fixed_point_saturates_and_rounds_to_the_neighbours() -> None:
    codec = Case("fixed-point", {"width": 4, "fraction": 1}).build()
    decoded = codec.decode(encoded(codec, np.array([9.0, -9.0, 1.5, 0.2] * 50, np.float32)))
    assert set(decoded[::4]) == {3.5}
    assert set(decoded[1::4]) == {-3.5}
    assert set(decoded[2::4]) == {1.5}
    assert set(decoded[3::4]) == {0.0, 0.5}


def test_dynamic_fixed_point_takes_the_smallest_exponent() -> None:
    codec = Case("dynamic-fixed-point", {"width": 4, "rounding": "nearest"}).build()
    for largest, exponent in [(7.0, 0), (7.1, 1), (14.0, 1), (3.5, -1), (0.0, 0)]:
        payload = encoded(codec, np.array([largest, 0.0], np.float32))
        assert np.frombuffer(payload.data[:2], "<i2") == [exponent]
    rare = Case("dynamic-fixed-point", {"width": 4, "overflow": 0.1}).build()
    payload = encoded(rare, np.array([7.0] + [1.5] * 19, np.float32))
    assert np.frombuffer(payload.data[:2], "<i2") == [-2]  # one of 20 may saturate: 1.5 decides


def test_a_shared_exponent_is_that_of_the_largest_worker() -> None:
    codec = Case("dynamic-fixed-point", {"share_exponent": True}).build()
    payloads = agreed_payloads(codec, [gaussian((30,)), 100 * gaussian((30,), seed=2)])
    assert payloads[0].agreed == payloads[1].agreed == encoded(codec, 100 * gaussian((30,), seed=2)).agreed


def test_terngrad_clips_at_standard_deviations() -> None:
    codec = Case("terngrad", {"clip": 2.5}).build()
    array = gaussian((4000,))
    scaler = np.abs(codec.decode(encoded(codec, array))).max()
    assert scaler == pytest.approx(2.5 * array.std(), rel=1e-5)


def test_powers_of_the_base_are_exact() -> None:
    codec = Case("logarithmic", {"base": "2", "bits": 5}).build()
    array = np.array([1.0, -0.5, 0.25, 0.0, 2.0**-14, 2.0**-20, 0.7, -0.72], np.float32)
    assert codec.decode(encoded(codec, array)).tolist() == [1, -0.5, 0.25, 0, 2.0**-14, 2.0**-14, 0.5, -1]


def test_qsgd_rounds_shares_of_the_norm_to_neighbours() -> None:
    codec = Case("qsgd", {"levels": 4, "bucket": 2}).build()
    decoded = codec.decode(encoded(codec, np.array([3.0, -4.0] * 200 + [7.0], np.float32)))
    assert set(decoded[:-1:2]) == {2.5, 3.75}
    assert set(decoded[1:-1:2]) == {-3.75, -5.0}
    assert decoded[-1] == 7


def test_qsgd_saturates_at_a_norm_that_is_too_small() -> None:
    codec = Case("qsgd", {"levels": 4, "bucket": 4, "share_norm": True}).build()
    array = np.array([1.0, -3.0, 0.0, 0.5], np.float32)
    payload = codec.encode(array, {}, rng(), agreed=np.array([0.5], "<f4"))
    assert codec.decode(payload).tolist() == [0.5, -0.5, 0, 0.5]


@pytest.mark.parametrize("options", [{}, {"coding": "gamma"}, {"coding": "omega", "gaps": True}], ids=str)
def test_qsgd_decodes_the_same_from_every_coding(options: dict[str, Any]) -> None:
    array = gaussian((3001,))
    plain, other = (Case("qsgd", {"levels": 7, **more}).build() for more in ({}, options))
    assert (plain.decode(encoded(plain, array)) == other.decode(encoded(other, array))).all()


def test_qsgd_refuses_options_that_do_not_go_together() -> None:
    with pytest.raises(ValidationError, match="Elias"):
        MODULES["qsgd"].OPTIONS(gaps=True)


def test_a_declared_number_of_elements_is_checked() -> None:
    codec = Case("qsgd", {"coding": "gamma", "gaps": True, "bucket": 10**6}).build()
    payload = encoded(codec, gaussian((50,)))
    for number in (51, 2**32 - 1):
        with pytest.raises(CodecError, match="elements of 50"):
            codec.decode(replace(payload, data=payload.data[:4] + number.to_bytes(4, "little") + payload.data[8:]))


def test_top_k_sends_the_largest_and_keeps_the_rest() -> None:
    codec = Case("top-k", {"density": 0.4}).build()
    state = codec.new_state((5,))
    array = np.array([1.0, -5.0, 3.0, -2.0, 0.5], np.float32)
    assert codec.decode(codec.encode(array, state, rng())).tolist() == [0, -5, 3, 0, 0]
    assert state["residual"].tolist() == [1, 0, 0, -2, 0.5]
    assert codec.decode(codec.encode(np.zeros(5, np.float32), state, rng())).tolist() == [1, 0, 0, -2, 0]


def test_equal_elements_are_taken_from_the_first_on() -> None:
    codec = Case("top-k", {"density": 0.5}).build()
    assert codec.decode(encoded(codec, np.ones(4, np.float32))).tolist() == [1, 1, 0, 0]


def test_meprop_keeps_the_largest_of_each_row() -> None:
    codec = Case("top-k", {"density": 0.25, "per": "row", "error_feedback": False}).build()
    array = gaussian((6, 16))
    decoded = codec.decode(encoded(codec, array))
    for row, found in zip(array, decoded, strict=True):
        kept = sorted(row, key=abs)[-4:]
        assert found.tolist() == [value if value in kept else 0 for value in row]
    assert not codec.new_state((6, 16))


def test_a_sparse_payload_must_ascend() -> None:
    codec = Case("top-k", {"density": 0.5}).build()
    payload = encoded(codec, np.array([1.0, 0, 2.0, 0], np.float32))
    for positions in ([2, 0], [0, 0], [0, 4]):
        with pytest.raises(CodecError, match="ascend"):
            codec.decode(replace(payload, data=np.array(positions, "<u4").tobytes() + payload.data[8:]))


def test_positions_beyond_32_bits_are_refused() -> None:
    with pytest.raises(CodecError, match="32 bits"):
        pack_entries(np.array([0, 2**32]), np.ones(2, np.float32))


def test_random_k_of_one_seed_keeps_the_same_elements() -> None:
    codec = Case("random-k", {"density": 0.1, "share_seed": True}).build()
    decoded = [codec.decode(payload) for payload in agreed_payloads(codec, [gaussian((200,), seed=s) for s in (1, 2)])]
    assert np.flatnonzero(decoded[0]).tolist() == np.flatnonzero(decoded[1]).tolist()
    assert np.count_nonzero(decoded[0]) == 20


def dgc_reference(gradients: list[np.ndarray[Any, Any]], momentum: float, kept: int) -> list[np.ndarray[Any, Any]]:
    """Return what is sent, one element after the other."""
    u, v = np.zeros(gradients[0].size), np.zeros(gradients[0].size)
    sent = []
    for gradient in gradients:
        for i, g in enumerate(gradient.reshape(-1)):
            u[i] = momentum * u[i] + g
            v[i] += u[i]
        out = np.zeros(v.size)
        for i in sorted(range(v.size), key=lambda i: -abs(v[i]))[:kept]:
            out[i], u[i], v[i] = v[i], 0, 0
        sent.append(out.reshape(gradient.shape))
    return sent


def test_dgc_corrects_and_masks_the_momentum() -> None:
    codec = Case("dgc", {"density": 0.1, "sample": 1.0}).build()
    gradients = [gaussian((10, 12), seed=step) for step in range(12)]
    state = codec.new_state((10, 12))
    for gradient, expected in zip(gradients, dgc_reference(gradients, 0.9, 12), strict=True):
        np.testing.assert_allclose(codec.decode(codec.encode(gradient, state, rng())), expected, atol=1e-5)


def test_dgc_looks_ahead_and_clips() -> None:
    codec = Case("dgc", {"density": 1.0, "nesterov": True, "clip_norm": 2.0, "workers": 4}).build()
    state = codec.new_state((1, 2))
    decoded = codec.decode(codec.encode(np.array([[3.0, 4.0]], np.float32), state, rng()))
    np.testing.assert_allclose(decoded, [[0.6 * 1.9, 0.8 * 1.9]], rtol=1e-6)  # norm 5 clipped to 2 / sqrt(4)


def test_dgc_sends_vectors_whole_with_ordinary_momentum() -> None:
    codec = Case("dgc", {}).build()
    state = codec.new_state((3,))
    sums = [codec.decode(codec.encode(np.ones(3, np.float32), state, rng()))[0] for _ in range(3)]
    np.testing.assert_allclose(sums, [1, 1.9, 2.71], rtol=1e-6)


def test_dgc_warms_up_by_stages() -> None:
    codec: Any = Case("dgc", {"warmup_steps": 2}).build()
    assert [codec.density(steps) for steps in (0, 1, 2, 4, 6, 7, 8, 10**6)] == [
        0.25, 0.25, 0.0625, 0.015625, 0.004, 0.004, 0.001, 0.001
    ]  # fmt: skip
    assert Case("dgc", {}).build().density(0) == 0.001  # type: ignore[attr-defined]
    state = codec.new_state((100, 100))
    sizes = [codec.encode(gaussian((100, 100), seed=s), state, rng()).nbytes for s in range(9)]
    assert 0.8 * 20000 <= sizes[0] <= 20000
    assert 0.8 * 80 <= sizes[8] <= 80


def test_dgc_lowers_a_threshold_that_lets_through_too_little() -> None:
    array = np.zeros((100, 100), np.float32)
    array[0, :50] = 1
    array[0, 0] = 1000
    codec = Case("dgc", {"density": 0.005, "sample": 0.01}).build()
    for seed in range(20):
        assert codec.decode(encoded(codec, array, seed)).sum() >= 1000 + 39


def test_sbc_sends_the_mean_of_the_larger_side() -> None:
    codec = Case("sbc", {"density": 0.2}).build()
    state = codec.new_state((10,))
    array = np.array([1, -5, 2, 0, 0, 4, -8, 0, 0, 0], np.float32)
    assert codec.decode(codec.encode(array, state, rng())).tolist() == [0, -6.5, 0, 0, 0, 0, -6.5, 0, 0, 0]
    assert state["residual"].tolist() == [1, 1.5, 2, 0, 0, 4, -1.5, 0, 0, 0]


def test_powersgd_is_exact_on_low_rank() -> None:
    codec = Case("powersgd", {"rank": 3}).build()
    array = (gaussian((30, 3)) @ gaussian((3, 50), seed=2)).astype(np.float32)
    np.testing.assert_allclose(codec.decode(encoded(codec, array)), array, atol=1e-5)


def test_powersgd_approaches_the_best_rank_when_it_observes() -> None:
    codec = Case("powersgd", {"rank": 2, "error_feedback": False}).build()
    matrices = [gaussian((30, 40), seed=seed) for seed in (1, 2, 3)]
    mean = sum(values_of(matrix) for matrix in matrices) / 3
    best = np.sqrt((np.linalg.svd(mean, compute_uv=False)[2:] ** 2).sum())
    states = [codec.new_state((30, 40)) for _ in matrices]
    assert all((state["right"] == states[0]["right"]).all() for state in states)
    for _ in range(150):
        workers = list(zip(matrices, states, strict=True))
        agreed = codec.agree([codec.propose(array, state, rng()) for array, state in workers], (30, 40))
        total = codec.average([codec.encode(array, state, rng(), agreed=agreed) for array, state in workers])
        for state in states:
            codec.observe(total, state)
    assert (states[0]["right"] == states[2]["right"]).all()
    np.testing.assert_allclose(np.linalg.norm(states[0]["right"]), np.linalg.norm(codec.decode(total)), rtol=1e-4)
    assert np.linalg.norm(codec.decode(total) - mean) == pytest.approx(best, rel=1e-3)


def test_deflate_never_unpacks_more_than_the_tensor() -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = bomb.compress(bytes(10**8)) + bomb.flush()
    codec = Case("gzip", {}).build()
    tracemalloc.start()
    try:
        with pytest.raises(CodecError, match="exactly"):
            codec.decode(Payload(data, (10,), np.dtype("float32")))
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_zstd_checks_the_declared_size_first() -> None:
    zstandard = pytest.importorskip("zstandard")
    data = zstandard.ZstdCompressor().compress(bytes(10**8))
    with pytest.raises(CodecError, match="declare"):
        Case("zstd", {}).build().decode(Payload(data, (10,), np.dtype("float32")))


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(CodecError, match=r"simcluster\[zstd\]"):
        encoded(Case("zstd", {}).build(), gaussian((5,)))


@pytest.mark.parametrize("data", [b"", b"no state", b"PK\x03\x04" + b"\0" * 40])
def test_what_is_no_state_is_refused(data: bytes) -> None:
    with pytest.raises(CodecError, match="no state"):
        load_state(data)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("fixed-point", {"width": 1}),
        ("qsgd", {"levels": 0}),
        ("qsgd", {"bucket": 0}),
        ("top-k", {"density": 0.0}),
        ("top-k", {"density": 1.1}),
        ("dgc", {"momentum": 1.0}),
        ("dgc", {"warmup": [2.0]}),
        ("gzip", {"level": 10}),
        ("gzip", {"codec": "zlib"}),
        ("none", {"level": 1}),
        ("powersgd", {"rank": 0}),
    ],
)
def test_options_out_of_range_are_refused(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MODULES[name].OPTIONS.model_validate(options)
