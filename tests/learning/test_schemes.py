"""Real schemes on the simulated clock: those that are equal on paper learn the same, and every codec goes with all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simcluster.scenario import ScenarioError
from tests.building import run, scenario
from tests.learning.scenarios import LEARNING, QUADRATIC, learn, losses

UPDATES = 12
SYNC: dict[str, Any] = {"scheme": "sync-ps", "updates": UPDATES, "exchange": "gradients"}
MOMENTUM = {"optimiser": {"rate": 0.2, "momentum": 0.9, "weight_decay": 0.001}}


@pytest.fixture(scope="module", params=["mlp", "quadratic"])
def problem(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"problem": LEARNING["problem"] if request.param == "mlp" else QUADRATIC, **MOMENTUM}


ALL_REDUCE = ["ring-allreduce", "halving-doubling", "tree", "direct", "all-gather"]


@pytest.mark.parametrize("scheme", ALL_REDUCE)
@pytest.mark.parametrize("exchange", ["gradients", "parameters"])
def test_all_reduce_learns_what_a_server_learns(scheme: str, exchange: str, problem: dict[str, Any]) -> None:
    server = learn(SYNC | {"exchange": exchange}, problem)
    ring = learn({"scheme": scheme, "updates": UPDATES, "exchange": exchange}, problem)
    assert losses(ring) == pytest.approx(losses(server), abs=1e-10)
    assert ring.metrics["consensus_distance"] == pytest.approx(0, abs=1e-12)


def test_hierarchical_all_reduce_learns_what_a_server_learns(problem: dict[str, Any]) -> None:
    network = {"topology": "star", "bandwidth": "100 MB/s"}
    training = {"scheme": "hierarchical", "updates": UPDATES, "exchange": "gradients", "workers_per_machine": 2}
    ring = learn(training, problem, network=network)
    assert losses(ring) == pytest.approx(losses(learn(SYNC, problem)), abs=1e-10)


def test_parameters_after_one_local_step_are_as_good_as_gradients(problem: dict[str, Any]) -> None:
    gradients, parameters = learn(SYNC, problem), learn(SYNC | {"exchange": "parameters"}, problem)
    assert losses(parameters) == pytest.approx(losses(gradients), abs=1e-10)


def test_servers_buckets_and_slices_learn_the_same(problem: dict[str, Any]) -> None:
    plain = learn(SYNC, problem)
    shards = learn(SYNC, problem, cluster={"server": {"shards": 3}})
    sliced = learn(SYNC | {"slice_size": "100 B"}, problem)
    buckets = learn(SYNC | {"overlap": "backward", "bucket_size": "60 B"}, problem)
    full = learn(SYNC | {"overlap": "full", "order": "priority"}, problem)
    for other in (shards, sliced, buckets, full):
        assert losses(other) == pytest.approx(losses(plain), abs=1e-12)
        assert other.metrics["bytes_on_wire"] == pytest.approx(plain.metrics["bytes_on_wire"])


def test_async_with_one_worker_is_sequential_sgd(problem: dict[str, Any]) -> None:
    one = {"workers": 1}
    server = learn(SYNC, problem, cluster=one)
    for scheme in ({"scheme": "async-ps"}, {"scheme": "ssp", "bound": 0}):
        alone = learn({"updates": UPDATES, "exchange": "gradients", **scheme}, problem, cluster=one)
        assert (losses(alone) == losses(server)).all()


def test_ssp_with_bound_0_is_sync_with_as_many_times_the_rate() -> None:
    """All compute on the same version; their steps add up instead of being averaged."""
    for kind in (QUADRATIC, LEARNING["problem"]):
        sync = learn(SYNC, {"problem": kind, "optimiser": {"rate": 0.2}})
        training = {"scheme": "ssp", "bound": 0, "updates": 4 * UPDATES, "exchange": "gradients"}
        ssp = learn(training, {"problem": kind, "optimiser": {"rate": 0.05}})
        assert losses(ssp)[::4] == pytest.approx(losses(sync), abs=1e-10)


def test_d_psgd_that_adapts_first_on_a_complete_graph_is_all_reduce(problem: dict[str, Any]) -> None:
    learning = problem | {"optimiser": {"rate": 0.2}}
    ring = learn({"scheme": "ring-allreduce", "updates": UPDATES, "exchange": "gradients"}, learning)
    gossip = {"scheme": "d-psgd", "updates": UPDATES, "graph": "complete"}
    first = learn({**gossip, "averaging": "adapt-then-combine"}, learning)
    assert losses(first) == pytest.approx(losses(ring), abs=1e-10)
    assert first.metrics["consensus_distance"] == pytest.approx(0, abs=1e-12)
    # in the published order each keeps its last gradient for itself
    published = learn({**gossip, "averaging": "combine-then-adapt"}, learning)
    assert published.metrics["consensus_distance"] > 0.01
    if learning["problem"] is QUADRATIC:  # its gradient is linear: the mean goes the same way
        assert losses(published) == pytest.approx(losses(ring), abs=1e-10)
    else:
        apart = np.abs(losses(published) - losses(ring)) / losses(ring)
        assert 1e-5 < apart.max() < 0.1


def test_backup_workers_learn_from_the_first_alone() -> None:
    jitter = {"compute": {"minibatch": 32, "jitter": {"cv": 0.5}}}
    training = {"scheme": "backup-workers", "backups": 1, "updates": 60, "exchange": "gradients"}
    few = learn(training, {"problem": QUADRATIC}, **jitter)
    whole = learn(SYNC | {"updates": 60}, {"problem": QUADRATIC}, **jitter)
    assert few.metrics["total_time_s"] < whole.metrics["total_time_s"]
    assert few.metrics["discarded_updates"] > 0
    assert losses(few)[-1] != losses(whole)[-1]


SCHEMES: list[dict[str, Any]] = [
    {"scheme": "sync-ps", "exchange": "gradients"},
    {"scheme": "sync-ps", "exchange": "parameters", "local_iterations": 3},
    {"scheme": "sync-ps", "exchange": "gradients", "double_buffering": True},
    {"scheme": "backup-workers", "backups": 1, "exchange": "gradients"},
    {"scheme": "async-ps", "exchange": "gradients"},
    {"scheme": "async-ps", "exchange": "parameters", "local_iterations": 2},
    {"scheme": "ssp", "bound": 2, "exchange": "gradients"},
    {"scheme": "easgd", "local_iterations": 2},
    {"scheme": "ring-allreduce", "exchange": "gradients"},
    {"scheme": "ring-allreduce", "exchange": "parameters", "local_iterations": 2},
    {"scheme": "halving-doubling", "exchange": "gradients"},
    {"scheme": "tree", "exchange": "gradients"},
    {"scheme": "direct", "exchange": "gradients"},
    {"scheme": "all-gather", "exchange": "gradients"},
    {"scheme": "d-psgd", "graph": "ring"},
    {"scheme": "ad-psgd", "averaging": "once-per-update"},
    {"scheme": "h-adpsgd", "workers_per_machine": 2, "averaging": "once-per-update"},
]
CODECS = ["none", "gzip", "1-bit-epyc", "qsgd-4bit-max-epyc", "top-k-1pct-epyc", "powersgd-4-epyc", "sbc-1pct-epyc"]


def name_of(training: dict[str, Any]) -> str:
    return "-".join(str(value) for value in training.values())


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("training", SCHEMES, ids=name_of)
def test_every_scheme_learns_with_every_codec(training: dict[str, Any], codec: str) -> None:
    problem = QUADRATIC | {"noise": 0.0, "spread": 0.2}
    learning = {"problem": problem, "optimiser": {"rate": 0.05}, "evaluate_every": 100}
    if training["scheme"] not in ("sync-ps", "all-gather") and codec == "powersgd-4-epyc":
        compression: dict[str, Any] = {"codec": {"profile": codec, "agreed_fraction": 0}}  # there is no barrier for it
    else:
        compression = {"codec": codec}
    result = learn({"updates": 12, **training}, learning, compression=compression)
    found = losses(result)
    assert np.isfinite(found).all()
    assert found[-1] < found[0]
    assert result.metrics["bytes_on_wire"] > 0


@pytest.mark.parametrize("training", SCHEMES, ids=name_of)
def test_lossless_codecs_change_values_in_no_scheme(training: dict[str, Any]) -> None:
    """Where times depend on sizes, so does the order of events: the profile's ratio is that of the payloads here."""
    codec = {"rho": 1, "compress_time": "0 s", "decompress_time": "0 s", "encoder": {"codec": "gzip", "level": 0}}
    training, learning, model = {"updates": 5, **training}, {"coupling": "stand-in"}, {"parameters": "1 MB"}
    plain = learn(training, learning, model=model)
    coded = learn(training, learning, model=model, compression={"codec": codec})
    if training["scheme"] not in ("async-ps", "ssp", "easgd", "ad-psgd", "h-adpsgd", "backup-workers"):
        assert (losses(coded) == losses(plain)).all()
    assert coded.metrics["bytes_on_wire"] > plain.metrics["bytes_on_wire"]


