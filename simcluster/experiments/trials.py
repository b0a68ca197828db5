"""Trials of a search: runs of a scenario with one setting varied, under common random numbers, kept as evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simcluster.experiments.conditions import Condition
from simcluster.experiments.estimates import Estimate, estimate
from simcluster.experiments.replicating import numbers_of
from simcluster.experiments.running import Runner
from simcluster.experiments.varying import Vary

if TYPE_CHECKING:
    import pandas as pd

    from simcluster.scenario import Scenario

#: What is to be said about an answer that another seed would change.
ONE_SEED = "the answer is that of one seed, and others give others: --replications N says how sure it is"
#: Settings under this section describe how one scenario compresses; all others its cluster and its training.
_OWN = "compression"


@dataclass(frozen=True)
class Subject:
    """What is tried.

    Parameters
    ----------
    scenario : Scenario
    vary : Vary
    against : Scenario or None
        Another scenario that it is measured against, under the same seed.
    both : bool
        Whether the setting is varied in the other one, too.
    """

    scenario: Scenario
    vary: Vary
    against: Scenario | None = None
    both: bool = False

    def at(self, x: float) -> list[Scenario]:
        """Return the scenarios to run for a value of the setting: its own, and that it is measured against."""
        own = [self.vary.applied(self.scenario, x)]
        if self.against is None:
            return own
        other = self.vary.applied(self.against, x) if self.both else self.against
        return [*own, other.update(seed=self.scenario.seed)]


def is_shared(setting: str) -> bool:
    """Return whether two scenarios that are compared share a setting, unless somebody says otherwise.

    The cluster, the network, the model and the training are shared; how the scenario compresses is its own. So a
    break-even bandwidth varies the network of both, and a break-even ratio the codec of one.
    """
    return setting.split(".")[0] != _OWN


@dataclass(frozen=True)
class Trial:
    """The outcome at one value of the setting.

    Parameters
    ----------
    x : float
        In base units.
    measured : Estimate
        The metric.
    reference : float
        What the condition compares it with; nan if there is none.
    holds : bool
        Whether the condition holds for the mean; False if there is none.
    values : sequence of float
        The metric minus the reference (if there is one), replication by replication: paired, since both sides of each
        drew the same random numbers.
    """

    x: float
    measured: Estimate
    reference: float
    holds: bool
    values: Sequence[float]

    def clear(self, confidence: float, other: Trial | None = None) -> bool:
        """Return whether the interval of the paired difference, to the reference or another trial, excludes 0."""
        others = (0.0,) * len(self.values) if other is None else other.values
        paired = [own - theirs for own, theirs in zip(self.values, others, strict=True)]
        return estimate(paired, confidence).excludes_zero


class Trials:
    """Tries values of a setting, each once.

    Parameters
    ----------
    runner : Runner
    subject : Subject
    metric : str
    condition : Condition or None
    replications : int
        Runs for each value, under seeds that all values share.
    confidence : float
    """

    def __init__(
        self,
        runner: Runner,
        subject: Subject,
        metric: str,
        condition: Condition | None,
        replications: int,
        confidence: float = 0.95,
    ) -> None:
        self._runner = runner
        self.subject = subject
        self.metric = metric
        self._condition = condition
        self._replications = range(replications)
        self.confidence = confidence
        self._known: dict[float, Trial] = {}

    @property
    def vary(self) -> Vary:
        """The setting."""
        return self.subject.vary

    def at(self, values: Sequence[float]) -> list[Trial]:
        """Try some values, at once as far as the pool allows, and return their trials.

        Raises
        ------
        UserInputError
            If the scenario doesn't take a value, or has no such metric.
        UnfinishedError
            If a run failed three times.
        """
        new = [x for x in dict.fromkeys(values) if x not in self._known]
        scenarios = [self.subject.at(x) for x in new]
        width = 1 if self.subject.against is None else 2
        rows = self._runner.metrics([one for pair in scenarios for one in pair], self._replications)
        for place, x in enumerate(new):
            measured, *others = (numbers_of(row, self.metric) for row in rows[place * width : (place + 1) * width])
            self._known[x] = self._trial(x, measured, others[0] if others else None)
        return [self._known[x] for x in values]

    @property
    def known(self) -> list[Trial]:
        """All trials, from low to high."""
        return [self._known[x] for x in sorted(self._known)]

    @property
    def replications(self) -> int:
        """Runs for each value."""
        return len(self._replications)

    def one_seed(self, x: float) -> bool:
        """Return whether what is found holds for one seed alone: there is one replication, and a second one differs."""
        if self.replications > 1:
            return False
        rows = self._runner.metrics(self.subject.at(x), (0, 1))
        return any(len(set(numbers_of(row, self.metric))) > 1 for row in rows)

    def _trial(self, x: float, measured: Sequence[float], other: Sequence[float] | None) -> Trial:
        found = estimate(measured, self.confidence)
        if self._condition is None:
            return Trial(x, found, float("nan"), False, measured)
        reference = self._condition.value if other is None else estimate(other).mean
        if reference is None:
            raise ValueError("a condition without a value needs another scenario")
        paired = [own - theirs for own, theirs in zip(measured, other or [reference] * len(measured), strict=True)]
        return Trial(x, found, reference, self._condition.holds(found.mean, reference), paired)

    @property
    def evidence(self) -> pd.DataFrame:
        """All trials by value: the setting, the metric, and what there is of half-width, reference and ``holds``."""
        import pandas as pd

        trials = self.known
        columns: dict[str, list[object]] = {
            self.vary.column: [int(one.x) if self.vary.whole else one.x for one in trials],
            self.metric: [one.measured.mean for one in trials],
        }
        if len(self._replications) > 1:
            columns[f"{self.metric}_half_width"] = [one.measured.half_width for one in trials]
        if self._condition is not None:
            if self.replications > 1 and self.subject.against is not None:
                columns["difference_half_width"] = [estimate(one.values, self.confidence).half_width for one in trials]
            columns |= {"reference": [one.reference for one in trials], "holds": [one.holds for one in trials]}
        return pd.DataFrame(columns)


def subject_of(
    scenario: Scenario, vary: Vary, against: Scenario | None = None, both: bool | None = None
) -> Subject:
    """Return what is tried; see :class:`Subject`, and :func:`is_shared` for ``both`` if it is None."""
    fitted = vary.fitted(scenario)
    shared = is_shared(vary.setting) if both is None else both
    return Subject(scenario, fitted, against, against is not None and shared)


