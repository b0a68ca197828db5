"""Sharded and co-located servers: the bytes of every role and direction, for all schemes of the family."""

from __future__ import annotations

from typing import Any

import pytest

from tests.building import run
from tests.schemes.parameter_server.cases import CODEC, LAYERS, STAR, carried

#: Schemes, with options that let every worker push and pull once an update of all.
SCHEMES: dict[str, dict[str, Any]] = {
    "sync-ps": {},
    "async-ps": {},
    "ssp": {"bound": 2},
    "backup-workers": {"backups": 0},
    "easgd": {},
}


def updates_of(scheme: str, workers: int, rounds: int) -> int:
    """Return how many updates make so many of every worker."""
    return rounds if scheme in ("sync-ps", "backup-workers") else rounds * workers


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("workers", [2, 3, 7, 16])
def test_a_colocated_server_sends_and_receives_what_the_others_hold(scheme: str, workers: int) -> None:
    rounds = 4
    training = {"scheme": scheme, "updates": updates_of(scheme, workers, rounds), **SCHEMES[scheme]}
    model = {"parameters": f"{workers * 5} MB"}
    changes = {"model": model, "cluster": {"workers": workers, "server": {"placement": "colocated"}}, "network": STAR}
    result = run(changes | {"training": training})
    # Per role: as a worker it sends its share to each other server, as a server it receives one from each other worker.
    share = 5e6
    each = (workers - 1) * share
    links = carried(result)
    # Asynchronous schemes end with the last push: the pulls after it never come.
    pulls = rounds if scheme in ("sync-ps", "backup-workers", "easgd") else rounds - 1
    for worker in range(workers):
        for way in ("down", "up"):
            assert links[f"worker-{worker}/{way}"] == pytest.approx((rounds + pulls) * each, rel=1e-6)
    # What a machine tells itself is on no wire.
    assert result.metrics["bytes_on_wire"] == pytest.approx(workers * (rounds + pulls) * each, rel=1e-6)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("shards", [1, 2, 5])
def test_servers_share_the_load_equally(scheme: str, shards: int) -> None:
    training = {"scheme": scheme, "updates": updates_of(scheme, 4, 3), **SCHEMES[scheme]}
    changes = {"cluster": {"workers": 4, "server": {"shards": shards}}, "network": STAR}
    links = carried(run(changes | {"training": training}))
    for server in range(shards):
        assert links[f"server-{server}/down"] == pytest.approx(3 * 4 * 100e6 / shards, rel=1e-6)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_sharding_and_slicing_make_no_update_partial(scheme: str) -> None:
    training = {
        "scheme": scheme, "updates": updates_of(scheme, 3, 6), "overlap": "backward", "slice_size": "10 MB",
        **SCHEMES[scheme],
    }
    changes = {
        "model": {"layers": LAYERS, "parameters": "100 MB"},
        "cluster": {"workers": 3, "server": {"shards": 2}},
        "compute": {"minibatch_time": "8 s", "jitter": {"distribution": "gamma", "cv": 0.5}},
        "compression": {"codec": CODEC},
        "network": STAR,
    }
    result = run(changes | {"training": training})
    applied = result.updates.query("update > 0")
    assert sorted(set(applied["update"])) == list(range(1, updates_of(scheme, 3, 6) + 1))
    assert applied.groupby("worker")["step"].apply(list).map(lambda steps: steps == sorted(set(steps))).all()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("placement", ["separate", "colocated"])
def test_nobody_starves(scheme: str, placement: str) -> None:
    training = {"scheme": scheme, "updates": updates_of(scheme, 7, 20), **SCHEMES[scheme]}
    changes = {
        "cluster": {"workers": 7, "server": {"placement": placement}},
        "compute": {"jitter": {"distribution": "lognormal", "cv": 1.0}},
        "network": STAR,
    }
    counts = run(changes | {"training": training}, record=False).updates.query("update > 0").groupby("worker").size()
    assert len(counts) == 7
    assert counts.min() > 10
