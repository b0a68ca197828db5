"""Searches against closed forms: what is planted is found."""

from __future__ import annotations

import math

import pytest

from simcluster.errors import UserInputError
from simcluster.experiments import break_even_map, optimise, parse_vary, solve
from simcluster.experiments.conditions import parse_condition
from simcluster.experiments.trials import ONE_SEED
from simcluster.simulation import load_scenario
from simcluster.theory.feasibility import largest_overhead, slope
from simcluster.theory.sync_sgd import computation_time, transfer_time, update_time
from tests.building import scenario
from tests.experiments.test_sweeping import FILE

# The base scenario: M = 4, W = 100 MB, chi = 100 MB/s, C = 8 s, pull unicast, i = 1.
W, CHI, C, M = 100e6, 100e6, 8.0, 4
CODEC = {"rho": 0.5, "compress_time": "0 s", "decompress_time": "0 s"}
HOMOMORPHIC = {"compression": {"codec": CODEC, "usage": "homomorphic", "operation_overhead": 1.3}}


def test_the_break_even_ratio_of_a_speed_up() -> None:
    # speed-up = C / (h C / M + 2 rho W M / chi) = 2
    expected = (C / 2 - 1.3 * C / M) / (2 * W * M / CHI)
    found = solve(scenario(HOMOMORPHIC), "compression.codec.rho=0.01..1", "speedup >= 2")
    assert found.x == pytest.approx(expected, rel=1e-3)
    assert found.crossings[0].side == "below"
    assert found.crossings[0].fails.x == pytest.approx(found.x, rel=1e-3)


def test_the_largest_overhead_that_still_wins() -> None:
    vanilla = update_time(M, 1, C, W, CHI, pull="unicast")
    ratio = vanilla / computation_time(M, 1, C)
    expected = largest_overhead(0.5, ratio, slope(M, W, C, CHI, iterations=1, pull="unicast"))
    found = solve(scenario(HOMOMORPHIC), "compression.operation_overhead=1..20", against=scenario())
    assert found.x == pytest.approx(expected, rel=1e-3)


def test_the_break_even_bandwidth_is_varied_in_both() -> None:
    # gzip-like: 3 s to encode and decode at each update against half of the bytes: 8 * 0.5 * 100 MB / chi = 3 s
    codec = {"rho": 0.5, "compress_time": "1 s", "decompress_time": "0 s"}
    with_codec = scenario({"compression": {"codec": codec}, "network": {"bandwidth": "50 MB/s"}})
    found = solve(with_codec, "network.bandwidth=20..2000 MB/s", against=scenario())
    # encoding at the worker and at the server takes 1 s each
    assert found.x == pytest.approx(8 * 0.5 * W / 2.0, rel=1e-3)
    assert found.crossings[0].side == "below"
    assert "network.bandwidth_bytes_per_s" in found.evidence
    assert found.verdict.endswith("holds up to network.bandwidth = 199.999 MB/s") or "200 MB/s" in found.verdict


def test_in_one_alone_if_it_is_asked_for() -> None:
    fast = scenario({"network": {"bandwidth": "400 MB/s"}})
    found = solve(scenario(), "network.bandwidth=50..1000 MB/s", against=fast, both=False)
    assert found.x == pytest.approx(400e6, rel=1e-3)
    assert found.crossings[0].side == "above"


def test_whole_numbers_are_found_exactly() -> None:
    # speed-up of M workers: 8 / (8 / M + 2 M / 10) with chi = 1 GB/s; it holds in the middle
    fast = scenario({"network": {"bandwidth": "1 GB/s"}})
    holds = [m for m in range(1, 65) if 8 / (8 / m + 0.2 * m) >= 2]
    found = solve(fast, "cluster.workers=1..64", "speedup >= 2")
    assert [one.x for one in found.crossings] == [holds[0], holds[-1]]
    assert [one.side for one in found.crossings] == ["above", "below"]
    assert "isn't monotone" in found.verdict
    assert list(found.evidence["cluster.workers"]) == sorted(found.evidence["cluster.workers"])


def test_the_number_of_workers_with_the_shortest_time() -> None:
    for rate in ("1 GB/s", "3 GB/s", "10 GB/s"):
        fast = scenario({"network": {"bandwidth": rate}})
        times = {
            m: update_time(m, 1, C, W, fast.network.bandwidth, pull="unicast") for m in range(1, 201)
        }
        found = optimise(fast, "cluster.workers=1..200")
        assert found.x == min(times, key=times.__getitem__)
        assert found.best.measured.mean == pytest.approx(min(times.values()))
        assert found.single
        assert not found.remarks
        assert len(found.evidence) < 40