@pytest.mark.parametrize("training", SCHEMES, ids=name_of)
def test_times_are_those_without_learning(training: dict[str, Any]) -> None:
    """A stand-in without a codec leaves the clock alone: every row of every update is the same, bit for bit."""
    sections: dict[str, Any] = {"compute": {"minibatch": 32, "jitter": {"cv": 0.3}}, "model": {"parameters": "1 MB"}}
    without = run({"training": {"updates": 5, **training}, **sections}, record=True)
    learned = learn({"updates": 5, **training}, {"coupling": "stand-in"}, record=True, **sections)
    assert learned.records.rows == without.records.rows
    assert learned.spans.equals(without.spans)
    assert without.metrics["coupling"] is None
    assert learned.metrics["coupling"] == "stand-in"


def test_a_codec_without_an_encoder_is_refused() -> None:
    sections = {"learning": LEARNING, "compression": {"codec": {"rho": 0.2}}}
    with pytest.raises(ScenarioError, match="really encodes"):
        scenario(sections)
    homomorphic = {"codec": {"rho": 0.2, "encoder": {"codec": "fp16"}}, "usage": "homomorphic"}
    with pytest.raises(ScenarioError, match="hypothesis"):
        scenario({"learning": LEARNING, "compression": homomorphic})


def test_a_wrong_encoder_is_refused_at_its_place() -> None:
    codec: dict[str, Any] = {"rho": 0.2, "encoder": {"codec": "1-bitt"}}
    with pytest.raises(ScenarioError, match=r"compression\.codec\.encoder\.codec.*no such codec"):
        scenario({"compression": {"codec": codec}})
    codec["encoder"] = {"codec": "1-bit", "threshold": "median"}
    with pytest.raises(ScenarioError, match=r"compression\.codec\.encoder\.threshold"):
        scenario({"compression": {"codec": codec}})


