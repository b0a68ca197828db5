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
    """

    scenario: Mapping[str, Any]
    summary: Mapping[str, Any]
    updates: pd.DataFrame
    spans: pd.DataFrame | None
    links: pd.DataFrame | None

    @classmethod
    def of(cls, result: Result) -> RunTables:
        """Return the tables of a result."""
        made = {name: make() for name, make in result.tables().items()}
        return cls(result.scenario, result.metrics, result.updates, made.get("spans"), made.get("links"))


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
    yield key_figures(list(_figures(run.summary)))
    yield tag("h2", "Where the time of an update goes")
    yield _parts(run.summary)
    yield from _over_updates(run, gallery)
    if run.spans is None:
        yield tag("p", "The run recorded neither spans nor links: 'simcluster run --record' does, and tells more.")
    else:
        explained = explain_tables(run.spans, run.updates, run.scenario)
        yield from _limits(explained)
        yield tag("h2", "Timeline")
        caption = f"Update {explained.shown}, one of median length."
        yield gallery.picture("timeline", run.spans, caption, update=explained.shown)
    if run.links is not None and bool((run.links["rate_bytes_per_s"] > 0).any()):
        yield tag("h2", "Links")
        yield gallery.picture("links", run.links, "What the busiest links carry over time.")
    yield tag("h2", "The scenario")
    yield tag("p", "Every setting as it was run: the catalogue filled in, presets and overrides applied.")
    yield settings_table(run.scenario)


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
    ends = run.updates.groupby("update")["end_s"].max()
    times = ends.diff().fillna(ends - run.updates["start_s"].min())
    if len(times) > _FEW and float(times.std()) > _SAME * float(times.mean()):
        rows = pd.DataFrame({"Update": times.index, "update_time_s": times.to_numpy(float)})
        yield gallery.picture("lines", rows, "Time of each update.", x="Update", narrow=True)


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
