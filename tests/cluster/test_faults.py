"""Random faults: their times, and that one more of anything changes no other draw."""

from __future__ import annotations

import math
from typing import Any
from unittest.mock import patch

import pytest

from simcluster.network.fluid import FluidNetwork
from simcluster.network.link import Link
from simcluster.network.random_times import RandomTime
from simcluster.rng import stream
from tests.building import run

Steps = dict[str, list[tuple[float, float]]]
RANDOM = {"distribution": "exponential", "mean": "3 s"}
DEGRADED = {"kind": "link", "on": "worker-*", "every": RANDOM, "lasts": RANDOM, "factor": 0.5}


def capacities(workers: int, *faults: dict[str, Any], seed: int = 1) -> Steps:
    """Return when the capacity of each link changed in the first 40 s, and to what."""
    found: Steps = {}
    original = FluidNetwork.change_capacity

    def change(self: FluidNetwork, link: Link, capacity: float) -> None:
        if self.env.now < 40:
            found.setdefault(link.name, []).append((self.env.now, capacity))
        original(self, link, capacity)

    # Something is always under way, or changes would be slept through.
    network = {"topology": "star", "bandwidth": "1 MB/s", "latency": "0 s"}
    with patch.object(FluidNetwork, "change_capacity", change):
        sections = {"compute": {"minibatch_time": "1 us"}, "cluster": {"workers": workers}, "network": network}
        run({**sections, "faults": list(faults), "seed": seed}, record=False)
    return found


def test_links_draw_for_themselves() -> None:
    few = capacities(3, DEGRADED)
    assert len(few) == 6  # up and down of each
    assert len({steps[0][0] for steps in few.values()}) == 6
    for more in (capacities(5, DEGRADED), capacities(3, {**DEGRADED, "on": "server-0*"}, DEGRADED)):
        assert {name: more[name] for name in few} == few
    assert capacities(3, DEGRADED, seed=2) != few


def test_two_faults_that_say_the_same_strike_at_times_of_their_own() -> None:
    once, twice = capacities(3, DEGRADED), capacities(3, DEGRADED, DEGRADED)
    for name, steps in once.items():
        assert {time for time, _ in steps} < {time for time, _ in twice[name]}


@pytest.mark.parametrize(
    ("law", "survival"),
    [
        ({"distribution": "exponential"}, lambda x: math.exp(-x)),
        ({"distribution": "weibull", "shape": 0.7}, lambda x: math.exp(-((x * math.gamma(1 + 1 / 0.7)) ** 0.7))),
        (
            {"distribution": "lognormal", "shape": 0.8},
            lambda x: math.erfc((math.log(x) + 0.8**2 / 2) / 0.8 / math.sqrt(2)) / 2,
        ),
        ({"distribution": "pareto", "shape": 3.0}, lambda x: min(1.0, (2 / 3 / x) ** 3)),
    ],
    ids=["exponential", "weibull", "lognormal", "pareto"],
)
def test_random_times_follow_their_law(law: dict[str, Any], survival: Any) -> None:
    """Shares beyond multiples of the mean, by the distribution's own formula, within four standard deviations."""
    drawn, rng, count = RandomTime.model_validate({**law, "mean": "2 s"}), stream(1, "worker-0", "test"), 20_000
    sample = [drawn.draw(rng) for _ in range(count)]
    for multiple in (0.2, 0.5, 0.8, 1.0, 1.5, 3.0):
        share = survival(multiple)
        seen = sum(time > 2 * multiple for time in sample) / count
        assert abs(seen - share) <= 4 * math.sqrt(share * (1 - share) / count) + 1e-12
