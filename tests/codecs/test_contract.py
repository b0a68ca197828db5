"""What every codec promises, checked for all of them."""

from __future__ import annotations

import itertools
import sys
import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcluster.codecs.errors import CodecError
from simcluster.codecs.protocol import Codec, Payload
from simcluster.codecs.state import dump_state, load_state
from simcluster.rng import stream
from tests.codecs.cases import (
    ALL_SHAPES,
    CASES,
    MODULES,
    Case,
    agreed_payloads,
    conserves,
    encoded,
    gaussian,
    values_of,
)
from tests.codecs.laws import largest_error, wire_size

SHAPES = [(24, 40), (1000,)]
all_cases = pytest.mark.parametrize("case", CASES, ids=str)


def rng(purpose: str = "test") -> np.random.Generator:
    return stream(1, "contract", purpose)


def same(first: np.ndarray[Any, Any], second: np.ndarray[Any, Any]) -> bool:
    return first.shape == second.shape and first.dtype == second.dtype and first.tobytes() == second.tobytes()


def test_every_codec_has_a_case() -> None:
    assert {case.name for case in CASES} == set(MODULES)
    assert len(MODULES) == 31


@all_cases
def test_the_configuration_round_trips(case: Case) -> None:
    codec = case.build()
    dumped = codec.options.model_dump(mode="json")
    module = MODULES[codec.name]
    assert module.build(module.OPTIONS.model_validate(dumped)) == codec
    assert dumped["codec"] == codec.name == case.name
    assert {key: dumped[key] for key in case.options} == case.options


@all_cases
@pytest.mark.parametrize("shape", ALL_SHAPES, ids=str)
def test_decoding_stays_within_the_error_law(case: Case, shape: tuple[int, ...]) -> None:
    codec, array = case.build(), gaussian(shape)
    payload = encoded(codec, array)
    decoded = codec.decode(payload)
    assert decoded.shape == shape
    assert decoded.dtype == array.dtype
    if codec.lossless:
        assert same(decoded, array)
    allowed = largest_error(codec, array, payload)
    if allowed is not None:
        assert (np.abs(values_of(decoded) - values_of(array)) <= allowed).all()


@all_cases
@pytest.mark.parametrize("shape", ALL_SHAPES, ids=str)
def test_the_payload_has_the_documented_size(case: Case, shape: tuple[int, ...]) -> None:
    codec = case.build()
    payload = encoded(codec, gaussian(shape))
    expected = wire_size(codec, shape, 4)
    assert payload.nbytes == len(payload.data)
    if expected is not None:
        assert payload.nbytes == expected


@all_cases
@pytest.mark.parametrize("dtype", ["float16", "float64", ">f4"])
def test_other_floats_keep_their_type(case: Case, dtype: str) -> None:
    codec, array = case.build(), gaussian((16, 20), dtype)
    payload = encoded(codec, array)
    decoded = codec.decode(payload)
    assert decoded.dtype == array.dtype.newbyteorder("=")
    assert decoded.dtype.isnative
    if codec.lossless:
        assert (decoded == array).all()
    allowed = largest_error(codec, array, payload)
    if allowed is not None:
        assert (np.abs(values_of(decoded) - values_of(array)) <= allowed + 1e-6).all()


@all_cases
def test_memory_layout_makes_no_difference(case: Case) -> None:
    codec, wide = case.build(), gaussian((48, 60))
    for view in (wide[::2, ::-3], wide.T[5:30, 1:24], np.asfortranarray(wide), wide[3]):
        original = view.copy()
        assert encoded(codec, view) == encoded(codec, np.ascontiguousarray(view))
        assert same(view, original), "encoding changed the array"


@all_cases
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_an_empty_tensor_has_an_empty_payload(case: Case, shape: tuple[int, ...]) -> None:
    codec = case.build()
    payload = encoded(codec, np.zeros(shape, np.float32))
    assert payload.nbytes == 0
    assert codec.decode(payload).shape == shape
    assert not codec.rounds(shape)
    with pytest.raises(CodecError, match="empty"):
        codec.decode(replace(payload, data=b"\0"))
    if "add" in codec.algebra:
        assert codec.decode(codec.average([payload, payload])).shape == shape