def test_golden_section_on_numbers_that_are_not_whole() -> None:
    # rho falls, h grows with it: planted through the update time, h C / M + 2 rho W M / chi; here the end is best
    found = optimise(scenario(HOMOMORPHIC), "compression.codec.rho=0.1..1", "speedup", maximise=True)
    assert found.x == pytest.approx(0.1, rel=2e-3)
    assert found.remarks
    assert found.best.measured.mean == pytest.approx(
        C / (computation_time(M, 1, C, operation_overhead=1.3) + transfer_time(M, W, CHI, 0.1, "unicast")), rel=2e-3
    )


@pytest.mark.parametrize(
    ("until", "words"),
    [("speedup >= 1000", "holds nowhere"), ("speedup > 0", "holds everywhere"), ("workers >= 1", "has no effect")],
)
def test_no_break_even_is_said(until: str, words: str) -> None:
    found = solve(scenario(HOMOMORPHIC), "compression.codec.rho=0.1..1", until)
    assert words in found.verdict
    assert len(found.evidence) == 9
    with pytest.raises(UserInputError, match=words):
        _ = found.x


def test_replications_give_half_widths() -> None:
    lucky = scenario({"compute": {"jitter": {"cv": 0.3}}})
    found = solve(lucky, "network.bandwidth=50..1000 MB/s", "speedup >= 1.5", replications=3)
    assert (found.evidence["speedup_half_width"] > 0).all()
    assert found.evidence["holds"].is_monotonic_increasing


def test_a_map_over_two_parameters() -> None:
    table = break_even_map(
        FILE,
        "compression.codec.rho=0.01..1",
        {"cluster.workers": [8, 16], "network.bandwidth": "1 Gbit/s,2 Gbit/s"},
        "speedup >= 4",
        presets=["homomorphic"],
    )
    assert list(table.columns) == [
        "cluster.workers", "network.bandwidth_bytes_per_s", "compression.codec.rho", "holds"
    ]
    base = load_scenario(FILE)
    time_alone = base.compute.minibatch_time * 200
    for row in table.to_dict("records"):
        workers, rate = row["cluster.workers"], row["network.bandwidth_bytes_per_s"]
        latency = 2 * base.network.latency
        spare = time_alone / 4 - 1.3 * time_alone / workers - latency
        expected = spare * rate / (2 * workers * base.model.parameters)
        assert row["compression.codec.rho"] == pytest.approx(expected, rel=1e-3)
        assert row["holds"] == "below"


def test_a_map_says_where_there_is_no_break_even() -> None:
    table = break_even_map(
        FILE, "compression.codec.rho=0.1..1", {"cluster.workers": [2, 16]}, "speedup >= 3", presets=["homomorphic"]
    )
    assert list(table["holds"]) == ["nowhere", "below"]
    assert math.isnan(table["compression.codec.rho"][0])


def test_a_map_against_a_codec_that_says_what_encodes() -> None:
    encoding = {"compression": {"codec": {"rho": 0.5, "encoder": {"codec": "top-k", "density": 0.25}}}}
    against = scenario(encoding | {"cluster": {"workers": 4}, "network": {"bandwidth": "1 Gbit/s"}})
    table = break_even_map(
        FILE, "compression.operation_overhead=1..20", {"cluster.workers": [2, 4]}, against=against,
        presets=["homomorphic"],
    )
    assert list(table["cluster.workers"]) == [2, 4]


def test_a_map_against_another_scenario_sets_both() -> None:
    vanilla = load_scenario(FILE)
    table = break_even_map(
        FILE, "compression.operation_overhead=1..20", {"cluster.workers": [4, 16]}, against=vanilla,
        presets=["homomorphic"],
    )
    for row in table.to_dict("records"):
        workers = row["cluster.workers"]
        ideal = computation_time(workers, 200, vanilla.compute.minibatch_time)
        sent = transfer_time(workers, vanilla.model.parameters, vanilla.network.bandwidth, pull="unicast")
        assert row["compression.operation_overhead"] == pytest.approx(1 + 0.8 * sent / ideal, rel=1e-3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cluster.workers", "expected PATH=LOW..HIGH"),
        ("cluster.workers=5..5", "must lie below"),
        ("network.bandwidth=1 Gbit/s..10", "write 1..10 Gbit/s"),
        ("network.bandwidth=1..10 Gbitt/s", "isn't a unit"),
    ],
)
def test_bad_ranges(text: str, message: str) -> None:
    with pytest.raises(UserInputError, match=message):
        parse_vary(text)


def test_ranges_with_units() -> None:
    one = parse_vary("network.bandwidth=100 Mbit/s..10 Gbit/s")
    assert (one.low, one.high, one.column) == (12.5e6, 1.25e9, "network.bandwidth_bytes_per_s")
    assert one.text(one.low) == "0.1 Gbit/s"
    assert one.steps(3) == [12.5e6, pytest.approx(125e6), 1.25e9]


def test_a_setting_that_does_not_exist_is_said() -> None:
    with pytest.raises(UserInputError, match="worker"):
        solve(scenario(), "cluster.wokers=1..4", "speedup > 1")


