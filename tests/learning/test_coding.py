"""Messages by real codecs: bytes, states, streams, and how parts become elements."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcluster.cluster.messages import Part
from simcluster.codecs.protocol import Codec
from simcluster.learning.architecture import Tensor
from simcluster.learning.coding import CodecCoder
from simcluster.learning.layout import Layout, Stretch
from simcluster.learning.vector import Kind, Vector
from simcluster.rng import stream
from simcluster.simulation.codec_measuring import build_codec
from simcluster.simulation.registry import Registry

TENSORS = (Tensor("a", (6, 5)), Tensor("b", (6,)), Tensor("c", (4, 6)), Tensor("d", (4,)))
SIZE = 64
OWN = Layout(TENSORS, 4.0 * SIZE)


def coder_of(codec: Codec, layout: Layout = OWN, *, own: bool = True, feedback: bool = True) -> CodecCoder:
    return CodecCoder(
        codec, layout, np.zeros(layout.size), direction="push", own_bytes=own, feedback=feedback, seed=1,
        size_of=lambda size: size / 2,
    )  # fmt: skip


def vector(kind: Kind = "gradient", seed: int = 1, layout: Layout = OWN, part: Part | None = None) -> Vector:
    low, high = (0, layout.size) if part is None else layout.range_of(part)
    values = np.random.default_rng(seed).standard_normal(layout.size)[low:high]
    return Vector(layout, low, values, kind, values / 2 if kind == "contribution" else None)


@settings(deadline=None)
@given(
    edges=st.lists(st.integers(0, 10**9), max_size=20),
    size=st.integers(1, 10**9),
    elements=st.integers(1, 3000),
)
def test_parts_tile_the_vector(edges: list[int], size: int, elements: int) -> None:
    layout = Layout((Tensor("x", (elements,)),), float(size))
    places = [0, *sorted(edge % (size + 1) for edge in edges), size]
    ranges = [layout.range_of(Part(low, high - low)) for low, high in pairwise(places)]
    assert ranges[0][0] == 0
    assert ranges[-1][1] == elements
    assert all(one[1] == other[0] for one, other in pairwise(ranges))


@settings(deadline=None)
@given(start=st.floats(0, 1e9), sizes=st.lists(st.floats(0.1, 1e8), min_size=1, max_size=30))
def test_edges_that_are_sums_of_floats_tile_too(start: float, sizes: list[float]) -> None:
    total = start + math.fsum(sizes)
    layout = Layout((Tensor("x", (997,)),), total)
    parts, at = [], start
    for size in sizes:
        parts.append(Part(at, size))
        at += size
    ranges = [layout.range_of(part) for part in parts]
    assert all(one[1] == other[0] for one, other in pairwise(ranges))


def test_own_bytes_meet_parameters_exactly() -> None:
    assert OWN.range_of(Part(120.0, 24.0)) == (30, 36)
    assert OWN.stretches(30, 36) == [Stretch(0, 6, (6,))]
    assert OWN.stretches(0, 33) == [Stretch(0, 30, (6, 5)), Stretch(30, 33, (3,))]


def test_pieces_of_pieces_join_again() -> None:
    whole = vector("contribution")
    parts = Part(0.0, 256.0).split(3)
    pieces = [whole.piece(part) for part in parts]
    quarters = [pieces[0].piece(part) for part in parts[0].split(2)]
    assert (quarters[0].join(quarters[1:]).array == pieces[0].array).all()
    joined = pieces[0].join(pieces[1:])
    assert (joined.array == whole.array).all()
    assert (joined.change == whole.change).all()
    total = (whole + whole) * 0.5
    assert (total.array == whole.array).all()
    assert (total.change == whole.change).all()
    assert total.terms == 2


NAMES = [name for name in Registry().names("codec") if name not in ("none",)]


@pytest.mark.parametrize("name", NAMES)
def test_a_gradient_is_what_the_codec_makes_of_each_tensor(name: str) -> None:
    codec = build_codec(name)
    coder, states = coder_of(codec), [codec.new_state(tensor.shape) for tensor in TENSORS]
    rng = stream(1, "worker-2", "codec-push")
    for seed in range(3):
        values = vector(seed=seed)
        message = coder.message("worker-2", Part(0.0, 256.0), values, "")
        expected, nbytes, begin = [], 0, 0
        for tensor, state in zip(TENSORS, states, strict=True):
            array = values.array[begin : begin + tensor.size].reshape(tensor.shape)
            payload = codec.encode(array.astype(np.float32) if codec.lossless else array, state, rng)
            codec.observe(payload, state)
            nbytes += payload.nbytes + len(payload.agreed)
            expected.append(array.reshape(-1) if codec.lossless else codec.decode(payload).reshape(-1))
            begin += tensor.size
        assert message.size == nbytes
        assert (message.values.array == np.concatenate(expected)).all()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["gradient", "contribution", "parameters"])
@pytest.mark.parametrize("parts", [1, 5])
def test_every_codec_takes_every_part_of_every_kind(name: str, kind: Kind, parts: int) -> None:
    coder = coder_of(build_codec(name))
    for part in Part(0.0, 256.0).split(parts):
        for seed in range(3):
            given = vector(kind, seed, part=part)
            message = coder.message("worker-0", part, given, "worker-1")
            assert message.size > 0
            assert np.isfinite(message.values.array).all()  # type: ignore[attr-defined]
            assert message.values.low == given.low  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["1-bit", "top-k", "fp16", "powersgd", "qsgd"])
def test_a_stand_in_scales_the_bytes_of_its_payload(name: str) -> None:
    big = 243_860_896.0
    layout = Layout(TENSORS, big)
    own = coder_of(build_codec(name)).message("w", Part(0.0, 256.0), vector(), "")
    large = coder_of(build_codec(name), layout, own=False).message("w", Part(0.0, big), vector(layout=layout), "")
    assert large.size == pytest.approx(big * own.size / 256)


def test_a_part_without_an_element_has_the_size_of_the_profile() -> None:
    layout = Layout(TENSORS, 1e6)
    part = Part(10.0, 100.0)
    message = coder_of(build_codec("1-bit"), layout, own=False).message("w", part, vector(layout=layout, part=part), "")
    assert message.size == 50
    assert len(message.values.array) == 0  # type: ignore[attr-defined]


def test_what_is_lost_comes_later() -> None:
    """Sums of what arrives differ from sums of what was given by the last residual alone."""
    coder = coder_of(build_codec("top-k", ["density=0.1"]))
    given = [vector(seed=seed) for seed in range(40)]
    seen = [coder.message("w", Part(0.0, 256.0), one, "").values.array for one in given]  # type: ignore[attr-defined]
    gap = np.linalg.norm(sum(seen) - sum(one.array for one in given))
    assert gap < 0.5 * sum(np.linalg.norm(one - other.array) for one, other in zip(seen, given, strict=True)) / 8


def test_without_feedback_every_message_is_the_first() -> None:
    coder = coder_of(build_codec("1-bit"), feedback=False)
    messages = [coder.message("w", Part(0.0, 256.0), vector(), "").values.array for _ in range(3)]  # type: ignore[attr-defined]
    assert (messages[0] == messages[2]).all()
    fed_back = coder_of(build_codec("1-bit"))
    messages = [fed_back.message("w", Part(0.0, 256.0), vector(), "").values.array for _ in range(3)]  # type: ignore[attr-defined]
    assert (messages[0] != messages[2]).any()


#: Those that don't lose the same part of everything, as a fixed range or a fixed projection does.
CATCHING_UP = (
    "fp16", "bf16", "dynamic-fixed-point", "1-bit", "qsgd", "terngrad", "dorefa", "signsgd", "logarithmic", "top-k",
    "random-k", "dgc", "sbc", "powersgd",
)  # fmt: skip


@pytest.mark.parametrize("name", CATCHING_UP)
def test_parameters_that_stand_still_are_approached(name: str) -> None:
    coder, goal = coder_of(build_codec(name)), vector("parameters")
    distances = []
    for _ in range(120):
        message = coder.message("server-0", Part(0.0, 256.0), goal, "")
        distances.append(float(np.linalg.norm(message.values.array - goal.array)))  # type: ignore[attr-defined]
    assert distances[-1] < 0.3 * np.linalg.norm(goal.array)
    assert distances[-1] <= distances[0] + 1e-6


def test_every_receiver_has_its_own_difference() -> None:
    coder, goal, part = coder_of(build_codec("1-bit")), vector("parameters"), Part(0.0, 256.0)
    first = coder.message("server-0", part, goal, "worker-0").values.array  # type: ignore[attr-defined]
    second = coder.message("server-0", part, goal, "worker-0").values.array  # type: ignore[attr-defined]
    other = coder.message("server-0", part, goal, "worker-1").values.array  # type: ignore[attr-defined]
    assert (first == other).all()
    assert np.linalg.norm(second - goal.array) < np.linalg.norm(first - goal.array)


def test_a_contribution_arrives_as_what_is_known_and_the_change() -> None:
    values = vector("contribution")
    message = coder_of(build_codec("fp16")).message("w", Part(0.0, 256.0), values, "")
    assert values.known is not None
    expected = values.known + (values.array - values.known).astype(np.float16)
    assert message.values.array == pytest.approx(expected, abs=1e-15)  # type: ignore[attr-defined]


def test_workers_that_agree_share_their_scale() -> None:
    codec = build_codec("qsgd", ["share_norm=true", "norm=max", "levels=7"])
    alone, together = coder_of(codec), coder_of(codec)
    part, given = Part(0.0, 256.0), [vector(seed=seed) for seed in range(3)]
    norms = 4 * len(TENSORS)
    single = [alone.message(f"w{place}", part, one, "") for place, one in enumerate(given)]
    for _ in range(2):
        for place, one in enumerate(given):
            assert together.propose(f"w{place}", part, one, 1.0) == norms
        shared = [together.message(f"w{place}", part, one, "") for place, one in enumerate(given)]
        assert [own.size - one.size for own, one in zip(single, shared, strict=True)] == [norms] * 3
        largest = max(np.abs(one.array[:30]).max() for one in given)
        for message in shared:
            levels = message.values.array[:30] / (largest / 7)  # type: ignore[attr-defined]
            assert np.abs(levels - np.round(levels)).max() < 1e-5


def test_powersgd_with_an_agreement_finds_the_mean_of_low_rank() -> None:
    """Workers whose mean has rank 1 agree on its range, and learn it from the average: exact after one more step."""
    layout = Layout((Tensor("a", (12, 10)),), 480.0)
    coder = coder_of(build_codec("powersgd", ["rank=1"]), layout)
    rng = np.random.default_rng(0)
    mean = np.outer(rng.standard_normal(12), rng.standard_normal(10)).reshape(-1)
    apart = rng.standard_normal(120)
    given = [Vector(layout, 0, mean + sign * apart, "gradient") for sign in (1, -1)]
    for place, one in enumerate(given):
        coder.propose(f"w{place}", Part(0.0, 480.0), one, 0.0)
    sent = [coder.message(f"w{place}", Part(0.0, 480.0), one, "").values for place, one in enumerate(given)]
    found = (sent[0].array + sent[1].array) / 2  # type: ignore[attr-defined]
    assert found == pytest.approx(mean, abs=1e-5)


def test_what_one_sender_lost_is_not_fed_back_to_another() -> None:
    shared, alone = coder_of(build_codec("1-bit")), coder_of(build_codec("1-bit"))
    part = Part(0.0, 256.0)
    shared.message("worker-0", part, vector(seed=1), "")
    second = shared.message("worker-1", part, vector(seed=2), "")
    assert (second.values.array == alone.message("worker-1", part, vector(seed=2), "").values.array).all()  # type: ignore[attr-defined]
