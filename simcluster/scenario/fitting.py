"""What the sections of a scenario demand of each other."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

from simcluster.options import FieldError
from simcluster.scenario.places import nearest

if TYPE_CHECKING:
    from simcluster.scenario.schema import Scenario

#: Far more than frameworks send, and few enough to be held.
MOST_SLICES = 100_000


def check_overlap(scenario: Scenario) -> None:
    """See that the times of the layers are known if something hangs on them."""
    if scenario.training.overlap != "none" and scenario.model.layers_time is None:
        raise FieldError(
            "overlap layer by layer needs the forward and backward time of every layer",
            ("training", "overlap"),
            "give model.layers with their times, or take a model of the catalogue that has them",
        )


def check_slices(scenario: Scenario) -> None:
    """See that the parameters are not cut into more messages than anybody simulates."""
    size, whole = scenario.training.slice_size, scenario.model.parameters
    if size is not None and whole / size > MOST_SLICES:
        raise FieldError(
            f"cuts the parameters into {whole / size:,.0f} slices; at most {MOST_SLICES:,} are simulated",
            ("training", "slice_size"),
            "take larger ones",
        )


def check_workers(scenario: Scenario) -> None:
    """See that the scheme can do with so many workers."""
    scenario.training.check_workers(scenario.cluster.total_workers)


def check_agreement(scenario: Scenario) -> None:
    """See that the scheme has a moment for the agreement of its codec."""
    compression = scenario.compression
    codec = compression.push_codec
    if codec is None or not codec.agreed_fraction or compression.usage != "every-update":
        return
    if not scenario.training.agrees:
        raise FieldError(
            "its workers agree on something before each of them encodes its own contribution, and in scheme "
            f"'{scenario.training.scheme}' there is no moment for that",
            ("compression", "codec" if compression.push is None else "push"),
            "take another codec, or sync-ps or all-gather; or say 'agreed_fraction: 0' if each agrees with itself",
        )


def check_faults(scenario: Scenario) -> None:
    """See that every fault is about some machine; links are known only when the network is built."""
    workers = [f"worker-{index}" for index in range(scenario.cluster.total_workers)] if scenario.faults else []
    servers = [f"server-{index}" for index in range(scenario.own_servers)]
    for place, fault in enumerate(scenario.faults):
        kinds = {"crash": {"worker": workers, "server": servers}, "slow": {"worker": workers}}.get(fault.kind, {})
        known = [name for names in kinds.values() for name in names]
        if kinds and not fnmatch.filter(known, fault.on):
            what = " or ".join(kind for kind, names in kinds.items() if names)
            called = ", ".join(f"{names[0]} to {names[-1]}" for names in kinds.values() if names)
            raise FieldError(
                f"there is no such {what}; they are called {called}",
                ("faults", str(place), "on"),
                nearest(fault.on, known) or "",
            )


def check_servers(scenario: Scenario) -> None:
    """See that there is a worker's machine for each server that runs on one."""
    machine = scenario.cluster.server
    if machine.placement == "colocated" and (machine.shards or 0) > scenario.cluster.total_workers:
        raise FieldError(
            f"{machine.shards} servers don't fit on {scenario.cluster.total_workers} workers, one on each",
            ("cluster", "server", "shards"),
        )


def check_overheads(scenario: Scenario) -> None:
    """See that the model has a share of every operation whose overhead is given."""
    overheads, shares = scenario.compression.operation_overhead, scenario.model.operation_shares
    for operation in overheads if isinstance(overheads, dict) else ():
        if operation not in shares:
            raise FieldError(
                f"the model has no share of operation '{operation}'"
                + (f"; it has {', '.join(shares)}" if shares else ""),
                ("compression", "operation_overhead", operation),
                nearest(operation, shares) or "give model.operation_shares, or one number for all",
            )


CHECKS = (check_overlap, check_slices, check_workers, check_agreement, check_faults, check_servers, check_overheads)
