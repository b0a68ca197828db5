"""A run that can't go on ends, and says who waits for what since when."""

from __future__ import annotations

import pytest

from simcluster.errors import StuckError
from tests.building import run


def test_a_link_that_is_cut_for_ever_is_said() -> None:
    # computed at 2 s; the link is cut at 3 s, in the middle of the pushes
    network = {"schedule": [{"at": "3 s", "factor": 0}]}
    with pytest.raises(StuckError) as caught:
        run({"network": network, "cluster": {"workers": 4}})
    message = str(caught.value)
    assert "before the training is over" in message
    assert "worker-0 waits for push in update 1 since 2 s; worker-1 waits for push" in message


def test_only_some_of_many_are_named() -> None:
    with pytest.raises(StuckError, match="; and 4 more"):
        run({"network": {"schedule": [{"at": "0 s", "factor": 0}]}, "cluster": {"workers": 9}})
