"""Plans: which parts are exchanged when."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcluster.cluster.messages import Part
from simcluster.schemes.options import SchemeOptions
from simcluster.schemes.plan import LayerTimes, ModelShape, Plan, Step, build_plan

#: Four layers from the input on; the second has no parameters. A minibatch takes 10 s: 4 s forward, 6 s backward.
MODEL = ModelShape(
    60.0, 10.0, [LayerTimes(10, 0.1, 0.1), LayerTimes(0, 0.1, 0.2), LayerTimes(20, 0.1, 0.1), LayerTimes(30, 0.1, 0.2)]
)


def plan(**options: object) -> Plan:
    return build_plan(SchemeOptions.model_validate(options), MODEL)


def approx(steps: tuple[Step, ...]) -> list[tuple[object, tuple[int, ...]]]:
    return [(pytest.approx(step.share), step.parts) for step in steps]


def test_without_overlap_everything_is_ready_at_the_end() -> None:
    assert plan() == Plan((Part(0, 60),), (Step(1.0, (0,)),), (Step(0.0, (0,)),))
    assert plan().is_single


def test_slices_of_everything_form_a_pipeline() -> None:
    sliced = plan(slice_size="25 B")
    assert [(part.start, part.size) for part in sliced.parts] == [(0, 20), (20, 20), (40, 20)]
    assert sliced.backward == (Step(0.0, (0, 1, 2)),)


def test_layer_by_layer_backward() -> None:
    overlapped = plan(overlap="backward")
    assert [(part.start, part.size) for part in overlapped.parts] == [(30, 30), (10, 20), (0, 10)]
    # The backward pass of the layer without parameters (0.2) comes before the first layer's (0.1).
    assert approx(overlapped.backward) == [(0.2, (0,)), (0.1, (1,)), (0.3, (2,))]
    assert approx(overlapped.forward) == [(0.4, (0, 1, 2))]


def test_the_next_forward_pass_waits_for_its_own_layer_alone() -> None:
    assert approx(plan(overlap="full").forward) == [(0.2, (2,)), (0.1, (1,)), (0.1, (0,))]


def test_buckets_hold_a_size() -> None:
    buckets = plan(overlap="full", bucket_size="50 B")
    assert [(part.start, part.size) for part in buckets.parts] == [(10, 50), (0, 10)]
    assert approx(buckets.backward) == [(0.3, (0,)), (0.3, (1,))]


def test_buckets_wait_a_time_at_most() -> None:
    # The first gradient is there after 2 s, the second after 3 s, that of the first layer after 6 s.
    alone = plan(overlap="full", bucket_time="0.5 s")
    assert [part.size for part in alone.parts] == [30, 20, 10]
    # Sent in the middle of the next layer: after 2.5 s, 3.5 s and, with the end of the pass, 6 s.
    assert approx(alone.backward) == [(0.25, (0,)), (0.1, (1,)), (0.25, (2,))]
    two = plan(overlap="full", bucket_time="2 s")
    assert [part.size for part in two.parts] == [50, 10]
    assert approx(two.backward) == [(0.4, (0,)), (0.2, (1,))]
    assert [part.size for part in plan(overlap="full", bucket_time="1 s").parts] == [50, 10]
    assert [part.size for part in plan(overlap="full", bucket_time="4 s").parts] == [60]
    assert [part.size for part in plan(overlap="full", bucket_time="0 s").parts] == [30, 20, 10]


def test_priority_is_the_first_layer_that_needs_it() -> None:
    assert [part.priority for part in plan(overlap="full", order="priority").parts] == [3, 2, 0]


def test_slices_of_a_layer_are_all_needed_by_it() -> None:
    sliced = plan(overlap="full", slice_size="10 B")
    assert [part.size for part in sliced.parts] == [10] * 6
    assert approx(sliced.forward) == [(0.2, (5,)), (0.1, (3, 4)), (0.1, (0, 1, 2))]


def test_overlap_needs_times() -> None:
    with pytest.raises(ValueError, match="time of every layer"):
        build_plan(SchemeOptions(overlap="full"), ModelShape(1.0, 1.0))


layers = st.lists(
    st.tuples(st.integers(0, 50), st.floats(0.01, 1), st.floats(0.01, 1)), min_size=1, max_size=12
).filter(lambda rows: any(size for size, _, _ in rows))


@settings(max_examples=200, deadline=None)
@given(
    layers,
    st.sampled_from(["backward", "full"]),
    st.sampled_from([None, "7 B", "1 kB"]),
    st.sampled_from([None, "0.3 s"]),
    st.sampled_from([None, "5 B"]),
)
def test_parts_tile_the_model_and_steps_tile_the_minibatch(rows, overlap, bucket_size, bucket_time, slice_size) -> None:
    whole = sum(forward + backward for _, forward, backward in rows)
    model = ModelShape(
        float(sum(size for size, _, _ in rows)),
        1.0,
        [LayerTimes(size, forward / whole, backward / whole) for size, forward, backward in rows],
    )
    options = {"overlap": overlap, "bucket_size": bucket_size, "bucket_time": bucket_time, "slice_size": slice_size}
    given_options = {key: value for key, value in options.items() if value is not None}
    made = build_plan(SchemeOptions.model_validate(given_options), model)
    places = sorted((part.start, part.size) for part in made.parts if part.size)
    assert places[0][0] == 0
    assert sum(size for _, size in places) == model.size
    assert all(start + size == after for (start, size), (after, _) in pairwise(places))
    numbers = list(range(len(made.parts)))
    assert [number for step in made.backward for number in step.parts] == numbers
    assert sorted(number for step in made.forward for number in step.parts) == numbers
    assert sum(step.share for step in (*made.forward, *made.backward)) == pytest.approx(1)
