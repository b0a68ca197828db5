"""The report of a run as text."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

from simcluster.cli.text import PART_NAMES, columns, seconds, share_bar, size
from simcluster.codecs import CodecProfile
from simcluster.learning.history import COUPLINGS
from simcluster.results import Result
from simcluster.results.summary import LIMITS
from simcluster.scenario import Scenario

_BAR_WIDTH = 40
#: Workers whose parameters are closer than this have the same, but for rounding.
_SAME = 1e-9
_LIMIT_NAMES = {
    "computation": "computation",
    "network": "the network (push and pull)",
    "codec": "the codec (encoding and decoding)",
    "aggregation": "aggregation",
    "waiting": "waiting (for slower workers, or for a core)",
}


def run_report(scenario: Scenario, result: Result) -> str:
    """Return the report of one run: update time, where it goes, speed-up, and what limits it."""
    metrics = _numbers(result)
    lines = [f"{scenario.name}: {_headline(scenario)}"]
    if scenario.description:
        lines.append(scenario.description)
    lines += ["", *columns(_facts(metrics), left=2), "", "where the time of an update goes"]
    lines += _breakdown(metrics)
    if result.metrics["coupling"] is not None:
        lines += ["", f"what was learned ({COUPLINGS[str(result.metrics['coupling'])]})"]
        lines += columns(_learned(result), left=2)
    if failures := _failures(result, metrics):
        lines += ["", "what went wrong", *columns(failures, left=2)]
    lines += ["", _limit(str(result.metrics["limited_by"]), metrics)]
    return "\n".join(lines)


def comparison(runs: Mapping[str, tuple[Scenario, Result]]) -> str:
    """Return one line for each of several runs, side by side; the first is what the others are compared with.

    Where runs mean different things by an update (the contributions of all workers, or of one), the last column
    compares the time that equally many contributions take.
    """
    shares = [scenario.contributing_share for scenario, _ in runs.values()]
    alike = len(dict.fromkeys(shares)) == 1
    last = "update time, relative" if alike else "relative, for equal contributions"
    rows = [["", "update time", "computation", "transfer", "speed-up", "on the wire", last]]
    base = 0.0
    for (name, (_, result)), share in zip(runs.items(), shares, strict=True):
        metrics = _numbers(result)
        time = metrics["update_time_s"] / share
        base = base or time
        rows.append(
            [
                name,
                seconds(metrics["update_time_s"]),
                seconds(metrics["computation_s"]),
                seconds(metrics["transfer_s"]),
                f"{metrics['speedup']:.3g}",
                size(metrics["bytes_on_wire"] / metrics["updates"]),
                f"{time / base:.3f}",
            ]
        )
    remark = "not all mean the same by an update: one of an asynchronous scheme has the contribution of few workers"
    return "\n".join([*columns(rows), *([] if alike else [remark])])


def _numbers(result: Result) -> dict[str, float]:
    return {name: value for name, value in result.metrics.items() if isinstance(value, int | float)}


def _headline(scenario: Scenario) -> str:
    model = scenario.model.name or "a model of its own"
    workers = scenario.cluster.total_workers
    return f"{model} on {_count(workers, 'worker')}, {scenario.training.scheme}, {_compression(scenario)}"


def _count(number: float, noun: str) -> str:
    return f"{number:.0f} {noun}{'' if number == 1 else 's'}"


def _compression(scenario: Scenario) -> str:
    compression = scenario.compression
    if compression.is_plain:
        return "no compression"
    if compression.push is None and compression.pull is None:
        said = _codec(compression.codec)
    elif not scenario.training.uses_servers:
        said = _codec(compression.push_codec)
    else:
        said = f"{_codec(compression.push_codec)} pushed, {_codec(compression.pull_codec)} pulled"
    words = [said, compression.usage.replace("-", " ")]
    if compression.usage == "homomorphic":
        words.append(f"h = {scenario.overhead:.3g}")
    return ", ".join(words)


def _codec(codec: CodecProfile | None) -> str:
    """Return what a codec is called; None sends what it gets as it is."""
    if codec is None:
        return "plain"
    return f"{codec.profile or 'a codec of its own'} (rho = {codec.compressed_fraction:.3g})"


def _facts(metrics: Mapping[str, float]) -> list[list[str]]:
    rows = [
        ["update time", f"{seconds(metrics['update_time_s'])}{_spread(metrics)}"],
        ["speed-up", f"{metrics['speedup']:.3g} x one device of speed 1 (efficiency {metrics['efficiency']:.1%})"],
        ["samples", f"{metrics['samples_per_s']:.4g} a second"],
        ["on the wire", f"{size(metrics['bytes_on_wire'] / metrics['updates'])} an update"],
        ["whole run", f"{seconds(metrics['total_time_s'])} for {_count(metrics['updates'], 'update')}"],
    ]
    if "busiest_link_utilisation" in metrics:
        rows.insert(4, ["busiest link", f"carries {metrics['busiest_link_utilisation']:.1%} of its capacity"])
    if metrics["staleness_max"]:
        rows.append(["staleness", f"{metrics['staleness_mean']:.3g} updates on average, {_at_most(metrics)}"])
    if metrics["discarded_updates"]:
        rows.append(["in vain", f"{_count(metrics['discarded_updates'], 'update')} of workers came too late"])
    if "spectral_gap" in metrics:
        rows.append(["spectral gap", f"{metrics['spectral_gap']:.4g} of the mixing matrix"])
    for name, title, unit in (("epoch_time_s", "epoch", ""), ("cost", "cost", ""), ("energy_kwh", "energy", " kWh")):
        if name in metrics:
            value = metrics[name]
            rows.append([title, seconds(value) if name.endswith("_s") else f"{value:.4g}{unit}"])
    return [[title, text] for title, text in rows]


def _failures(result: Result, metrics: Mapping[str, float]) -> list[list[str]]:
    """Return what faults cost; nothing if there were none, and no checkpoints."""
    count = Counter(kind for kind, *_ in result.records.incidents)
    rows = []
    if count["crash"]:
        up = f"machines were up {metrics['availability']:.2%} of the time"
        rows.append(["  crashes", f"{count['crash']}; {up}"])
        rows.append(["  lost work", f"{seconds(metrics['lost_work_s'])} of computing that never took effect"])
    if "recovery_time_s" in metrics:
        rows.append(["  recovery", f"{seconds(metrics['recovery_time_s'])} on average, until the next update"])
    if count["slow"]:
        rows.append(["  slow phases", f"{count['slow']}"])
    if count["checkpoint"]:
        rows.append(["  checkpoints", f"{count['checkpoint']}, {seconds(metrics['checkpoint_time_s'])} in all"])
    return rows


def _learned(result: Result) -> list[list[str]]:
    """Return what the training came to."""
    metrics = _numbers(result)
    rows = []
    if result.metrics["target"] is not None:
        reached = "time_to_target_s" in metrics
        after = f" after {_count(metrics['updates_to_target'], 'update')}" if reached else ""
        text = f"{seconds(metrics['time_to_target_s'])}{after}" if reached else "not reached"
        rows.append([f"  {result.metrics['target']}", text])
    shown = (("final_accuracy", "accuracy", ".1%"), ("final_loss", "loss", ".4g"))
    for name, title, form in (*shown, ("consensus_distance", "consensus distance", ".3g")):
        if name in metrics and (name != "consensus_distance" or metrics[name] > _SAME):
            rows.append([f"  {title}", f"{metrics[name]:{form}} at the end"])
    return rows or [["  the training has diverged", ""]]


def _at_most(metrics: Mapping[str, float]) -> str:
    return f"at most {metrics['staleness_max']:.0f}; a worker is at most {metrics['lag_max']:.0f} ahead of the slowest"


def _spread(metrics: Mapping[str, float]) -> str:
    deviation = metrics["update_time_s_std"]
    if deviation <= 1e-9 * metrics["update_time_s"]:
        return ""
    return f" (standard deviation {seconds(deviation)}, 95th percentile {seconds(metrics['update_time_s_p95'])})"


def _limit(limit: str, metrics: Mapping[str, float]) -> str:
    """Say what fills most of an update."""
    share = math.fsum(metrics[part] for part in LIMITS[limit]) / metrics["update_time_s"]
    return f"limited by {_LIMIT_NAMES[limit]}: {share:.0%} of an update"


def _breakdown(metrics: Mapping[str, float]) -> list[str]:
    """Return the table of the parts that take any time, each with a bar."""
    total = metrics["update_time_s"]
    parts = {part: metrics[part] for part in PART_NAMES if not math.isclose(metrics[part], 0, abs_tol=1e-9 * total)}
    rows = [[f"  {PART_NAMES[part]}", seconds(value), f"{value / total:.1%}"] for part, value in parts.items()]
    bars = [share_bar(value / total, _BAR_WIDTH) for value in parts.values()]
    return [f"{line}  {bar}" for line, bar in zip(columns(rows), bars, strict=True)]
