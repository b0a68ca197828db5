"""The report of one run: how long an update takes, what limits it, where the time goes, who did what when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from simcluster.analysis import Explanation
from simcluster.analysis.explaining import explain_tables
from simcluster.plots import style
from simcluster.report.html import Html, bar, join, page, table, tag
from simcluster.report.pieces import Gallery, key_figures, number, seconds, settings_table, size
from simcluster.results import Result

#: Where more updates than this differ, their times are a line.
_FEW = 2
_SAME = 1e-9
#: Incidents that are told one by one.
_MOST_INCIDENTS = 20


@dataclass(frozen=True)
class RunTables:
    """What a report is made of: the tables of a run, as :class:`Result` has them and ``run --out`` writes them.

    Attributes
    ----------
    scenario : mapping
        The resolved scenario.
    summary : mapping
        The row of ``summary``.
    updates : DataFrame
    spans, links : DataFrame or None
        None if the run didn't record them.
    learning : DataFrame or None
        None if nothing was learned.
    incidents : DataFrame or None
        None if nothing went wrong, and no checkpoint was written.
    """

    scenario: Mapping[str, Any]
    summary: Mapping[str, Any]
    updates: pd.DataFrame
    spans: pd.DataFrame | None
    links: pd.DataFrame | None
    learning: pd.DataFrame | None = None
    incidents: pd.DataFrame | None = None

    @classmethod
    def of(cls, result: Result) -> RunTables:
        """Return the tables of a result."""
        made = {name: make() for name, make in result.tables().items()}
        optional = {name: made.get(name) for name in ("spans", "links", "learning", "incidents")}
        return cls(result.scenario, result.metrics, result.updates, **optional)


def run_page(run: RunTables) -> str:
    """Return the report of a run as a whole HTML document.

    Parameters
    ----------
    run : RunTables
    """
    name = str(run.scenario.get("name", "run"))
    return page(name, _sections(name, run))


def _sections(name: str, run: RunTables) -> Iterator[Html]:
    gallery = Gallery()
    yield tag("h1", name)
    if run.scenario.get("description"):
        yield tag("p", str(run.scenario["description"]))
    if pd.notna(run.summary.get("incomplete")):
        yield tag("p", f"Incomplete: {run.summary['incomplete']}. Below is what was simulated until then.")
    yield key_figures(list(_figures(run.summary)))
    yield tag("h2", "Where the time of an update goes")
    yield _parts(run.summary)
    yield from _over_updates(run, gallery)
    if run.updates["staleness"].max() > 0:
        yield gallery.picture("staleness", run.updates, "How stale updates were when they were applied.")
    yield from _learning(run, gallery)
    yield from _failures(run)
    if run.spans is None:
        yield tag("p", "The run recorded neither spans nor links: 'simcluster run --record' does, and tells more.")
    else:
        explained = explain_tables(run.spans, run.updates, run.scenario)
        yield from _limits(explained)
        yield tag("h2", "Timeline")
        step, caption = _shown(run.updates, explained.shown)
        yield gallery.picture("timeline", run.spans, caption, update=step)
    if run.links is not None and bool((run.links["rate_bytes_per_s"] > 0).any()):
        yield tag("h2", "Links")
        yield gallery.picture("links", run.links, "What the busiest links carry over time.")
    yield tag("h2", "The scenario")
    yield tag("p", "Every setting as it was run: the catalogue filled in, presets and overrides applied.")
    yield settings_table(run.scenario)


def _shown(updates: pd.DataFrame, update: int) -> tuple[int, str]:
    """Return an update by the worker's own count, as spans know it, and what a picture of it shows."""
    row = updates[updates["update"] == update].iloc[0]
    step = int(row["step"])
    if step == update:
        return step, f"Update {update}, one of median length."
    whose = f"update {update} of all, one of median length, is that of {row['worker']}"
    return step, f"Update {step} of each worker by its own count; {whose}."


