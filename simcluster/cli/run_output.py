"""What ``simcluster run --out`` writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from simcluster.cli.output import Folder
from simcluster.cli.plotting import Wanted, figure_of
from simcluster.cli.theory_columns import theory_columns
from simcluster.errors import UserInputError
from simcluster.plots import save
from simcluster.results import Result
from simcluster.scenario import Scenario, to_yaml
from simcluster.trace import write_trace


def write_run(
    folder: Folder, scenario: Scenario, result: Result, plots: Sequence[Wanted], *, trace: bool = False
) -> Iterator[Path]:
    """Write the resolved scenario, the tables, the trace if wanted, and the pictures of a run; yield each file.

    Pictures come last: one that can't be drawn loses nothing that was simulated.
    """
    place = folder.make()
    resolved = place / "scenario.yaml"
    resolved.write_text(to_yaml(scenario), encoding="utf-8")
    yield resolved
    yield from result.to_csv(place)
    if trace:
        write_trace(place / "trace.json", result.spans, result.links)
        yield place / "trace.json"
    for wanted in plots:
        yield from save(figure_of(wanted, _table(wanted, scenario, result)), place / wanted.kind)


def _table(wanted: Wanted, scenario: Scenario, result: Result) -> pd.DataFrame:
    if wanted.kind == "timeline":
        return result.spans
    if wanted.kind == "links":
        return result.links
    if wanted.kind == "operation-shares":
        shares = scenario.model.operation_shares
        if not shares:
            raise UserInputError(
                f"--plot operation-shares: the model {scenario.model.name!r} states no operation_shares; "
                "'simcluster list models' shows which do"
            )
        return pd.DataFrame({"operation": list(shares), "share": list(shares.values())})
    row = {"cluster.workers": scenario.cluster.total_workers, **result.metrics, **theory_columns(scenario)}
    return pd.DataFrame([row])
