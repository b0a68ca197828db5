"""Gradients of several minibatches on the same parameters: they are averaged, not added."""

from __future__ import annotations

import pytest

from tests.learning.scenarios import learn, losses


def test_gradients_without_noise_are_the_same_however_many_are_averaged() -> None:
    exact = {"problem": {"kind": "quadratic", "dimension": 30, "noise": 0.0}, "optimiser": {"rate": 0.2}}
    training = {"scheme": "sync-ps", "exchange": "gradients", "updates": 6}
    one, four = (losses(learn({**training, "local_iterations": count}, exact)) for count in (1, 4))
    assert four == pytest.approx(one, rel=1e-9)