def test_own_bytes_are_those_of_the_problem() -> None:
    result = learn(SYNC)
    size = 4 * (8 * 6 + 6 + 6 * 3 + 3)
    assert scenario({"learning": LEARNING}).model.parameters == size
    # unicast: each of four workers pushes and pulls everything
    assert result.metrics["bytes_on_wire"] == UPDATES * 8 * size


def test_own_payloads_are_the_bytes_on_the_wire() -> None:
    learning = {"problem": {"kind": "quadratic", "dimension": 100}}
    result = learn(SYNC, learning, compression={"codec": "1-bit-epyc", "direction": "push"})
    # a vector of 100 is one column: 8 bytes and 4 words of 32 bits; four plain pulls
    assert result.metrics["bytes_on_wire"] == UPDATES * 4 * (24 + 400)


def test_agreements_are_the_bytes_on_the_wire() -> None:
    learning = {"problem": {"kind": "softmax"}, "data": LEARNING["data"] | {"features": 40, "classes": 30}}
    sgd = {"profile": "powersgd-4-epyc", "encoder": {"codec": "powersgd", "rank": 2}}
    result = learn(SYNC | {"updates": 3}, learning, compression={"codec": sgd, "direction": "push"})
    # of 30 x 40 weights: left factors of 4 * 2 * 30 bytes there and back, right factors of 4 * 2 * 40; biases whole
    assert result.metrics["bytes_on_wire"] == 3 * 4 * (2 * 240 + 320 + 120 + 4 * 1230)
    assert losses(result)[-1] < losses(result)[0]


def test_a_goal_ends_the_run_and_is_a_metric() -> None:
    learning = {"stop_when": ["accuracy >= 0.8"]}
    result = learn(SYNC | {"updates": 500}, learning)
    metrics = result.metrics
    table = result.learning
    assert metrics["target_reached"] == 1
    first = table[table["accuracy"] >= 0.8].iloc[0]
    assert metrics["time_to_target_s"] == first["time_s"]
    assert metrics["updates_to_target"] == first["update"] == metrics["updates"]
    assert metrics["final_accuracy"] == table["accuracy"].iloc[-1]
    assert metrics["target"] == "accuracy >= 0.8"
    assert set(table["coupling"]) == {"own"}


def test_a_goal_that_is_out_of_reach() -> None:
    metrics = learn(SYNC, {"target": "loss <= 1e-6"}).metrics
    assert metrics["target_reached"] == 0
    assert metrics["time_to_target_s"] is None
    assert metrics["updates"] == UPDATES


def test_the_same_seed_gives_the_same_bytes() -> None:
    training = {"scheme": "ad-psgd", "averaging": "once-per-update", "updates": 30}
    sections: dict[str, Any] = {"compute": {"minibatch": 32, "jitter": {"cv": 0.3}}}
    sections["compression"] = {"codec": "1-bit-epyc"}
    one, other = (learn(training, **sections) for _ in range(2))
    assert one.learning.to_csv() == other.learning.to_csv()
    assert one.metrics == other.metrics
    assert learn(training, seed=8, **sections).learning.to_csv() != one.learning.to_csv()


def test_staleness_costs_on_the_quadratic() -> None:
    """Without noise, the same number of gradients gets less far if they are stale: async against sequential."""
    learning = {"problem": QUADRATIC | {"noise": 0.0, "spread": 0.0, "condition": 1.0}, "optimiser": {"rate": 0.4}}
    fresh = learn({"scheme": "async-ps", "updates": 24, "exchange": "gradients"}, learning, cluster={"workers": 1})
    stale = learn({"scheme": "async-ps", "updates": 24, "exchange": "gradients"}, learning, cluster={"workers": 6})
    assert stale.metrics["staleness_mean"] > 2
    assert losses(stale)[-1] > 10 * losses(fresh)[-1]
