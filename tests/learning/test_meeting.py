"""Two workers that average with each other meet in the middle, exactly."""

from __future__ import annotations

from tests.learning.scenarios import learn


def test_two_who_gossip_agree_once_they_have_averaged() -> None:
    # Only the first gradient of each moves it: the rate falls to nothing after it.
    falling = {"rate": 0.5, "schedule": "step", "period": 1, "factor": 1e-15}
    problem = {"kind": "quadratic", "dimension": 30, "noise": 0.3, "spread": 0.5}
    training = {"scheme": "ad-psgd", "exchange": "gradients", "averaging": "once-per-update", "updates": 12}
    options = {"problem": problem, "optimiser": falling}
    table = learn(training, options, cluster={"workers": 2}).learning
    distances = table[~table["entity"].str.startswith("worker")]["consensus_distance"].to_numpy()
    assert distances.max() > 0.01
    assert distances[-1] < 1e-12
