"""Double buffering learns one thing, however its parts travel: what travels is what was computed for that update."""

from __future__ import annotations

from typing import Any

import pytest

from tests.learning.scenarios import learn, losses

BUFFERED: dict[str, Any] = {"updates": 12, "exchange": "gradients", "double_buffering": True}
#: So slow that gradients of two updates are on their way at a time.
SLOW = {"topology": "star", "bandwidth": "40 B/s"}
PROBLEM = {"problem": {"kind": "quadratic", "dimension": 100}, "optimiser": {"rate": 0.05}}
SCHEMES = ["sync-ps", "ring-allreduce", "all-gather", "direct"]


def trained(scheme: str, network: dict[str, Any] | None = None, codec: Any = "none", **training: Any) -> Any:
    compression = {"codec": codec, "direction": "push"} if scheme == "sync-ps" else {"codec": codec}
    sections = {"network": SLOW if network is None else network, "compression": compression}
    return learn(BUFFERED | {"scheme": scheme} | training, PROBLEM, **sections)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_slices_and_slow_links_learn_the_same(scheme: str) -> None:
    whole = losses(trained(scheme))
    assert losses(trained(scheme, slice_size="60 B")) == pytest.approx(whole, rel=1e-9)
    assert losses(trained(scheme, {"topology": "star", "bandwidth": "1 GB/s"})) == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize("scheme", ["sync-ps", "ring-allreduce"])
@pytest.mark.parametrize("bandwidth", ["300 B/s", "1 GB/s"])
def test_layers_that_overlap_learn_the_same(scheme: str, bandwidth: str) -> None:
    network = {"topology": "star", "bandwidth": bandwidth}
    whole, full = (
        losses(learn(BUFFERED | {"scheme": scheme, "overlap": overlap}, {}, network=network))
        for overlap in ("none", "full")
    )
    assert full == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize("scheme", ["ring-allreduce", "all-gather", "direct"])
def test_workers_among_themselves_learn_what_a_server_learns(scheme: str) -> None:
    assert losses(trained(scheme)) == pytest.approx(losses(trained("sync-ps")), rel=1e-9)


@pytest.mark.parametrize("scheme", ["sync-ps", "all-gather"])
def test_slow_encoders_agree_on_what_they_encode(scheme: str) -> None:
    def shared(time: str) -> Any:
        encoder = {"codec": "terngrad", "share_scaler": True}
        costs = {"rho": 0.1, "agreed_fraction": 0.01, "compress_time": time, "decompress_time": "0 s"}
        return trained(scheme, codec=costs | {"encoder": encoder})

    quick, slow = shared("0 s"), shared("30 s")
    assert slow.metrics["total_time_s"] > quick.metrics["total_time_s"]
    assert losses(slow) == pytest.approx(losses(quick), rel=1e-9)
    assert slow.metrics["bytes_on_wire"] == quick.metrics["bytes_on_wire"]
