from __future__ import annotations

import math

import pytest

from simcluster.errors import UserInputError
from simcluster.experiments import parse_all, replicate, screen, sensitivity
from simcluster.experiments.estimates import estimate
from tests.building import scenario

# Update time of the base scenario: 8 / 4 + 2 * 4 * 100 MB / chi = 2 + 8 = 10 s.
RANGES = ["network.bandwidth=80..120 MB/s", "compute.minibatch_time=7..9 s", "cluster.worker.cores=1..4"]


def test_elasticities_by_hand() -> None:
    table = sensitivity(scenario()).set_index("setting")
    size = table.loc["model.parameters"]
    assert (size["low"], size["base"], size["high"], size["unit"]) == (
        pytest.approx(90e6), 100e6, pytest.approx(110e6), "bytes"
    )
    assert (size["update_time_s_low"], size["update_time_s_high"]) == (pytest.approx(9.2), pytest.approx(10.8))
    assert size["change"] == pytest.approx(0.16)
    assert size["elasticity"] == pytest.approx(math.log(10.8 / 9.2) / math.log(1.1 / 0.9))
    rate = table.loc["network.bandwidth"]
    assert rate["update_time_s_low"] == pytest.approx(2 + 8 / 0.9)
    workers = table.loc["cluster.workers"]
    assert (workers["low"], workers["high"]) == (3, 5)
    assert workers["update_time_s_low"] == pytest.approx(8 / 3 + 6)
    assert workers["update_time_s_high"] == pytest.approx(8 / 5 + 10)
    assert table.loc["cluster.worker.cores", "change"] == 0
    assert "seed" not in table.index
    assert "training.updates" not in table.index
    assert table["elasticity"].abs().is_monotonic_decreasing


def test_ranges_replace_all_settings() -> None:
    table = sensitivity(scenario(), ranges=parse_all(RANGES))
    assert list(table["setting"]) == ["network.bandwidth", "compute.minibatch_time", "cluster.worker.cores"]
    # 2 + 8 / 0.8 = 12 s to 2 + 8 / 1.2 s
    assert table["change"][0] == pytest.approx((2 + 8 / 1.2 - 12) / 10)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("method", "figure"), [("morris", "mu_star"), ("sobol", "ST")])
def test_the_methods_that_change_all_at_once_agree(method: str, figure: str) -> None:
    pytest.importorskip("SALib")
    table = screen(scenario(), method=method, samples=8, ranges=parse_all(RANGES))  # type: ignore[arg-type]
    assert list(table["setting"]) == ["network.bandwidth", "compute.minibatch_time", "cluster.worker.cores"]
    assert table[figure][2] == pytest.approx(0, abs=1e-9)
    again = screen(scenario(), method=method, samples=8, ranges=parse_all(RANGES))  # type: ignore[arg-type]
    assert table.equals(again)


def test_a_codec_that_says_what_encodes_is_varied_too() -> None:
    pytest.importorskip("SALib")
    encoding = scenario({"compression": {"codec": {"rho": 0.5, "encoder": {"codec": "top-k", "density": 0.25}}}})
    table = screen(encoding, samples=2, ranges=parse_all(RANGES[:2]))
    assert set(table["setting"]) == {"network.bandwidth", "compute.minibatch_time"}


def test_bad_arguments() -> None:
    with pytest.raises(UserInputError, match="between 0 and 1"):
        sensitivity(scenario(), spread=2)
    with pytest.raises(UserInputError, match="given twice"):
        parse_all(["cluster.workers=1..2", "cluster.workers=1..3"])
    with pytest.raises(UserInputError, match="power of two"):
        screen(scenario(), method="sobol", samples=7)


def test_the_elasticity_ranks_whatever_the_ranges() -> None:
    # 2 + 8 s: bandwidth over a wide range changes more than size over a narrow one, but size counts as much per percent
    table = sensitivity(
        scenario(), ranges=parse_all(["compute.minibatch_time=1..100 s", "model.parameters=99..101 MB"])
    )
    assert list(table["setting"]) == ["model.parameters", "compute.minibatch_time"]
    assert table["change"].abs()[0] < table["change"].abs()[1]


def test_ranges_that_are_not_the_asked_ones_are_marked() -> None:
    marks = sensitivity(scenario()).set_index("setting")["range"]
    assert marks["network.goodput"] == "one-sided"
    assert marks["cluster.workers"] == "wider"
    assert marks["network.bandwidth"] == "asked"


def test_replications_give_paired_half_widths() -> None:
    lucky = scenario({"compute": {"jitter": {"cv": 0.3}}})
    assert "change_half_width" not in sensitivity(lucky, ranges=parse_all(RANGES))
    table = sensitivity(lucky, ranges=parse_all(RANGES), replications=4).set_index("setting")
    runs = [
        replicate(lucky.update(compute=lucky.compute.update(minibatch_time=time)), 4).table["update_time_s"]
        for time in (7.0, 9.0, 8.0)
    ]
    paired = estimate(list(runs[1] - runs[0]))
    row = table.loc["compute.minibatch_time"]
    assert row["change"] == pytest.approx(paired.mean / runs[2].mean())
    assert row["change_half_width"] == pytest.approx(paired.half_width / runs[2].mean())
    assert row["elasticity_half_width"] > 0
    assert table.loc["cluster.worker.cores", "change_half_width"] == 0
