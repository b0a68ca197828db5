"""The summary of a run: one row. It is computed without numpy or pandas, since every run prints it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from simcluster.errors import ConservationError
from simcluster.recording import PARTS, UNAPPLIED
from simcluster.recording.journal import COLUMNS
from simcluster.results import learning
from simcluster.results.records import LinkTotals, Records, RunFacts

Summary = dict[str, float | int | str | None]

_TOLERANCE = 1e-9

#: What a user can do something about, and the parts of an update that it fills.
LIMITS = {
    "computation": ("computation_s",),
    "network": ("push_s", "pull_s"),
    "codec": ("encode_s", "server_decode_s", "server_encode_s", "decode_s"),
    "aggregation": ("aggregate_s",),
    "waiting": ("wait_s",),
}


#: The metrics that are numbers (or None, where the scenario doesn't say what they need), and those that are words.
NUMBERS = (
    "workers", "updates", "update_time_s", "update_time_s_std", "update_time_s_p50", "update_time_s_p95",
    "transfer_s", *PARTS, "speedup", "efficiency", "samples_per_s", "bytes_on_wire", "busiest_link_utilisation",
    "total_time_s", "epoch_time_s", "cost", "energy_kwh", "samples_per_update", "staleness_mean", "staleness_max",
    "lag_max", "idle_share", "discarded_updates", "spectral_gap", "crashes", "availability", "lost_work_s",
    "recovery_time_s", "checkpoint_time_s", *learning.NUMBERS,
)
WORDS = ("busiest_link", "limited_by", "incomplete", *learning.WORDS)


def summarize(records: Records, facts: RunFacts) -> Summary:
    """Return the one row of the summary.

    The parts are means over updates and workers, and add up to ``update_time_s``: what a worker idles at the end of the
    run, until the last one has decoded too, counts as ``wait_s``. ``bytes_on_wire`` are the bytes that transfers carry
    in the whole run, a multicast once; headers (goodput) and message overheads are not among them. ``staleness_*`` are
    over all applied rows, ``lag_max`` is the most updates that a worker was ahead of the slowest (see :func:`lags`),
    and ``idle_share`` is the share of the workers' time in which their devices compute no minibatch.
    ``spectral_gap`` is that of the matrix by which workers average (see ``simcluster.schemes.gossip.mixing``).

    Parameters
    ----------
    records : Records
    facts : RunFacts

    Raises
    ------
    ConservationError
        If the parts don't add up to the update time: a bug.
    """
    columns = {name: records.rows[place :: len(COLUMNS)] for place, name in enumerate(COLUMNS)}
    times = update_times(columns["update"], columns["start_s"], columns["applied_s"])
    update_time = math.fsum(times) / len(times)
    if records.incomplete:
        parts = _parts(_finished(columns), facts.workers, len(times))
    else:
        parts = _parts(columns, facts.workers, len(times))
        _check(parts, update_time, records.total_time)
    rate = facts.samples_per_update * _attendance(columns["update"], len(times)) / update_time
    busiest = max(records.links, key=lambda link: link.carried_bytes / link.capacity, default=None)
    return {
        "workers": facts.workers,
        "updates": len(times),
        "update_time_s": update_time,
        "update_time_s_std": _deviation(times),
        "update_time_s_p50": _quantile(times, 0.5),
        "update_time_s_p95": _quantile(times, 0.95),
        "transfer_s": update_time - parts["computation_s"],
        **parts,
        "speedup": rate / facts.single_device_rate,
        "efficiency": rate / facts.single_device_rate / facts.devices,
        "samples_per_s": rate,
        "bytes_on_wire": records.carried_bytes,
        "busiest_link": None if busiest is None else busiest.name,
        "busiest_link_utilisation": None if busiest is None else _utilisation(busiest, records.total_time),
        "total_time_s": records.total_time,
        "epoch_time_s": None if facts.samples_per_epoch is None else facts.samples_per_epoch / rate,
        "cost": _per_hour(facts.price, facts.nodes, records.total_time),
        "energy_kwh": _per_hour(_kilo(facts.power), facts.nodes, records.total_time),
        "samples_per_update": facts.samples_per_update,
        **_staleness(columns["update"], columns["staleness"]),
        "lag_max": _most_ahead(columns),
        "idle_share": 1 - parts["computation_s"] / update_time,
        "discarded_updates": records.discarded_updates,
        "spectral_gap": facts.spectral_gap,
        **_incidents(records, columns, facts),
        "limited_by": limit_of(parts),
        "incomplete": records.incomplete or None,
        **learning.learned(records.learning),
    }


def limit_of(parts: Mapping[str, float]) -> str:
    """Return the limit whose parts of an update take the longest [s]; see :data:`LIMITS`."""
    return max(LIMITS, key=lambda limit: math.fsum(parts[part] for part in LIMITS[limit]))


def update_times(updates: Sequence[float], starts: Sequence[float], applied: Sequence[float]) -> list[float]:
    """Return the length of each update [s]: from the end of the one before until it is applied at its last worker.

    Parameters
    ----------
    updates, starts, applied : sequence of float, shape (n_rows,)
        Columns of the journal; rows that were never applied are of no update.
    """
    last: dict[float, float] = {}
    for update, end in zip(updates, applied, strict=True):
        if update != UNAPPLIED and end > last.get(update, 0.0):
            last[update] = end
    ordered = [last[update] for update in sorted(last)]
    return [end - start for start, end in zip([min(starts), *ordered], ordered, strict=False)]


def _parts(columns: Mapping[str, Sequence[float]], workers: int, updates: int) -> dict[str, float]:
    """Return the mean of each part over updates and workers [s]; rows that were never applied took their time, too."""
    rows = workers * updates
    parts = {part: math.fsum(columns[part]) / rows for part in PARTS}
    start, end = min(columns["start_s"]), max(columns["end_s"])
    # Between and around its rows a worker is down, or waits for others to recover or to finish.
    rows_length = math.fsum(columns["end_s"]) - math.fsum(columns["start_s"])
    parts["wait_s"] += max(workers * (end - start) - rows_length, 0.0) / rows
    return parts


def _finished(columns: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Return the rows that took effect: those of a run that could not finish."""
    kept = [place for place, update in enumerate(columns["update"]) if update != UNAPPLIED]
    return {name: [values[place] for place in kept] for name, values in columns.items()}


