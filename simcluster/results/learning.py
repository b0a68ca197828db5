"""What real training came to: the metrics of the summary, and the table ``learning``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simcluster.learning.history import COLUMNS, MEAN, SERVER, History

if TYPE_CHECKING:
    import pandas as pd

#: Metrics that are numbers, or None where nothing is learned, or the target was not reached.
NUMBERS = (
    "time_to_target_s", "updates_to_target", "target_reached", "final_loss", "final_accuracy", "final_gradient_norm",
    "consensus_distance",
)  # fmt: skip
WORDS = ("coupling", "target")
_NAMES = {SERVER: "server", MEAN: "mean of workers"}


def learned(history: History | None) -> dict[str, float | int | str | None]:
    """Return the metrics of the summary; all None if nothing was learned.

    ``time_to_target_s`` is the simulated time of the first evaluation that met the target; ``target_reached`` is 1 or
    0, so that its mean over replications is the share that reached it. The others are those of the last evaluation.
    """
    if history is None:
        return dict.fromkeys((*NUMBERS, *WORDS))
    return {
        "time_to_target_s": history.reached_s,
        "updates_to_target": history.reached_update,
        "target_reached": int(history.reached_s is not None) if history.goal else None,
        "final_loss": history.final("loss"),
        "final_accuracy": history.final("accuracy"),
        "final_gradient_norm": history.final("gradient_norm"),
        "consensus_distance": history.final("consensus_distance"),
        "coupling": history.coupling,
        "target": history.goal or None,
    }


def learning_table(history: History) -> pd.DataFrame:
    """Return a row for each evaluation, in the order in which they were made.

    Columns: time_s, update, entity (``server``, ``mean of workers`` or a worker), loss (mean over all samples to learn
    from), accuracy (of those kept for evaluation), gradient_norm, consensus_distance (from the workers' mean: the root
    mean square of all, or the worker's own), coupling.
    """
    import numpy as np
    import pandas as pd

    table = pd.DataFrame(np.frombuffer(history.rows, "<f8").reshape(-1, len(COLUMNS)), columns=list(COLUMNS))
    table["update"] = table["update"].astype("int64")
    entities = table["entity"].astype("int64")
    table["entity"] = [_NAMES.get(entity, f"worker-{entity}") for entity in entities]
    table["coupling"] = history.coupling
    return table
