"""The result of one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from simcluster.errors import UserInputError
from simcluster.results.csv_text import to_csv
from simcluster.results.records import Records, RunFacts
from simcluster.results.summary import Summary, summarize

if TYPE_CHECKING:
    import pandas as pd

History = TypeVar("History")


class Result:
    """What one run gave.

    The tables are made when they are first asked for; until then neither numpy nor pandas is imported.

    Parameters
    ----------
    scenario : mapping
        The resolved scenario, as a scenario file would say it.
    seed : int
    version : str
        Version of simcluster that ran it.
    records : Records
    facts : RunFacts

    Attributes
    ----------
    metrics : dict
        The row of ``summary`` as plain numbers.
    """

    def __init__(
        self, scenario: Mapping[str, Any], seed: int, version: str, records: Records, facts: RunFacts
    ) -> None:
        self.scenario = scenario
        self.seed = seed
        self.version = version
        self._records = records
        self.metrics: Summary = summarize(records, facts)

    @property
    def records(self) -> Records:
        """The raw records of the run, from which the tables are made."""
        return self._records

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row: ``update_time_s``, its parts, ``speedup`` and all other metrics of the run."""
        import pandas as pd

        return pd.DataFrame([self.metrics])

    @cached_property
    def updates(self) -> pd.DataFrame:
        """One row per update and worker: start, end and parts of the update [s], and the staleness of its push."""
        from simcluster.results.tables import updates_table

        return updates_table(self._records.rows)

    @cached_property
    def spans(self) -> pd.DataFrame:
        """One row per span of each lane: entity, lane, activity, update, start_s, end_s, size_bytes, cause.

        Raises
        ------
        UserInputError
            If the run was made without ``record=True``.
        """
        from simcluster.results.tables import spans_table

        return spans_table(_recorded(self._records.spans, "spans"), self._records.total_time)

    @cached_property
    def links(self) -> pd.DataFrame:
        """One row per link and stretch of constant rate: start_s, end_s, rate_bytes_per_s, flows, capacity_bytes_per_s.

        Raises
        ------
        UserInputError
            If the run was made without ``record=True``.
        """
        from simcluster.results.tables import links_table

        capacities = {link.name: link.capacity for link in self._records.links}
        return links_table(_recorded(self._records.link_history, "links"), self._records.total_time, capacities)

    @cached_property
    def transfers(self) -> pd.DataFrame:
        """One row per transfer in the order of arrival: source, destinations, start_s, end_s, size_bytes, bottleneck.

        A single shared link without further conditions isn't followed transfer by transfer: it is everybody's
        bottleneck, and ``spans`` says who used it.

        Raises
        ------
        UserInputError
            If the run was made without ``record=True``, or the network is such a link.
        """
        from simcluster.results.tables import transfers_table

        if self._records.transfers is None and self._records.spans is not None:
            raise UserInputError("the network is one shared link, everybody's bottleneck: spans say who used it when")
        return transfers_table(_recorded(self._records.transfers, "transfers"))

    @cached_property
    def learning(self) -> pd.DataFrame:
        """One row per evaluation of what was really learned: time_s, update, entity, loss, accuracy and others.

        Raises
        ------
        UserInputError
            If the scenario has no section ``learning``.
        """
        from simcluster.results.learning import learning_table

        if self._records.learning is None:
            raise UserInputError("nothing was learned: the scenario has no section 'learning'")
        return learning_table(self._records.learning)

    @cached_property
    def incidents(self) -> pd.DataFrame:
        """One row per crash, slow phase, checkpoint and recovery: kind, entity, start_s, end_s."""
        import pandas as pd

        return pd.DataFrame(self._records.incidents, columns=["kind", "entity", "start_s", "end_s"])

    def tables(self) -> dict[str, Callable[[], pd.DataFrame]]:
        """Return what makes each table that the run recorded, by name."""
        known: dict[str, Callable[[], pd.DataFrame]] = {
            "summary": lambda: self.summary,
            "updates": lambda: self.updates,
        }
        if self._records.incidents:
            known |= {"incidents": lambda: self.incidents}
        if self._records.spans is not None:
            known |= {"spans": lambda: self.spans, "links": lambda: self.links}
        if self._records.learning is not None:
            known |= {"learning": lambda: self.learning}
        if self._records.transfers is not None:
            known |= {"transfers": lambda: self.transfers}
        return known

    def to_csv(self, folder: Path) -> list[Path]:
        """Write every table as a CSV file into a folder that exists, and return the paths.

        Parameters
        ----------
        folder : Path
        """
        paths = []
        for name, make in self.tables().items():
            path = folder / f"{name}.csv"
            path.write_text(to_csv(make()), encoding="utf-8", newline="")
            paths.append(path)
        return paths


def _recorded(history: History | None, name: str) -> History:
    if history is None:
        raise UserInputError(f"the run recorded no {name}; simulate(scenario, record=True) does")
    return history