def _check(parts: Mapping[str, float], update_time: float, total_time: float) -> None:
    total = math.fsum(parts.values())
    if abs(total - update_time) > _TOLERANCE * max(update_time, total_time):
        raise ConservationError(f"the parts of an update add up to {total!r} s, but it takes {update_time!r} s")


def _attendance(updates: Sequence[float], count: int) -> float:
    """Return the mean share of workers that took part in an update: 1 as long as nobody leaves the group."""
    parts = Counter(updates)
    parts.pop(UNAPPLIED, None)
    return sum(parts.values()) / (count * max(parts.values()))


def _incidents(records: Records, columns: Mapping[str, Sequence[float]], facts: RunFacts) -> Summary:
    """Return what faults cost.

    ``availability`` is the share of the time of all machines in which they were up, ``lost_work_s`` what workers
    computed that never took effect (but what was under way at the end), ``recovery_time_s`` the mean time from a crash
    that stopped the training until the next update was applied, and ``checkpoint_time_s`` that of all checkpoints.
    """
    lengths: dict[str, list[float]] = {"crash": [], "recovery": [], "checkpoint": []}
    for kind, _, start, end in records.incidents:
        lengths.setdefault(kind, []).append(end - start)
    recoveries = lengths["recovery"]
    lost = [
        computed
        for update, end, computed in zip(columns["update"], columns["end_s"], columns["computation_s"], strict=True)
        if update == UNAPPLIED and end < records.total_time
    ]
    return {
        "crashes": len(lengths["crash"]),
        "availability": 1 - math.fsum(lengths["crash"]) / (facts.nodes * records.total_time),
        "lost_work_s": math.fsum(lost),
        "recovery_time_s": math.fsum(recoveries) / len(recoveries) if recoveries else None,
        "checkpoint_time_s": math.fsum(lengths["checkpoint"]),
    }


