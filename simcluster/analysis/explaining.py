"""What limits a run: the critical path of one update or of all, and what would help most.

An update lasts from the end of the one before until it is applied at its last worker, as in ``update_time_s``; what was
never applied is of none. A path explains such a stretch completely: its steps are contiguous and their lengths sum to
it. In asynchronous schemes many updates are under way at a time, so that a stretch is shorter than what a worker does
for an update.

How far to trust the savings: with equal workers in lockstep, making a cause free saves exactly what is said. Without
queues for cores, making the *network* free can't save more than that in a synchronous run, since what else is on the
path remains, one thing after the other. Otherwise it is a first estimate: another path takes over, and queues and
contention change their order; a second run tells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simcluster.analysis.causes import Blamer, blame
from simcluster.analysis.walking import Walker
from simcluster.errors import UserInputError
from simcluster.recording import UNAPPLIED
from simcluster.results import Result
from simcluster.units import QuantityError, parse_duration

if TYPE_CHECKING:
    import pandas as pd

_HELP = {
    "compute": "faster devices, or more of them",
    "stragglers": "workers of equal speed, or a scheme that does not wait for the slowest",
    "codec": "a faster codec, or none",
    "network": "more bandwidth, or fewer bytes on the wire",
    "latency": "a network of lower latency, or fewer and larger messages",
    "server": "more cores at the server, or faster averaging",
    "waiting": "a look at the timeline: nothing that was recorded explains the time",
}
_NAMES = {
    "compute": "computing",
    "stragglers": "the stragglers' delay",
    "codec": "the codec",
    "network": "bandwidth",
    "latency": "latency",
    "server": "the server",
    "waiting": "waiting",
}
#: Steps of the path that the text shows at most.
_SHOWN = 24


@dataclass(frozen=True)
class Explanation:
    """What determined the time of an update, or of all; as text, a table of causes and the path of one update.

    Attributes
    ----------
    update : int or None
        The update; None for all.
    length_s : float [s]
        Time of the update, or mean time of an update.
    path : DataFrame
        From :func:`critical_path`.
    blame : DataFrame
        ``cause``, ``duration_s`` and ``saving_s`` of one update (the mean, if all are explained), and ``share``.
    shown : int
        The update, or one of median length.
    example : DataFrame
        The path of that update.
    """

    update: int | None
    length_s: float
    path: pd.DataFrame
    blame: pd.DataFrame
    shown: int
    example: pd.DataFrame

    @property
    def first_cause(self) -> str:
        """The cause that it would save most to make free."""
        return str(self.blame["cause"].iloc[int(self.blame["saving_s"].argmax())])

    @property
    def advice(self) -> str:
        """What would help most, in a sentence."""
        cause, left = self.first_cause, self.length_s - float(self.blame["saving_s"].max())
        otherwise = f"If {_NAMES[cause]} were free, an update would take about {left:.4g} s."
        return f"What would help most: {_HELP[cause]}. {otherwise}"

    def steps(self) -> pd.DataFrame:
        """Return the path of the shown update, what one lane does again and again in one row.

        Returns
        -------
        DataFrame
            ``entity``, ``lane``, ``activity``, ``cause``, ``times``, ``start_s`` since the update began, and
            ``duration_s``.
        """
        keys = ["entity", "lane", "activity", "cause"]
        run = (self.example[keys] != self.example[keys].shift()).any(axis=1).cumsum()
        groups = self.example.groupby(run, sort=False)
        steps = groups[keys].first()
        steps["times"] = groups.size()
        steps["start_s"] = groups["start_s"].first() - float(self.example["start_s"].iloc[0])
        steps["duration_s"] = groups["end_s"].last() - groups["start_s"].first()
        return steps.reset_index(drop=True)

    def __str__(self) -> str:
        """Return the explanation as text."""
        which = "an update on average" if self.update is None else f"update {self.update}"
        there = self.blame[self.blame["share"] > 0].sort_values("share", ascending=False, kind="stable")
        causes = [["cause", "time", "share", "if it were free"]]
        for cause, seconds, share, saving in there.itertuples(index=False):
            causes.append([cause, f"{seconds:.4g} s", f"{share:.1%}", f"{self.length_s - saving:.4g} s"])
        lines = [f"what determined the {self.length_s:.4g} s of {which}", *_aligned(causes, 1), ""]
        lines += [f"critical path of update {self.shown}", *_aligned(_cells(self.steps()), 3), "", self.advice]
        return "\n".join(lines)


def explain(result: Result, update: int | None = None) -> Explanation:
    """Explain the time of an update, or of all updates of a run.

    Parameters
    ----------
    result : Result
        Of a run with ``record=True``.
    update : int, optional
        The update, counted from 1; by default all, from the start of the first to the end of the last.

    Raises
    ------
    UserInputError
        If the run recorded no spans, or has no such update.
    """
    return explain_tables(result.spans, result.updates, result.scenario, update)


def explain_tables(
    spans: pd.DataFrame, updates: pd.DataFrame, scenario: Mapping[str, Any], update: int | None = None
) -> Explanation:
    """Explain the tables of a run; see :func:`explain`.

    Parameters
    ----------
    spans, updates : DataFrame
        The tables of a result.
    scenario : mapping
        The resolved scenario, which tells the latency.
    update : int, optional
    """
    paths = _Paths(spans, updates, scenario)
    path = paths.path(update)
    count = 1 if update is not None else len(paths.windows)
    causes = blame(path)
    causes[["duration_s", "saving_s"]] /= count
    shown = paths.typical() if update is None else update
    return Explanation(
        update=update,
        length_s=math.fsum(path["end_s"] - path["start_s"]) / count,
        path=path,
        blame=causes,
        shown=shown,
        example=path if update is not None else paths.path(shown),
    )


def critical_path(result: Result, update: int | None = None) -> pd.DataFrame:
    """Return which spans determined when an update, or the last one of the run, ended.

    Parameters
    ----------
    result : Result
        Of a run with ``record=True``.
    update : int, optional
        The update, counted from 1; by default the path leads from the start of the first to the end of the last.

    Returns
    -------
    DataFrame
        One row per stretch in the order of time: ``entity``, ``lane``, ``activity``, ``update``, ``start_s``, ``end_s``
        and ``cause``. Each stretch begins where the one before ends.

    Raises
    ------
    UserInputError
        If the run recorded no spans, or has no such update.
    """
    return _Paths(result.spans, result.updates, result.scenario).path(update)


class _Paths:
    """The paths of a run's updates."""

    def __init__(self, spans: pd.DataFrame, updates: pd.DataFrame, scenario: Mapping[str, Any]) -> None:
        self._walker = Walker(spans)
        self._blamer = Blamer(spans, latency_of(scenario))
        applied = updates[updates["update"] != UNAPPLIED]
        ends = applied.groupby("update")["applied_s"].max().sort_values(kind="stable")
        before = last = float(updates["start_s"].min())
        #: Start and end [s] of each update, in the order in which they ended; those that end together start together.
        self.windows: dict[int, tuple[float, float]] = {}
        for update, end in zip(ends.index.tolist(), ends.tolist(), strict=True):
            before, last = (last, end) if end > last else (before, last)
            self.windows[update] = before, last

    def path(self, update: int | None) -> pd.DataFrame:
        if update is not None and update not in self.windows:
            known = sorted(self.windows)
            raise UserInputError(f"there is no update {update}: the run has updates {known[0]} to {known[-1]}")
        if update is None:
            *_, update = self.windows
            begin, end = next(iter(self.windows.values()))[0], self.windows[update][1]
        else:
            begin, end = self.windows[update]
        return self._blamer.pieces(self._walker.back(begin, end, update))

    def typical(self) -> int:
        """Return an update of median length."""
        ordered = sorted(self.windows, key=lambda update: (self.windows[update][1] - self.windows[update][0], update))
        return ordered[len(ordered) // 2]


def latency_of(scenario: Mapping[str, Any]) -> float:
    """Return what every transfer waits [s] by a resolved scenario, whatever its route; 0 if its topology says none."""
    network = scenario.get("network", {})
    # Where machines have an inside, `latency` is what only transfers between them wait besides.
    written = network.get("inside_latency", network.get("latency"))
    try:
        return parse_duration(str(written))
    except QuantityError:
        return 0.0


def _cells(steps: pd.DataFrame) -> list[list[str]]:
    """Return the steps of a path as cells of a text, a long path without its middle."""
    rows = []
    for entity, lane, activity, cause, times, start, duration in steps.itertuples(index=False):
        what = f"{activity} x {times}" if times > 1 else activity
        rows.append([f"{entity}/{lane}", what, cause, f"from {start:.4g} s", f"{duration:.4g} s"])
    if len(rows) > _SHOWN:
        half = _SHOWN // 2
        rows = [*rows[:half], [f"... {len(rows) - 2 * half} more", "", "", "", ""], *rows[-half:]]
    return rows


def _aligned(rows: list[list[str]], left: int) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = zip(row, widths, strict=True)
        aligned = [cell.ljust(width) if at < left else cell.rjust(width) for at, (cell, width) in enumerate(cells)]
        lines.append("  " + "  ".join(aligned).rstrip())
    return lines
