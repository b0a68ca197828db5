"""What each stretch of a critical path is to be blamed on.

- ``compute``: computing, as far as the machine takes no longer than the workers' mean in that update;
- ``stragglers``: what it takes longer than that;
- ``codec``: encoding and decoding, and queueing for a worker's own cores;
- ``network``: moving bytes, contention included;
- ``latency``: what a transfer waits before its first byte moves;
- ``server``: averaging, and queueing for the cores of a machine that only serves;
- ``waiting``: time in which nothing happened that explains it.

Left out: what latency differs by from route to route; it counts as ``network``. Background traffic is contention.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from simcluster.analysis.walking import Step, is_transfer

if TYPE_CHECKING:
    import pandas as pd

#: The causes, in the order in which tables show them.
CAUSES = ("compute", "stragglers", "codec", "network", "latency", "server", "waiting")

_CODEC = ("encode", "decode")
COLUMNS = ("entity", "lane", "activity", "update", "start_s", "end_s", "cause")


class Blamer:
    """Gives each step of a path its cause.

    Parameters
    ----------
    spans : DataFrame
        The table ``spans`` of a result.
    latency : float [s]
        What every transfer waits before its first byte moves.
    """

    def __init__(self, spans: pd.DataFrame, latency: float) -> None:
        self._latency = latency
        self._workers = frozenset(spans.loc[spans["lane"] == "compute", "entity"])
        self._excess = _excess(spans)

    def pieces(self, steps: Sequence[Step]) -> pd.DataFrame:
        """Return one row per stretch with one cause, contiguous in time: ``COLUMNS``."""
        import pandas as pd

        rows = []
        for step in steps:
            for start, end, cause in self._divide(step):
                if end > start:
                    rows.append((step.entity, step.lane, step.activity, step.update, start, end, cause))
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def _divide(self, step: Step) -> Iterator[tuple[float, float, str]]:
        """Yield start and end [s] of the stretches of a step, and the cause of each."""
        start, end = step.start_s, step.end_s
        if step.activity == "compute":
            late = end - (end - start) * self._excess.get((step.entity, step.update), 0.0)
            yield start, late, "compute"
            yield late, end, "stragglers"
        elif is_transfer(step.lane) and step.activity != "wait":
            moving = min(max(step.began_s + self._latency, start), end)
            yield start, moving, "latency"
            yield moving, end, "network"
        else:
            yield start, end, self._cause(step)

    def _cause(self, step: Step) -> str:
        if step.activity == "wait":
            return "waiting"
        if step.activity in _CODEC and (step.entity in self._workers or not step.queued):
            return "codec"
        return "server"


def _excess(spans: pd.DataFrame) -> Mapping[tuple[str, int], float]:
    """Return the share of each worker's computing in each update that is more than the workers' mean."""
    computing = spans[spans["activity"] == "compute"]
    times = (computing["end_s"] - computing["start_s"]).groupby([computing["entity"], computing["update"]]).sum()
    mean = times.groupby(level="update").transform("mean")
    late = times[times > mean]
    shares: dict[tuple[str, int], float] = (1 - mean[late.index] / late).to_dict()  # type: ignore[assignment]
    return shares


def blame(path: pd.DataFrame) -> pd.DataFrame:
    """Return the seconds and the share of each cause in a critical path, and what it would save to make it free.

    Work that needn't be done needs no core: making the codec free saves the queueing for it, too, and making computing
    free what stragglers compute.

    Parameters
    ----------
    path : DataFrame
        From :func:`simcluster.analysis.critical_path`.

    Returns
    -------
    DataFrame
        One row for each of ``CAUSES``, with ``cause``, ``duration_s``, ``share`` and ``saving_s``; the shares sum to 1.

    Raises
    ------
    ValueError
        If the path is empty.
    """
    import pandas as pd

    if path.empty:
        raise ValueError("there is nobody to blame: the path is empty")
    lengths = path["end_s"] - path["start_s"]
    seconds = [math.fsum(lengths[path["cause"] == cause]) for cause in CAUSES]
    total = math.fsum(seconds)
    savings = dict(zip(CAUSES, seconds, strict=True))
    savings["codec"] += math.fsum(lengths[(path["cause"] == "server") & path["activity"].isin(_CODEC)])
    savings["compute"] += savings["stragglers"]
    shares = [one / total for one in seconds]
    return pd.DataFrame({"cause": CAUSES, "duration_s": seconds, "share": shares, "saving_s": list(savings.values())})