@all_cases
@pytest.mark.parametrize("value", [0.0, -0.0, 1.5, -1e-30, 1e-42, 65000.0])
def test_constant_tensors_are_encoded(case: Case, value: float) -> None:
    codec = case.build()
    array = np.full((8, 9), value, np.float32)
    payload = encoded(codec, array)
    decoded = codec.decode(payload)
    if codec.lossless:
        assert same(decoded, array)
    allowed = largest_error(codec, array, payload)
    if allowed is not None:
        assert (np.abs(values_of(decoded) - values_of(array)) <= allowed + 2e-43).all()


@all_cases
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(case: Case, bad: float) -> None:
    codec, array = case.build(), gaussian((6, 7))
    array[3, 4] = bad
    with pytest.raises(CodecError, match="nan or inf"):
        encoded(codec, array)


@all_cases
@pytest.mark.parametrize("dtype", ["int32", "bool", "complex64", "object", "longdouble"])
def test_other_types_are_refused(case: Case, dtype: str) -> None:
    with pytest.raises(CodecError, match="float16, float32 and float64"):
        encoded(case.build(), np.ones((2, 3)).astype(dtype))


@all_cases
@pytest.mark.parametrize("value", [3.4e38, -3.4e38])
def test_the_largest_floats_are_encoded_or_refused(case: Case, value: float) -> None:
    codec = case.build()
    array = np.full((8, 9), value, np.float32)
    array[::2] /= 3
    try:
        decoded = codec.decode(encoded(codec, array))
    except CodecError:
        assert not codec.lossless
    else:
        assert np.isfinite(decoded).all()


@all_cases
def test_a_double_beyond_float32_is_refused_or_kept(case: Case) -> None:
    codec, array = case.build(), np.full((3, 3), 1e300)
    if codec.lossless:
        assert same(codec.decode(encoded(codec, array)), array)
    else:
        with pytest.raises(CodecError, match="too large"):
            encoded(codec, array)


@all_cases
def test_the_same_stream_gives_the_same_payloads(case: Case) -> None:
    codec = case.build()
    payloads = []
    for _ in range(2):
        state, draws = codec.new_state((20, 30)), rng()
        payloads.append([codec.encode(gaussian((20, 30), seed=step), state, draws) for step in range(4)])
    assert payloads[0] == payloads[1]


@all_cases
def test_the_state_round_trips(case: Case) -> None:
    codec = case.build()
    state, draws = codec.new_state((20, 30)), rng()
    codec.encode(gaussian((20, 30)), state, draws)
    restored = load_state(dump_state(state))
    assert all(same(restored[name], state[name]) for name in state)
    assert restored.keys() == state.keys()
    following = gaussian((20, 30), seed=2)
    assert codec.encode(following, state, rng()) == codec.encode(following, restored, rng())


@all_cases
def test_the_state_of_another_tensor_is_refused(case: Case) -> None:
    codec = case.build()
    for state in ({}, codec.new_state((5, 6))):
        if codec.new_state((20, 30)):
            with pytest.raises(CodecError, match="another tensor"):
                codec.encode(gaussian((20, 30)), state, rng())


@all_cases
def test_what_was_lost_is_in_the_residual(case: Case) -> None:
    codec = case.build()
    if not conserves(codec):
        return
    state, draws = codec.new_state((20, 30)), rng()
    arrays = [gaussian((20, 30), seed=step) for step in range(6)]
    sent = sum(values_of(codec.decode(codec.encode(array, state, draws))) for array in arrays)
    np.testing.assert_allclose(sent + state["residual"], sum(values_of(array) for array in arrays), atol=2e-5)


@all_cases
def test_claimed_unbiasedness_holds(case: Case) -> None:
    codec = case.build()
    if not codec.lossless and codec.unbiased:
        assert np.abs(standard_errors(codec)).max() < 4


