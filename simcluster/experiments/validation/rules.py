"""Which rule holds for which published result, and what a rule can say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from simcluster.scenario.catalogue import published
from simcluster.scenario.catalogue.published import PublishedRow

#: What becomes of a row.
Outcome = Literal["predicted", "input", "no-time", "unknown", "not-modelled"]
Arrangement = Literal["devices", "machines", "devices-and-host"]


@dataclass(frozen=True)
class Predict:
    """How a scenario follows from a row.

    Parameters
    ----------
    arrangement : str
        ``devices``: each is a worker; ``machines``: each is a worker, whose devices compute side by side and add their
        gradients up at no cost; ``devices-and-host``: each is a worker, the parameters are in the host's memory.
    training : mapping
        The section of the scenario.
    per_machine : int or None
        Devices of a machine; all of the row if it isn't given.
    between, inside : str or None
        Kinds of network between machines, and inside of one.
    bandwidth : str or None
        Between machines, where the row states none.
    rate_of_machine : bool
        Whether a machine computes at the published rate of one machine, instead of that of its devices together.
    minibatch : int or None
    minibatch_time : str or None
        Of one device, where the row doesn't state them.
    shards : int or None
        Parameter servers; one on each worker's machine if it isn't given.
    placement : str
    compression : mapping
        The section of the scenario.
    scaling : str
    bytes_per_parameter : int
        On the wire.
    assumed : sequence
        What the rule adds that the source doesn't state; lists in it are flattened.
    """

    arrangement: Arrangement
    training: Mapping[str, Any]
    per_machine: int | None = None
    between: str | None = None
    inside: str | None = None
    bandwidth: str | None = None
    rate_of_machine: bool = False
    minibatch: int | None = None
    minibatch_time: str | None = None
    shards: int | None = None
    placement: str = "separate"
    compression: Mapping[str, Any] = field(default_factory=lambda: {"codec": "none"})
    scaling: str = "weak"
    bytes_per_parameter: int = 4
    assumed: Sequence[Any] = ()


@dataclass(frozen=True)
class Rule:
    """What becomes of the rows that match.

    Parameters
    ----------
    system : str
        Under which name the errors of its rows are summed up.
    rows : mapping of str to str or list of str
        Patterns by column.
    outcome : str
    reason : str
        Why the rows aren't predicted.
    predict : Predict or None
    """

    system: str
    rows: Mapping[str, str | Sequence[str]]
    outcome: Outcome
    reason: str = ""
    predict: Predict | None = None

    def matches(self, row: PublishedRow) -> bool:
        """Say whether the rule is about a row."""
        return all(_fits(getattr(row, column), patterns) for column, patterns in self.rows.items())


def _fits(text: str, patterns: str | Sequence[str]) -> bool:
    several = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatchcase(text, pattern) for pattern in several)


def read_rules() -> list[Rule]:
    """Return the rules of the catalogue, in the order in which they are tried."""
    found = []
    for entry in published.rules():
        predict = entry.pop("predict", None)
        outcome = entry.pop("outcome", "predicted")
        found.append(Rule(**entry, outcome=outcome, predict=None if predict is None else Predict(**predict)))
    return found


def rule_of(row: PublishedRow, rules: Sequence[Rule]) -> Rule:
    """Return the rule that holds for a row: the first that matches.

    Raises
    ------
    LookupError
        If none does: nothing is dropped silently.
    """
    for rule in rules:
        if rule.matches(row):
            return rule
    raise LookupError(f"no rule is about published result {row.row} ({row.source}, {row.model}, {row.scheme})")