def _figures(summary: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield name, value and remark of the key figures."""
    updates, whole = int(summary["updates"]), "of the whole run"
    spread = float(summary["update_time_s_std"])
    varies = spread > _SAME * float(summary["update_time_s"])
    deviation = f"standard deviation {seconds(spread)}, 95th percentile {seconds(summary['update_time_s_p95'])}"
    yield "time per update", seconds(summary["update_time_s"]), deviation if varies else "the same for all updates"
    yield "speed-up", number("speedup", summary["speedup"]), f"over one device; efficiency {summary['efficiency']:.1%}"
    yield "throughput", f"{number('', summary['samples_per_s'])} samples/s", f"{int(summary['workers'])} workers"
    yield "on the wire", size(summary["bytes_on_wire"] / updates), "an update"
    if pd.notna(summary.get("busiest_link_utilisation")):
        used = f"{summary['busiest_link_utilisation']:.1%}"
        yield "busiest link", used, f"of the capacity of {summary['busiest_link']}"
    yield "whole run", seconds(summary["total_time_s"]), f"for {updates} updates"
    if pd.notna(summary.get("target")):
        reached = pd.notna(summary.get("time_to_target_s"))
        soon = seconds(summary["time_to_target_s"]) if reached else "not reached"
        yield "time to target", soon, str(summary["target"])
    more = (("epoch_time_s", "epoch", "", ""), ("cost", "cost", "", whole), ("energy_kwh", "energy", " kWh", whole))
    for column, title, unit, remark in more:
        if pd.notna(summary.get(column)):
            yield title, f"{number(column, float(summary[column]))}{unit}", remark


def _parts(summary: Mapping[str, Any]) -> Html:
    """Return the table of the parts that take any time."""
    total = float(summary["update_time_s"])
    rows = []
    for part, look in style.PARTS.items():
        value = float(summary[f"{part}_s"])
        if value > _SAME * total:
            rows.append([look.label, seconds(value), f"{value / total:.1%}", bar(value / total)])
    return table(["part", "mean time", "share", ""], rows)


def _over_updates(run: RunTables, gallery: Gallery) -> Iterator[Html]:
    """Yield the times of the updates, if they differ."""
    applied = run.updates[run.updates["update"] > 0]
    ends = applied.groupby("update")["applied_s"].max()
    times = ends.diff().fillna(ends - run.updates["start_s"].min())
    if len(times) > _FEW and float(times.std()) > _SAME * float(times.mean()):
        rows = pd.DataFrame({"Update": times.index, "update_time_s": times.to_numpy(float)})
        yield gallery.picture("lines", rows, "Time of each update.", x="Update", narrow=True)


def _failures(run: RunTables) -> Iterator[Html]:
    """Yield what went wrong and what it cost, if anything did: the first incidents one by one."""
    if run.incidents is None:
        return
    yield tag("h2", "What went wrong")
    rows = []
    for kind, group in run.incidents.groupby("kind", sort=False):
        lengths = group["end_s"] - group["start_s"]
        rows.append([str(kind), f"{len(group)}", seconds(lengths.sum()), seconds(lengths.mean())])
    yield table(["kind", "count", "time in all", "mean time"], rows)
    summary = run.summary
    up, lost = f"{summary['availability']:.2%}", seconds(summary["lost_work_s"])
    yield tag("p", f"Machines were up {up} of the time; {lost} of computing never took effect.")
    first = run.incidents.sort_values("start_s", kind="stable").head(_MOST_INCIDENTS)
    told = zip(first["kind"], first["entity"], first["start_s"], first["end_s"], strict=True)
    yield table(
        ["kind", "of", "from", "for"],
        [[str(kind), str(entity), seconds(start), seconds(end - start)] for kind, entity, start, end in told],
    )
    if len(run.incidents) > _MOST_INCIDENTS:
        yield tag("p", f"These are the first {_MOST_INCIDENTS} of {len(run.incidents)}.")


def _learning(run: RunTables, gallery: Gallery) -> Iterator[Html]:
    """Yield how the training went, against time and updates side by side, if anything was learned."""
    if run.learning is None:
        return
    yield tag("h2", "What was learned")
    own = run.summary["coupling"] == "own"
    clock = "The clock moves its own bytes." if own else "A stand-in: the clock is that of the scenario's model."
    yield tag("p", f"{clock} Evaluations cost no simulated time.")
    measure = "accuracy" if bool(run.learning["accuracy"].notna().any()) else "loss"
    for x, over in (("time_s", "simulated time"), ("update", "updates")):
        yield gallery.picture("learning-curve", run.learning, f"{measure.title()} over {over}.", x=x, y=measure,
                              narrow=True)


def _limits(explained: Explanation) -> Iterator[Html]:
    """Yield what determined the time of an update."""
    yield tag("h2", "What limits it")
    yield tag("p", explained.advice)
    there = explained.blame[explained.blame["share"] > 0].sort_values("share", ascending=False, kind="stable")
    rows = []
    for cause, duration, share, saving in there.itertuples(index=False):
        left = seconds(explained.length_s - saving)
        rows.append([cause, seconds(duration), f"{share:.1%}", left, bar(share)])
    yield table(["cause", "on the critical path", "share", "update if it were free", ""], rows)
    yield tag("h3", f"Critical path of update {explained.shown}")
    steps = explained.steps()
    cells = []
    for entity, lane, activity, cause, times, start, duration in steps.itertuples(index=False):
        what = f"{activity} × {times}" if times > 1 else activity
        cells.append([f"{entity}/{lane}", what, cause, seconds(start), seconds(duration)])
    yield _shortened(cells)


def _shortened(cells: list[list[str]], most: int = 40) -> Html:
    """Return the table of a path; that of a long one can be unfolded."""
    whole = table(["who", "does what", "cause", "from", "time"], cells, text=(0, 1, 2))
    if len(cells) <= most:
        return whole
    return join([tag("details", tag("summary", f"{len(cells)} steps"), whole)])
