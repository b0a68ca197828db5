"""The summary of a run: one row. It is computed without numpy or pandas, since every run prints it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from simcluster.errors import ConservationError
from simcluster.recording import PARTS
from simcluster.recording.journal import COLUMNS
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
    "total_time_s", "epoch_time_s", "cost", "energy_kwh",
)
WORDS = ("busiest_link", "limited_by")


def summarize(records: Records, facts: RunFacts) -> Summary:
    """Return the one row of the summary.

    The parts are means over updates and workers, and add up to ``update_time_s``: what a worker idles at the end of the
    run, until the last one has decoded too, counts as ``wait_s``. ``bytes_on_wire`` are the bytes that transfers carry
    in the whole run, a multicast once; headers (goodput) and message overheads are not among them.

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
    times = update_times(columns["update"], columns["start_s"], columns["end_s"])
    update_time = math.fsum(times) / len(times)
    parts = _parts(columns, facts.workers, len(times), update_time)
    rate = facts.samples_per_update / update_time
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
        "bytes_on_wire": records.sent_bytes,
        "busiest_link": None if busiest is None else busiest.name,
        "busiest_link_utilisation": None if busiest is None else _utilisation(busiest, records.total_time),
        "total_time_s": records.total_time,
        "epoch_time_s": None if facts.samples_per_epoch is None else facts.samples_per_epoch / rate,
        "cost": _per_hour(facts.price, facts.nodes, records.total_time),
        "energy_kwh": _per_hour(_kilo(facts.power), facts.nodes, records.total_time),
        "limited_by": limit_of(parts),
    }


def limit_of(parts: Mapping[str, float]) -> str:
    """Return the limit whose parts of an update take the longest [s]; see :data:`LIMITS`."""
    return max(LIMITS, key=lambda limit: math.fsum(parts[part] for part in LIMITS[limit]))


def update_times(updates: Sequence[float], starts: Sequence[float], ends: Sequence[float]) -> list[float]:
    """Return the length of each update [s]: from the end of the one before to the end of its last worker.

    Parameters
    ----------
    updates, starts, ends : sequence of float, shape (n_rows,)
        Columns of the journal.
    """
    last: dict[float, float] = {}
    for update, end in zip(updates, ends, strict=True):
        if end > last.get(update, 0.0):
            last[update] = end
    ordered = [last[update] for update in sorted(last)]
    return [end - start for start, end in zip([min(starts), *ordered], ordered, strict=False)]


def _parts(columns: Mapping[str, Sequence[float]], workers: int, updates: int, update_time: float) -> dict[str, float]:
    """Return the mean of each part [s]."""
    rows = workers * updates
    parts = {part: math.fsum(columns[part]) / rows for part in PARTS}
    final = columns["end_s"][-workers:]
    end = max(final)
    parts["wait_s"] += math.fsum(end - own for own in final) / rows
    total = math.fsum(parts.values())
    if abs(total - update_time) > _TOLERANCE * max(update_time, end):
        raise ConservationError(f"the parts of an update add up to {total!r} s, but it takes {update_time!r} s")
    return parts


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
