"""Asynchronous decentralized parallel SGD: by hand, and laws; it can't deadlock."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcluster.schemes.gossip.pairs import PairGraphName
from tests.building import run, scenario

GRAPHS = get_args(PairGraphName)
CODEC = {"rho": 0.5, "compress_time": "4 s", "decompress_time": "2 s"}


def ad_psgd(changes: dict[str, Any] | None = None, **training: Any) -> dict[str, Any]:
    """Return changes of the base scenario: ad-psgd on a star, W/B = 1.5 s, 4 s a minibatch and worker."""
    changes = changes or {}
    return {
        **changes,
        "compute": {"scaling": "weak", "minibatch_time": "4 s", **changes.get("compute", {})},
        "network": {"topology": "star", "bandwidth": f"{100 / 1.5} MB/s", **changes.get("network", {})},
        "training": {"scheme": "ad-psgd", "graph": "ring", "updates": 4, **training},
    }


def applied(result: Any) -> list[tuple[int, str, float, int]]:
    """Return update, worker, time and staleness of all updates that were applied."""
    rows = result.updates.query("update > 0").sort_values("update")
    columns = rows["update"], rows["worker"], rows["applied_s"].round(9), rows["staleness"]
    return list(zip(*(column.tolist() for column in columns), strict=True))


class TestTwoWorkers:
    """Worker 0 is passive, worker 1 active; one averaging takes 1.5 s there and 1.5 s back."""

    def test_gradients_wait_until_the_gossip_thread_is_back(self) -> None:
        # Averagings from 0 to 3, 3 to 6, 6 to 9. Both have a gradient at 4: worker 0 sleeps until 4.5, and applies it
        # at once; worker 1 applies it at 6. At 8 both have the next; worker 0 replies from 7.5 to 9.
        result = run(ad_psgd({"cluster": {"workers": 2}}))
        assert applied(result) == [
            (1, "worker-0", 4, 0), (2, "worker-1", 6, 1), (3, "worker-0", 9, 1), (4, "worker-1", 9, 2),
        ]
        assert result.metrics["total_time_s"] == pytest.approx(9)
        assert result.metrics["idle_share"] == pytest.approx(0)
        assert result.metrics["bytes_on_wire"] == pytest.approx(6 * 100e6)
        assert result.metrics["samples_per_update"] == 64

    def test_one_averaging_an_update(self) -> None:
        # Both gossip threads sleep at 4 and at 8; they average from 4 to 7.
        result = run(ad_psgd({"cluster": {"workers": 2}}, averaging="once-per-update"))
        assert applied(result) == [
            (1, "worker-0", 4, 0), (2, "worker-1", 4, 1), (3, "worker-0", 8, 1), (4, "worker-1", 8, 1),
        ]
        assert result.metrics["bytes_on_wire"] == pytest.approx(2 * 100e6)

    def test_the_compute_thread_waits_if_the_last_gradient_is_not_taken(self) -> None:
        # c = 1 s. The active worker's first gradient is handed over at 1 and applied at 3, so that the second waits
        # from 2 to 3, and the third from 4 to 6: while the own model is sent until 4.5, and the answer comes.
        result = run(ad_psgd({"cluster": {"workers": 2}, "compute": {"minibatch_time": "1 s"}}, updates=12))
        rows = result.updates.query("worker == 'worker-1'").sort_values("step")
        assert rows["applied_s"].tolist()[:3] == pytest.approx([3, 6, 9])
        assert rows["push_s"].tolist()[:3] == pytest.approx([0, 0, 0.5])
        assert rows["pull_s"].tolist()[:3] == pytest.approx([0, 1, 1.5])
        assert rows["start_s"].tolist()[:4] == pytest.approx([0, 1, 3, 6])
        # The passive one is busy only while it answers, from 1.5 to 3 and from 4.5 to 6, and applies at 3 what it has
        # computed at 2 and at 3.
        rows = result.updates.query("worker == 'worker-0'").sort_values("step")
        assert rows["applied_s"].tolist()[:5] == pytest.approx([1, 3, 3, 4, 6])

    def test_codec(self) -> None:
        # Encode 4, send 0.75, decode 2 and encode 4, send 0.75, decode 2: 13.5 s an averaging on the active side.
        changes = {"cluster": {"workers": 2}, "compression": {"codec": CODEC}}
        result = run(ad_psgd(changes, updates=7))
        active = [time for _, worker, time, _ in applied(result) if worker == "worker-1"]
        assert active[0] == 13.5
        spans = result.spans.query("entity == 'worker-0' and lane == 'core-0' and activity != 'wait'").head(2)
        assert spans["activity"].tolist() == ["decode", "encode"]
        assert spans["start_s"].tolist() == [4.75, 6.75]

    def test_averaging_costs_what_adding_up_costs(self) -> None:
        cluster = {"workers": 2, "worker": {"aggregation_rate": "100 MB/s"}}
        # 1.5 there, 1 to average, 1.5 back, 1 to average.
        active = [one[2] for one in applied(run(ad_psgd({"cluster": cluster}))) if one[1] == "worker-1"]
        assert active[0] == 5


def test_three_workers() -> None:
    # Worker 1 averages from 0 to 3, 3 to 6, 6 to 9 with one of the others, who reply in the second halves. At 4 nobody
    # replies, at 8 one of them does, whichever it is.
    result = run(ad_psgd({"cluster": {"workers": 3}}, updates=6))
    assert [time for _, _, time, _ in applied(result)] == [4, 4, 6, 8, 9, 9]
    assert [worker for _, worker, _, _ in applied(result)][:3] == ["worker-0", "worker-2", "worker-1"]


def test_questions_are_answered_first_come_first_served() -> None:
    # A star: two leaves ask the hub at the same time, over its one interface until 3; it answers one from 3 to 4.5, the
    # other from 4.5 to 6. So the hub applies its gradient of 4 at 4.5, between the answers.
    result = run(ad_psgd({"cluster": {"workers": 3}}, graph="star", updates=3))
    assert [(worker, time) for _, worker, time, _ in applied(result)] == [
        ("worker-0", 4.5), ("worker-1", 4.5), ("worker-2", 6),  # the sender is told first that a message has arrived
    ]


@pytest.mark.parametrize("averaging", ["always", "once-per-update"])
def test_one_worker_trains_alone(averaging: str) -> None:
    result = run(ad_psgd({"cluster": {"workers": 1}}, averaging=averaging))
    assert applied(result) == [(step, "worker-0", 4 * step, 0) for step in (1, 2, 3, 4)]
    assert result.metrics["bytes_on_wire"] == 0


@pytest.mark.parametrize("workers", [2, 3, 7, 16])
@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("codec", ["none", CODEC], ids=["plain", "coded"])
def test_laws(workers: int, graph: str, codec: Any) -> None:
    groups = [{"count": 1, "speed": 1 + worker % 3} for worker in range(workers)]
    changes = {
        "cluster": {"groups": groups}, "compression": {"codec": codec},
        "compute": {"jitter": {"distribution": "gamma", "cv": 0.5}},
    }
    updates = 12 * workers
    result = run(ad_psgd(changes, graph=graph, updates=updates))
    rows = result.updates.query("update > 0")
    assert sorted(rows["update"]) == list(range(1, updates + 1))
    assert (rows.sort_values("update")["applied_s"].diff().dropna() >= 0).all()
    assert result.metrics["total_time_s"] == pytest.approx(rows["applied_s"].max())
    assert (rows["staleness"] >= 0).all()
    for _, own in result.updates.groupby("worker"):
        own = own.sort_values("step")
        assert own["step"].tolist() == list(range(1, len(own) + 1))
        assert len(own.query("update > 0")) > 0  # nobody starves
        assert own["start_s"].tolist()[1:] == pytest.approx(own["end_s"].tolist()[:-1])
        # Updates that were applied since the model was copied: counted again, one by one.
        own = own.query("update > 0")
        for start, update, staleness in zip(own["start_s"], own["update"], own["staleness"], strict=True):
            before = rows["applied_s"][rows["update"] < update]
            assert (before > start).sum() <= staleness <= (before >= start).sum()


def test_an_averaging_carries_the_model_each_way() -> None:
    result = run(ad_psgd({"cluster": {"workers": 6}}, updates=60))
    messages = result.transfers[["source", "destinations", "size_bytes"]].itertuples(index=False)
    questions: dict[tuple[str, str], int] = {}
    answers = 0
    for source, destination, size in messages:  # in the order in which they arrived
        assert size == 100e6
        if source in ("worker-1", "worker-3", "worker-5"):
            questions[source, destination] = questions.get((source, destination), 0) + 1
        else:
            answers += 1
            questions[destination, source] -= 1
            assert questions[destination, source] == 0  # one answer to each question, after it
    assert answers > 20


@settings(max_examples=40, deadline=None)
@given(
    speeds=st.lists(st.floats(0.05, 20), min_size=1, max_size=12),
    graph=st.sampled_from(GRAPHS),
    averaging=st.sampled_from(["always", "once-per-update"]),
    bandwidth=st.floats(1, 10_000),
    cv=st.floats(0.1, 2),
    seed=st.integers(0, 1000),
)
def test_it_cannot_deadlock(
    speeds: list[float], graph: str, averaging: str, bandwidth: float, cv: float, seed: int
) -> None:
    changes = {
        "cluster": {"groups": [{"count": 1, "speed": speed} for speed in speeds]},
        "compute": {"jitter": {"distribution": "lognormal", "cv": cv}},
        "network": {"bandwidth": f"{bandwidth} MB/s", "latency": "10 ms"},
        "seed": seed,
    }
    result = run(ad_psgd(changes, graph=graph, averaging=averaging, updates=60), record=False)
    assert result.metrics["updates"] == 60


def test_the_same_seed_gives_the_same_and_another_one_other_partners() -> None:
    changes = {"cluster": {"workers": 8}, "seed": 1}
    training = {"graph": "complete", "updates": 40}
    first = run(ad_psgd(changes, **training))
    assert run(ad_psgd(changes, **training)).updates.equals(first.updates)
    assert run(ad_psgd(changes, **training), record=False).updates.equals(first.updates)
    assert not run(ad_psgd({**changes, "seed": 2}, **training)).updates.equals(first.updates)


def test_homomorphic_codes_once() -> None:
    compression = {"codec": CODEC, "usage": "homomorphic"}
    result = run(ad_psgd({"cluster": {"workers": 2}, "compression": compression}, averaging="once-per-update"))
    assert result.metrics["total_time_s"] == 4 + 8 + 2
    assert result.metrics["encode_s"] == 0


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"exchange": "parameters"}, "undo its local steps"),
        ({"slice_size": "1 MB"}, "in one message"),
        ({"overlap": "full"}, "whole models behind the computation"),
        ({"graph": "random-matching"}, "graph"),
    ],
)
def test_settings_that_make_no_sense(setting: dict[str, Any], words: str) -> None:
    with pytest.raises(Exception, match=words):
        scenario(ad_psgd(**setting))