def _staleness(updates: Sequence[float], staleness: Sequence[float]) -> Summary:
    """Return mean and maximum of the staleness of what was applied."""
    applied = [one for update, one in zip(updates, staleness, strict=True) if update != UNAPPLIED]
    return {"staleness_mean": math.fsum(applied) / len(applied), "staleness_max": int(max(applied))}


def lags(columns: Mapping[str, Sequence[float]]) -> list[int]:
    """Return for each row how many updates its worker was ahead of the slowest when it began, in their own counts.

    A worker has as many updates behind it as were applied until that instant, or discarded. All that happens at one
    instant has happened. One that crashes stays where it was.

    Parameters
    ----------
    columns : mapping of str to sequence of float, shape (n_rows,)
        The journal's ``worker``, ``step``, ``start_s`` and ``applied_s``.
    """
    steps, starts = columns["step"], columns["start_s"]
    order = sorted(range(len(starts)), key=starts.__getitem__)
    found = [0] * len(order)
    for row, slowest in zip(order, _slowest(columns, [starts[row] for row in order]), strict=True):
        found[row] = max(int(steps[row]) - 1 - slowest, 0)
    return found


def _most_ahead(columns: Mapping[str, Sequence[float]]) -> int:
    """Return the largest of :func:`lags`: whoever is first to begin one of its updates is farthest ahead with it."""
    first: dict[float, float] = {}
    for step, start in zip(columns["step"], columns["start_s"], strict=True):
        if start < first.get(step, math.inf):
            first[step] = start
    ordered = sorted((start, step) for step, start in first.items())
    behind = _slowest(columns, [start for start, _ in ordered])
    return max(0, *(int(step) - 1 - slowest for (_, step), slowest in zip(ordered, behind, strict=True)))


def _slowest(columns: Mapping[str, Sequence[float]], instants: Sequence[float]) -> Iterator[int]:
    """Yield for instants [s], in their order, how many updates the slowest worker has behind it; see :func:`lags`."""
    workers, steps, ends = (columns[name] for name in ("worker", "step", "applied_s"))
    finishes = sorted(range(len(ends)), key=ends.__getitem__)
    behind = dict.fromkeys(workers, 0)
    #: How many workers have so many updates behind them.
    at = [len(behind), *[0] * int(max(steps))]
    slowest = place = 0
    for instant in instants:
        while place < len(finishes) and ends[finishes[place]] <= instant:
            done = finishes[place]
            place += 1
            before, now = behind[workers[done]], int(steps[done])
            if now > before:
                behind[workers[done]] = now
                at[before] -= 1
                at[now] += 1
                while not at[slowest]:
                    slowest += 1
        yield slowest


def _deviation(times: Sequence[float]) -> float:
    """Return the sample standard deviation, 0 for a single update."""
    if len(times) < 2:
        return 0.0
    mean = math.fsum(times) / len(times)
    return math.sqrt(math.fsum((time - mean) ** 2 for time in times) / (len(times) - 1))


def _quantile(times: Sequence[float], share: float) -> float:
    """Return a quantile, linear between the order statistics."""
    ordered = sorted(times)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def _utilisation(link: LinkTotals, total_time: float) -> float:
    return link.carried_bytes / (link.capacity * total_time)


def _kilo(value: float | None) -> float | None:
    return None if value is None else value / 1000


def _per_hour(rate: float | None, nodes: int, total_time: float) -> float | None:
    return None if rate is None else rate * nodes * total_time / 3600