@pytest.mark.parametrize(
    "case",
    [
        Case("fixed-point", {"rounding": "nearest", "fraction": 4}),
        Case("terngrad", {"clip": 1.0}),
        Case("random-k", {"error_feedback": True}),
        Case("top-k", {"density": 0.9}),
    ],
    ids=str,
)
def test_the_statistics_see_a_bias(case: Case) -> None:
    codec = case.build()
    assert not codec.unbiased
    assert np.abs(standard_errors(codec)).max() > 4


def standard_errors(codec: Codec, repeats: int = 500) -> np.ndarray[Any, Any]:
    """Return the mean of weighted sums of the errors, in standard errors of that mean.

    The weights are one, the values themselves (which finds what shrinks), their signs, and random signs.
    """
    array, draws = gaussian((20, 25)), rng("unbiased")
    values = values_of(array).reshape(-1)
    weights = [np.ones(values.size), values, np.sign(values), *rng("weights").choice([-1.0, 1.0], (20, values.size))]
    decoded = [codec.decode(codec.encode(array, codec.new_state(array.shape), draws)) for _ in range(repeats)]
    sums = (np.stack([values_of(one).reshape(-1) for one in decoded]) - values) @ np.stack(weights).T
    with np.errstate(divide="ignore"):
        return sums.mean(axis=0) / (sums.std(axis=0) / np.sqrt(repeats))


@all_cases
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_claimed_algebra_equals_decode_then_operate(case: Case, shape: tuple[int, ...]) -> None:
    codec = case.build()
    payloads = agreed_payloads(codec, [gaussian(shape, seed=worker) for worker in range(5)])
    if "add" not in codec.algebra:
        with pytest.raises(CodecError, match="can't be added"):
            codec.average(payloads)
        return
    decoded = [values_of(codec.decode(payload)) for payload in payloads]
    # fp16 and bf16 round each sum; all others err by the rounding of float32 alone.
    tolerance = {"fp16": 4 * 2.0**-11, "bf16": 4 * 2.0**-8}.get(codec.name, 1e-6) * max(np.abs(sum(decoded)).max(), 1)
    pair = codec.add(codec.add(payloads[0], payloads[1]), codec.add(payloads[2], payloads[3]))
    assert pair.terms == 4
    np.testing.assert_allclose(codec.decode(pair), sum(decoded[:4]), atol=tolerance)
    np.testing.assert_allclose(codec.decode(codec.average(payloads)), sum(decoded) / 5, atol=tolerance / 5)
    np.testing.assert_allclose(codec.decode(codec.average(payloads[:1])), decoded[0], atol=1e-7)


@all_cases
def test_only_like_payloads_are_added(case: Case) -> None:
    codec = case.build()
    if "add" not in codec.algebra:
        return
    first, second = agreed_payloads(codec, [gaussian((24, 40), seed=seed) for seed in (1, 2)])
    others = [encoded(codec, gaussian((40, 24))), replace(second, agreed=b"else"), codec.average([first, second])]
    for other in others:
        with pytest.raises(CodecError, match="can be added"):
            codec.add(first, other)
    with pytest.raises(CodecError, match="nothing"):
        codec.average([])
    with pytest.raises(CodecError):
        codec.add(first, replace(second, data=second.data[:-1]))


@all_cases
def test_rounds_say_what_they_cost(case: Case) -> None:
    codec = case.build()
    array = gaussian((24, 40))
    rounds = codec.rounds(array.shape)
    if not rounds:
        with pytest.raises(CodecError, match="no agreement"):
            codec.propose(array, codec.new_state(array.shape), rng())
        with pytest.raises(CodecError, match="no proposals"):
            codec.agree([array], array.shape)
        return
    (only,) = rounds
    proposal = codec.propose(array, codec.new_state(array.shape), rng())
    assert proposal.nbytes == only.nbytes
    assert len(encoded(codec, array).agreed) == only.nbytes
    payload = encoded(codec, array)
    for agreed in (b"", payload.agreed[:-1], payload.agreed + b"\0"):
        with pytest.raises(CodecError, match="agreement"):
            codec.decode(replace(payload, agreed=agreed))
    other = np.zeros(only.nbytes + 1, np.uint8)
    with pytest.raises(CodecError, match="no proposals"):
        codec.agree([proposal, other], array.shape)
    with pytest.raises(CodecError, match="agreement has"):
        codec.encode(array, codec.new_state(array.shape), rng(), agreed=other)


