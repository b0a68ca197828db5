"""How far workers and server move towards each other in elastic averaging, seen in what they learn."""

from __future__ import annotations

from typing import Any

import pandas as pd

from tests.learning.scenarios import learn

QUADRATIC = {
    "problem": {"kind": "quadratic", "dimension": 30, "noise": 0.0}, "optimiser": {"rate": 0.5}, "every_worker": True
}  # fmt: skip


def losses(**training: Any) -> pd.DataFrame:
    """Return the loss of the server and of the only worker after each update, in shares of what they begin with."""
    training = {"scheme": "easgd", "updates": 30, **training}
    table = learn(training, QUADRATIC, cluster={"workers": 1}).learning.pivot_table("loss", "update", "entity")
    return table / table["server"].iloc[0]


def test_who_moves_all_the_way_to_a_server_that_stays_learns_nothing() -> None:
    stuck = losses(moving_rate=1.0, server_factor=0.001)
    assert stuck["server"].iloc[-1] > 0.9
    assert stuck["worker-0"].iloc[-1] > 0.3


def test_who_hardly_moves_learns_on_its_own() -> None:
    alone = losses(moving_rate=0.001, server_factor=1.0)
    assert alone["server"].iloc[-1] > 0.9
    assert alone["worker-0"].iloc[-1] < 0.2


def test_both_learn_if_both_move() -> None:
    both = losses(moving_rate=0.5, server_factor=1.0)
    assert (both.iloc[-1] < 0.3).all()