@pytest.mark.parametrize("text", ["speedup", "speedup => 3", "speedup >= fast", ">= 3", "speedup >= nan"])
def test_bad_conditions(text: str) -> None:
    with pytest.raises(UserInputError, match="expected METRIC >= VALUE"):
        parse_condition(text)


def test_a_condition_may_carry_a_unit() -> None:
    assert parse_condition("update_time_s < 2 min").value == 120
    with pytest.raises(UserInputError, match="not both"):
        solve(scenario(), "cluster.workers=1..4", "speedup > 1", against=scenario())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("update_time_s <= 2 MB", "update_time_s is a time"),
        ("update_time_s_p95 <= 2 MB", "update_time_s_p95 is a time"),
        ("bytes_on_wire <= 500 s", "bytes_on_wire is a size"),
        ("speedup >= 8 s", "speedup has no unit"),
        ("samples_per_s >= 8 s", "samples_per_s has no unit"),
    ],
)
def test_a_value_that_does_not_fit_its_metric(text: str, message: str) -> None:
    with pytest.raises(UserInputError, match=message):
        parse_condition(text)


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ("network.bandwidth=1..40", "the unit is missing; expected one such as in '1 Gbit/s'"),
        ("network.bandwidth=1..40 s", "'s' doesn't fit; expected one such as in '1 Gbit/s'"),
        ("cluster.workers=1..40 s", "'s' doesn't fit; it takes plain numbers"),
    ],
)
def test_a_range_needs_the_unit_of_its_setting(vary: str, message: str) -> None:
    with pytest.raises(UserInputError, match=message):
        solve(scenario(), vary, "speedup > 1")


LUCKY = {"compute": {"jitter": {"cv": 0.3}}}


def test_the_range_in_doubt_is_where_the_paired_interval_holds_zero() -> None:
    found = solve(scenario(LUCKY), "network.bandwidth=50..1000 MB/s", "speedup >= 1.5", replications=5)
    (one,) = found.crossings
    assert 50e6 < one.low < one.x < one.high < 1000e6
    rows = found.evidence.rename(columns={"network.bandwidth_bytes_per_s": "x"})
    doubtful = rows[(rows["speedup"] - 1.5).abs() <= rows["speedup_half_width"]]
    assert (one.low, one.high) == (doubtful["x"].min(), doubtful["x"].max())
    clear = rows[(rows["x"] < one.low) | (rows["x"] > one.high)]["x"]
    # the next trials that are clear lie near both ends
    width = one.high - one.low
    assert one.low - clear[clear < one.low].max() < 0.2 * width
    assert clear[clear > one.high].min() - one.high < 0.2 * width
    assert "in doubt from" in found.verdict
    assert "5 replications" in found.verdict
    answer = found.verdict.partition("network.bandwidth = ")[2].split()[0]
    assert abs(float(answer) * 1e6 - one.x) <= width
    assert len(answer.replace(".", "")) < 6


def test_two_lucky_scenarios_are_compared_in_pairs() -> None:
    # the same luck on both sides: the break-even is certain, though each side alone is not
    fast = scenario({**LUCKY, "network": {"bandwidth": "400 MB/s"}})
    found = solve(
        scenario(LUCKY), "network.bandwidth=50..1000 MB/s", against=fast, both=False, replications=4
    )
    (one,) = found.crossings
    assert one.high - one.low < 1e-3 * one.x
    assert (found.evidence["update_time_s_half_width"] > 0).all()
    assert (found.evidence["difference_half_width"] <= found.evidence["update_time_s_half_width"]).all()


def test_an_answer_for_one_seed_is_said_to_be_one() -> None:
    assert solve(scenario(LUCKY), "network.bandwidth=50..1000 MB/s", "speedup >= 1.5").one_seed
    assert not solve(scenario(), "network.bandwidth=50..1000 MB/s", "speedup >= 1.5").one_seed
    assert not solve(scenario(LUCKY), "network.bandwidth=50..1000 MB/s", "speedup >= 1.5", replications=2).one_seed
    assert ONE_SEED in optimise(scenario(LUCKY), "cluster.workers=1..8").remarks


def test_what_can_not_be_told_from_the_best() -> None:
    found = optimise(scenario(LUCKY), "compute.minibatch=60..64", replications=3)
    # the minibatch moves no time at all
    assert found.doubt == (60, 64)
    assert any("can't be told from the best" in remark for remark in found.remarks)


def test_a_map_with_replications_tells_the_range_in_doubt() -> None:
    table = break_even_map(
        FILE, "network.bandwidth=1..40 Gbit/s", {"compute.jitter.cv": [0.2, 0.3]}, "speedup >= 4",
        replications=3,
    )
    x = table["network.bandwidth_bytes_per_s"]
    assert (table["low"] < x).all()
    assert (x < table["high"]).all()
