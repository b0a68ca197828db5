"""Records -> DataFrames: the tables ``updates``, ``spans``, ``links`` and ``transfers``."""

from __future__ import annotations

from array import array
from collections.abc import Mapping

import numpy as np
import pandas as pd

from simcluster.errors import ConservationError
from simcluster.recording import LinkHistory, SpanHistory, TransferHistory
from simcluster.recording.journal import COLUMNS, PARTS
from simcluster.recording.spans import LINK, SPAN
from simcluster.recording.words import WAIT
from simcluster.results.summary import lags

_SPAN = np.dtype(
    [("start", "<f8"), ("size", "<f8"), ("lane", "<i4"), ("update", "<i4"), ("activity", "<i2"), ("cause", "<i2")]
)
_LINK = np.dtype([("start", "<f8"), ("rate", "<f8"), ("link", "<i4"), ("flows", "<i4")])


def updates_table(rows: array[float]) -> pd.DataFrame:
    """Return one row per update and worker, sorted; all parts in seconds.

    ``transfer_s`` (the paper's T_tnf) is the time in which the worker's compute lane doesn't compute. Rows of update 0
    never took effect. ``staleness`` is in updates that others had applied meanwhile; ``lag`` says how many updates the
    worker was ahead of the slowest one when it began.
    """
    table = pd.DataFrame(np.frombuffer(rows, dtype="<f8").reshape(-1, len(COLUMNS)), columns=list(COLUMNS))
    table["lag"] = lags({name: table[name].tolist() for name in COLUMNS})
    table = table.sort_values(["update", "worker", "step"], ignore_index=True)
    whole = ["update", "staleness", "step", "lag"]
    table[whole] = table[whole].astype("int64")
    table["worker"] = "worker-" + table["worker"].astype("int64").astype(str)
    others = table[list(PARTS[1:])].sum(axis=1)
    table.insert(COLUMNS.index("staleness"), "transfer_s", others)
    return table


def spans_table(history: SpanHistory, end: float) -> pd.DataFrame:
    """Return one row per span, lane by lane and in order of time.

    Spans of length zero in which a lane only waits are left out.

    Parameters
    ----------
    history : SpanHistory
    end : float [s]
        End of the run, at which the last span of each lane ends.

    Raises
    ------
    ConservationError
        If the spans of a lane don't tile its time from 0 to ``end``: a bug.
    """
    entries = np.frombuffer(history.entries, dtype=_SPAN)
    entries = entries[np.argsort(entries["lane"], kind="stable")]
    lane, start = entries["lane"], entries["start"]
    first = np.r_[True, lane[1:] != lane[:-1]] if len(lane) else np.zeros(0, bool)
    ends = np.where(np.r_[first[1:], True], end, np.r_[start[1:], end])
    _check_tiling(history, lane, start, ends, first)
    words, lanes = np.array(history.words, dtype=object), np.array(history.lanes, dtype=object).reshape(-1, 2)
    table = pd.DataFrame(
        {
            "entity": lanes[lane, 0],
            "lane": lanes[lane, 1],
            "activity": words[entries["activity"]],
            "update": entries["update"].astype("int64"),
            "start_s": start,
            "end_s": ends,
            "size_bytes": entries["size"],
            "cause": words[entries["cause"]],
        }
    )
    kept: pd.DataFrame = table.loc[(entries["activity"] != WAIT) | (ends > start)]
    return kept.reset_index(drop=True)


def _check_tiling(
    history: SpanHistory, lane: np.ndarray, start: np.ndarray, ends: np.ndarray, first: np.ndarray
) -> None:
    """See that every lane begins at 0, never goes back in time, and was entered at all."""
    wrong = (first & (start != 0)) | (ends < start)
    if wrong.any():
        place = int(np.argmax(wrong))
        name = "/".join(history.lanes[lane[place]])
        raise ConservationError(f"the spans of {name} don't tile its time at {start[place]!r} s")
    if first.sum() != len(history.lanes):
        raise ConservationError("a lane has no spans")


def links_table(history: LinkHistory, end: float, capacities: Mapping[str, float]) -> pd.DataFrame:
    """Return the piecewise constant rate of every link; stretches of length zero are left out.

    Parameters
    ----------
    history : LinkHistory
    end : float [s]
        End of the run.
    capacities : mapping of str to float [B/s]
        What each link carries by default; a schedule may have changed it for a while.
    """
    entries = np.frombuffer(history.entries, dtype=_LINK)
    entries = entries[np.argsort(entries["link"], kind="stable")]
    link, start = entries["link"], entries["start"]
    last = np.r_[link[1:] != link[:-1], True] if len(link) else np.zeros(0, bool)
    ends = np.where(last, end, np.r_[start[1:], end])
    names = np.array(history.links, dtype=object)
    capacity = np.array([capacities[name] for name in history.links])
    table = pd.DataFrame(
        {
            "link": names[link],
            "start_s": start,
            "end_s": ends,
            "rate_bytes_per_s": entries["rate"],
            "flows": entries["flows"].astype("int64"),
            "capacity_bytes_per_s": capacity[link],
        }
    )
    return table[ends > start].reset_index(drop=True)


def transfers_table(history: TransferHistory) -> pd.DataFrame:
    """Return one row for each transfer that arrived: who sent how much to whom and when, and which link bounded it.

    They are in the order of their arrivals; of those that tie, in the order in which they were told.
    """
    columns = ["source", "destinations", "start_s", "end_s", "size_bytes", "bottleneck"]
    table = pd.DataFrame(history.rows, columns=columns)
    return table.sort_values("end_s", kind="stable", ignore_index=True)


assert _SPAN.itemsize == SPAN.size  # noqa: S101 - the two layouts are one
assert _LINK.itemsize == LINK.size  # noqa: S101
