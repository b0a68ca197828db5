"""Scenarios that learn, for tests: the small problem's own bytes unless they say otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from simcluster.results import Result
from tests.building import run

LEARNING: dict[str, Any] = {
    "coupling": "own",
    "problem": {"kind": "mlp", "hidden": [6]},
    "data": {"source": "synthetic", "samples": 400, "features": 8, "classes": 3},
    "optimiser": {"rate": 0.2},
    "evaluate_every": 1,
}
QUADRATIC = {"kind": "quadratic", "dimension": 30, "noise": 0.3, "spread": 0.5}


def learn(
    training: dict[str, Any], learning: dict[str, Any] | None = None, record: bool = False, **sections: Any
) -> Result:
    """Simulate a scenario that learns."""
    options = dict(LEARNING)
    for key, value in (learning or {}).items():
        options[key] = value
    sections.setdefault("compute", {"minibatch": 32})
    return run({"learning": options, "training": training, **sections}, record=record)


def losses(result: Result) -> np.ndarray:
    """Return the loss at each evaluation of the global parameters."""
    table = result.learning
    return table.loc[~table["entity"].str.startswith("worker"), "loss"].to_numpy()
