"""What an agreement before encoding costs, worked out by hand.

Two workers compute 4 s each. Of 100 MB, 10 MB are proposals; half of the 100 MB is sent in all, over 100 MB/s.
"""

from __future__ import annotations

from typing import Any

import pytest

from simcluster.results import Result
from tests.building import run

CODEC = {"rho": 0.5, "agreed_fraction": 0.1}


def agreed(**sections: Any) -> Result:
    codec = {"codec": CODEC, "direction": "push"}
    changes = {"cluster": {"workers": 2}, "compression": codec, "training": {"updates": 1}, **sections}
    return run(changes)


def test_proposals_agreement_messages_and_results_follow_each_other() -> None:
    result = agreed()
    # Two proposals of 10 MB, two agreements, two messages of 40 MB, and two results of 100 MB.
    assert result.metrics["update_time_s"] == pytest.approx(4 + 0.2 + 0.2 + 0.8 + 2.0)
    assert result.metrics["bytes_on_wire"] == pytest.approx(2 * (10e6 + 10e6 + 40e6 + 100e6))
    assert result.metrics["push_s"] == pytest.approx(0.2 + 0.8)
    assert result.metrics["pull_s"] == pytest.approx(0.2 + 2.0)


def test_the_agreement_waits_for_the_last_proposal() -> None:
    groups = [{"count": 1}, {"count": 1, "speed": 0.5}]
    result = agreed(cluster={"groups": groups})
    # The second worker computes for 8 s; its proposal is alone on the link.
    assert result.metrics["update_time_s"] == pytest.approx(8 + 0.1 + 0.2 + 0.8 + 2.0)
    spans = result.spans.query("lane == 'send' and activity == 'push'")
    encoded = spans[spans["size_bytes"] == pytest.approx(40e6)]
    assert (encoded["start_s"] >= 8.1).all()
    waiting = result.updates.query("worker == 'worker-0'")["wait_s"].item()
    assert waiting == pytest.approx(4.0)


def test_encoding_begins_when_it_is_agreed_on() -> None:
    codec = {"codec": CODEC | {"compress_time": "1 s"}, "direction": "push"}
    result = agreed(compression=codec)
    encode = result.spans.query("activity == 'encode'")
    assert encode["start_s"].tolist() == pytest.approx([4.4, 4.4])
    assert result.metrics["update_time_s"] == pytest.approx(4 + 0.2 + 0.2 + 1 + 0.8 + 2.0)


def test_nobody_agrees_on_nothing() -> None:
    plain = agreed(compression={"codec": {"rho": 0.5}, "direction": "push"})
    assert plain.metrics["update_time_s"] == pytest.approx(4 + 1.0 + 2.0)
