"""The validation page: every published result beside what the simulator predicts for it, or why it predicts nothing."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any

from simcluster.experiments.running import Watch, open_runner, unwatched
from simcluster.experiments.validation.metrics import Pace, in_terms_of, published_value, speed_ratio
from simcluster.experiments.validation.rules import Rule, read_rules, rule_of
from simcluster.experiments.validation.scenarios import Question, question_of
from simcluster.scenario.catalogue import published
from simcluster.scenario.catalogue.published import PublishedRow

if TYPE_CHECKING:
    import pandas as pd


def validate(
    *,
    jobs: int = 1,
    executor: str | Executor | None = None,
    store: str | PathLike[str] | None = None,
    watch: Watch = unwatched,
) -> pd.DataFrame:
    """Predict all published results that can be predicted.

    Parameters
    ----------
    jobs, executor, store
        See :func:`simcluster.sweep`.
    watch : callable
        Told the progress.

    Returns
    -------
    DataFrame
        A row for each published result, in their order:

        - row, system, source, table_or_figure, model, scheme, workers, metric, published_value: as published;
        - outcome: ``predicted``, or ``input``, ``no-time``, ``unknown``, ``not-modelled``; reason: the same in words;
        - published, predicted, relative_error = predicted / published - 1;
        - perfect, perfect_error: the same for a cluster that sends nothing, which a simulator has to beat;
        - speed_ratio: predicted / published speed, above 1 where the simulator is too fast, in whatever the metric is;
        - published_efficiency, predicted_efficiency: share of the rate of as many workers that send nothing;
        - bound: whether the source gives only a bound;
        - assumed: the inputs that the source doesn't state.

    Raises
    ------
    UnfinishedError
        If a run failed.
    """
    import pandas as pd

    rules = read_rules()
    asked = questions()
    with open_runner(jobs, executor, store) as runner:
        found = runner.metrics([question.scenario for question in asked.values()], watch=watch)
    update_times = {number: metrics["update_time_s_p50"] for number, (metrics,) in zip(asked, found, strict=True)}
    lines = []
    for row in published.rows():
        line = _as_published(row, rule_of(row, rules))
        if row.row in asked:
            line |= _predicted(row, asked[row.row], update_times[row.row])
        lines.append(line)
    return pd.DataFrame(lines)


def questions() -> dict[int, Question]:
    """Return what is simulated for each result that can be predicted, by the number of its row."""
    rules = read_rules()
    found = [(row, rule_of(row, rules).predict) for row in published.rows()]
    return {row.row: question_of(row, predict) for row, predict in found if predict is not None}


def errors_by_system(table: pd.DataFrame) -> pd.DataFrame:
    """Sum the errors up.

    Parameters
    ----------
    table : DataFrame
        From :func:`validate`.

    Returns
    -------
    DataFrame
        A row for each system and one, ``all``, for all rows: system, results, median_error and worst_error (of absolute
        relative errors), median_perfect_error (of a cluster that sends nothing), median_speed_ratio.
    """
    import pandas as pd

    predicted = table[table["outcome"] == "predicted"]
    groups = [*predicted.groupby("system", sort=False), ("all", predicted)]
    return pd.DataFrame(
        {
            "system": name,
            "results": len(rows),
            "median_error": rows["relative_error"].abs().median(),
            "worst_error": rows["relative_error"].abs().max(),
            "median_perfect_error": rows["perfect_error"].abs().median(),
            "median_speed_ratio": rows["speed_ratio"].median(),
        }
        for name, rows in groups
    )


def _as_published(row: PublishedRow, rule: Rule) -> dict[str, Any]:
    """Return what was published, and what becomes of it."""
    return {
        "row": row.row,
        "system": rule.system,
        "source": row.source,
        "table_or_figure": row.table_or_figure,
        "model": row.model,
        "scheme": row.scheme,
        "workers": row.workers,
        "metric": row.result_metric,
        "published_value": row.result_value,
        "outcome": rule.outcome,
        "reason": rule.reason,
    }


def _predicted(row: PublishedRow, question: Question, update_time: float) -> dict[str, Any]:
    """Return the prediction of a row beside what was published."""
    pace = Pace(update_time, question.samples, question.worker_rate, question.workers)
    alone = replace(pace, update_time=pace.update_time * pace.efficiency)
    published_number, bound = published_value(row.result_value)
    predicted, perfect = in_terms_of(row.result_metric, pace), in_terms_of(row.result_metric, alone)
    ratio = speed_ratio(row.result_metric, predicted, published_number)
    return {
        "published": published_number,
        "predicted": predicted,
        "relative_error": predicted / published_number - 1,
        "perfect": perfect,
        "perfect_error": perfect / published_number - 1,
        "speed_ratio": ratio,
        "published_efficiency": pace.efficiency / ratio,
        "predicted_efficiency": pace.efficiency,
        "bound": bound,
        "assumed": "; ".join(question.assumed),
    }

