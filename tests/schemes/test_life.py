"""Workers' lives with overlap and double buffering, worked out by hand: one worker, one server, 100 MB/s each way."""

from __future__ import annotations

from typing import Any

import pytest

from simcluster.results import Result
from tests.building import run


def lived(sizes: tuple[int, int], **training: Any) -> Result:
    """Train two layers of so many MB: forward passes of 2 s each, backward ones of 2 s and 4 s."""
    layers = [
        {"name": "first", "parameters": f"{sizes[0]} MB", "forward_time": "2 s", "backward_time": "2 s"},
        {"name": "second", "parameters": f"{sizes[1]} MB", "forward_time": "2 s", "backward_time": "4 s"},
    ]
    return run(
        {
            "model": {"parameters": f"{sum(sizes)} MB", "layers": layers},
            "compute": {"minibatch_time": "10 s"},
            "cluster": {"workers": 1},
            "network": {"duplex": "full"},
            "training": training,
        }
    )


def pushes(result: Result) -> list[float]:
    return list(result.spans.query("activity == 'push'")["start_s"])


def test_a_layer_is_sent_when_its_backward_pass_is_over() -> None:
    result = lived((100, 100), overlap="backward", updates=1)
    assert pushes(result) == [8, 10]
    assert result.metrics["total_time_s"] == 12


def test_nothing_is_sent_before_the_end_without_overlap() -> None:
    result = lived((100, 100), updates=1)
    assert pushes(result) == [10]
    assert result.metrics["total_time_s"] == 14


def test_a_forward_pass_waits_for_the_parameters_of_each_layer() -> None:
    result = lived((100, 600), overlap="full", order="priority", slice_size="100 MB", updates=2)
    # Two slices of the second layer have gone when the first layer, which goes before the other four, is ready at 10 s.
    # It is back at 12 s, and the last slice at 16 s, 2 s after the pass through the first layer.
    computing = result.spans.query("lane == 'compute' and activity == 'compute'")[["start_s", "end_s"]]
    assert computing.to_numpy().tolist() == [[0, 10], [12, 14], [16, 24]]
    assert result.metrics["total_time_s"] == 30


def test_double_buffering_hides_an_exchange_behind_the_next_minibatch() -> None:
    result = lived((60, 40), double_buffering=True, exchange="gradients", updates=3)
    assert result.metrics["total_time_s"] == 32
    assert result.updates["staleness"].tolist() == [0, 1, 1]
    plain = lived((60, 40), exchange="gradients", updates=3)
    assert plain.metrics["total_time_s"] == pytest.approx(36)