def damaged(payload: Payload, position: int, value: int, length: int) -> list[Payload]:
    data = payload.data
    at = position % len(data)
    return [
        replace(payload, data=data[:at] + bytes([value]) + data[at + 1 :]),
        replace(payload, data=data[:at]),
        replace(payload, data=data + bytes([value]) * (1 + length)),
        replace(payload, data=bytes([value]) * len(data)),
        replace(payload, data=data[:at] + bytes([value]) * length + data[at + length :]),
        replace(payload, data=data[at:] + data[:at]),
    ]


@all_cases
@settings(max_examples=12, deadline=None)
@given(position=st.integers(0, 10**6), value=st.integers(0, 255), length=st.integers(1, 40))
def test_a_damaged_payload_is_refused_or_decodes_to_finite_numbers(
    case: Case, position: int, value: int, length: int
) -> None:
    codec = case.build()
    for payload in damaged(encoded(codec, gaussian((9, 13))), position, value, length):
        try:
            decoded = codec.decode(payload)
        except CodecError:
            continue
        assert decoded.shape == payload.shape
        assert np.isfinite(decoded).all()


@all_cases
def test_a_payload_of_another_length_is_refused(case: Case) -> None:
    codec = case.build()
    payload = encoded(codec, gaussian((16, 24)))
    for data in (payload.data[:-1], payload.data + b"\0", payload.data[:3], b""):
        with pytest.raises(CodecError):
            codec.decode(replace(payload, data=data))


@all_cases
@pytest.mark.parametrize("size", [0, 3, 1000])
def test_a_huge_shape_allocates_nothing(case: Case, size: int) -> None:
    codec = case.build()
    shape = (200_000, 50_000)
    agreed = bytes(min(sum(only.nbytes for only in codec.rounds(shape)), 4 * 2**20))
    payload = Payload(b"\x5a" * size, shape, np.dtype("float32"), agreed=agreed)
    tracemalloc.start()
    try:
        with pytest.raises(CodecError):
            codec.decode(payload)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@all_cases
def test_decoding_allocates_in_proportion(case: Case) -> None:
    codec, array = case.build(), gaussian((100, 1000))
    payload = encoded(codec, array)
    draws = rng("damage")
    tracemalloc.start()
    try:
        for _ in range(10):
            data = bytearray(payload.data)
            for place in draws.integers(len(data), size=4):
                data[place] = draws.integers(256)
            try:
                codec.decode(replace(payload, data=bytes(data)))
            except CodecError:
                continue
        assert tracemalloc.get_traced_memory()[1] < 2**20 + 30 * array.nbytes
    finally:
        tracemalloc.stop()


@all_cases
def test_decoded_arrays_can_be_written(case: Case) -> None:
    codec = case.build()
    decoded = codec.decode(encoded(codec, gaussian((6, 7))))
    decoded += 1
    assert decoded.flags.owndata or decoded.base is not None


@all_cases
def test_nothing_loops_over_elements(case: Case) -> None:
    codec, array = case.build(), gaussian((400, 500))
    calls = itertools.count()
    codec.decode(encoded(codec, array))  # imports, and whatever is looked up once
    sys.setprofile(lambda *_: next(calls) and None)
    try:
        codec.decode(encoded(codec, array))
    finally:
        sys.setprofile(None)
    assert next(calls) < 5000  # of 200,000 elements


def test_cases_are_told_apart() -> None:
    names = [str(case) for case in CASES]
    assert all(first != second for first, second in itertools.combinations(names, 2))
