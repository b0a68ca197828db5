"""Deadlocks and livelocks on purpose: bugs planted into schemes, networks and machines, and scenarios without an end.

Each is a scenario, and what is planted into the code while it runs; a run of it must end with an error that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from unittest.mock import patch

import simpy

from simcluster.cluster.cores import Cores
from simcluster.network.shared_link import SharedLink
from simcluster.network.transfer import Traffic
from simcluster.schemes.allreduce.rounds import Round as Collective
from simcluster.schemes.gossip.letters import Letters
from simcluster.schemes.life import Sequential
from simcluster.schemes.parameter_server import sync_ps
from simcluster.schemes.parameter_server.pull import Unicast
from simcluster.schemes.parameter_server.ssp import StalenessGate
from simcluster.schemes.parameter_server.versions import Versions

Plant = Callable[[], AbstractContextManager[Any]]
ENDLESS = {"distribution": "exponential", "mean": "5 s"}
MANY = {"training": {"updates": 1000}}


@dataclass(frozen=True)
class Planted:
    """A run that can't finish.

    Parameters
    ----------
    says : str
        What the error must say, a pattern.
    changes : dict
        Of the base scenario of ``tests.building``.
    plant : callable
        Plants the bug while it is entered.
    applied : int
        Updates that are finished at least before it is stuck.
    """

    says: str
    changes: dict[str, Any] = field(default_factory=dict)
    plant: Plant = nullcontext
    applied: int = 1


def _after(number: int, original: Any, instead: Any) -> Any:
    """Return a method that does something else from some call on."""
    calls = count(1)

    def method(self: Any, *args: Any, **options: Any) -> Any:
        return (original if next(calls) <= number else instead)(self, *args, **options)

    return method


def _replaced(kind: type, name: str, number: int, instead: Any) -> Plant:
    return lambda: patch.object(kind, name, _after(number, getattr(kind, name), instead))


def _nothing(self: Any, *args: Any, **options: Any) -> None:
    """Lose what was to be done."""


def _never(self: Any, *args: Any, **options: Any) -> Iterator[Any]:
    """Wait for what nobody does."""
    yield (getattr(self, "_env", None) or self._cluster.env).event()


def _silence(self: Any, channel: Any, server: Any, workers: Any, message: Any) -> list[simpy.Event]:
    """Promise everybody a copy that never comes."""
    return [simpy.Event(server.cores._env)] * len(workers)


def _spinning(step: Callable[[int], float]) -> Plant:
    """Return what lets a worker take ever another step of time once it has computed for three updates."""

    @contextmanager
    def plant() -> Iterator[None]:
        original = Sequential.train

        def train(self: Any, worker: Any) -> Any:
            if worker.index:
                yield from original(self, worker)
                return
            yield self._cluster.env.timeout(0)
            for number in count(1):
                yield self._cluster.env.timeout(step(number))

        with patch.object(Sequential, "train", train):
            yield

    return plant


def _one_too_many() -> AbstractContextManager[Any]:
    """Let every round from the second on wait for one push too many."""
    rounds = count()
    original = sync_ps._Round.__init__

    def init(self: Any, env: simpy.Environment, members: int) -> None:
        original(self, env, members + (next(rounds) >= 1))

    return patch.object(sync_ps._Round, "__init__", init)


def _crash(machine: str, at: str = "15 s", **more: Any) -> dict[str, Any]:
    return {"kind": "crash", "on": machine, "at": at, **more}


def _gossip(**training: Any) -> dict[str, Any]:
    return {"training": {"scheme": "d-psgd", "exchange": "gradients", "updates": 10, **training}}


def _asynchronous(scheme: str, **more: Any) -> dict[str, Any]:
    return {"training": {"scheme": scheme, "updates": 40}, **more}


SLOW = {"kind": "slow", "on": "*", "every": ENDLESS, "lasts": ENDLESS, "factor": 0.5}
WAITS = r"worker-\d (waits|computes)"

PLANTED: dict[str, Planted] = {
    # Bugs in schemes.
    "a round that waits for one push too many": Planted(
        rf"nothing can happen any more .*{WAITS} for others in update 2", plant=_one_too_many
    ),
    "a result that is never sent": Planted(
        rf"nothing can happen any more .*{WAITS} for pull in update 2", plant=_replaced(Unicast, "send", 1, _silence)
    ),
    "updates that nobody counts, and a budget": Planted(
        rf"the budget of 5000 events is spent at .*{WAITS}", plant=_replaced(Versions, "apply", 9, _nothing),
        changes=_asynchronous("async-ps", budget={"events": 5000}), applied=9,
    ),
    "a push that is lost in a server": Planted(
        rf"{WAITS} for .* in update 3 since", plant=_replaced(sync_ps._Round, "join", 10, _nothing),
        changes={"training": {"updates": 5}}, applied=2,
    ),
    "a gate that never opens": Planted(
        r"waits for others in update", plant=_replaced(StalenessGate, "_catch_up", 4, _nothing),
        changes=_asynchronous("ssp", compute={"jitter": {"distribution": "lognormal", "cv": 0.5}}),
    ),
    "a neighbour's letter that is lost": Planted(
        rf"{WAITS} for others in update", plant=_replaced(Letters, "take", 20, _never), changes=_gossip(),
    ),
    "a chunk of a ring that is lost": Planted(
        rf"{WAITS} for", plant=_replaced(Collective, "put", 60, _nothing),
        changes={
            "training": {"scheme": "ring-allreduce", "updates": 10},
            "cluster": {"worker": {"aggregation_rate": "1 GB/s"}},
        },
    ),
    "a tree whose message is lost": Planted(
        rf"{WAITS} for", plant=_replaced(Collective, "put", 20, _nothing),
        changes={"training": {"scheme": "tree", "updates": 10}},
    ),
    # Bugs in the network and in machines.
    "a transfer that never arrives": Planted(
        r"worker-\d waits for (push|pull) in update 2 since", plant=_replaced(SharedLink, "admit", 10, _nothing),
    ),
    "arrivals that are never told": Planted(
        r"waits for", plant=_replaced(Traffic, "deliver", 3, _nothing),
        changes={"network": {"topology": "star", "latency": "1 ms"}}, applied=1,
    ),
    "a core that is never free again": Planted(
        rf"nothing can happen any more .*{WAITS}", plant=_replaced(Cores, "work", 12, _never),
        changes={"compression": {"codec": {"ratio": 2, "compress_time": "1 s", "decompress_time": "1 s"}}},
    ),
    # Time that doesn't get on.
    "a loop that takes no time": Planted("simulated time stands still at", plant=_spinning(lambda n: 0.0), applied=0),
    "steps of time that are halved": Planted(
        "simulated time stands still at 1 s", plant=_spinning(lambda n: 0.5**n), applied=0
    ),
    "steps of time that shrink": Planted(
        "simulated time stands still at", plant=_spinning(lambda n: 1.0 / n**3), applied=0
    ),
    # Scenarios that have no end.
    "a link that is cut for ever": Planted(
        r"worker-0 waits for push in update 1 since 2 s",
        {"network": {"schedule": [{"at": "3 s", "factor": 0}]}}, applied=0,
    ),
    "a link that a fault cuts for ever": Planted(
        r"waits for (push|pull) in update 2", {"faults": [{"kind": "link", "on": "*", "at": "13 s", "factor": 0}]},
    ),
    "a cut link, with slow phases for ever": Planted(
        r"nothing happens any more but faults, and traffic of others, for \d+ events",
        {"faults": [{"kind": "link", "on": "*", "at": "13 s", "factor": 0}, SLOW]},
    ),
    "a cut link, with background traffic for ever": Planted(
        r"nothing happens any more but faults, and traffic of others, for \d+ events",
        {
            "network": {
                "topology": "star", "schedule": [{"link": "server-0*", "at": "13 s", "factor": 0}],
                "background": [{"link": "worker-0*", "rate": "1 MB/s", "on": "1 s", "off": "1 s", "random": True}],
            },
        },
    ),
    "a worker that is lost and waited for": Planted(
        r"lost for good: worker-1 is down since 15 s, for good", {"faults": [_crash("worker-1")]},
    ),
    "all workers lost": Planted(
        r"lost for good: worker-0 is down since 15 s, for good; worker-1 is down",
        {"faults": [_crash("worker-*")], "recovery": {"policy": "continue"}},
    ),
    "all workers of asynchronous training lost, with slow phases for ever": Planted(
        r"all workers are lost for good: worker-0 is down since 15 s, for good",
        _asynchronous("async-ps", faults=[_crash("worker-*"), SLOW]),
    ),
    "a server that is lost for good": Planted(
        r"lost for good: server-0 is down since 15 s, for good", {"faults": [_crash("server-0")]},
    ),
    "too few backup workers": Planted(
        r"worker-0 is down since 15 s, for good; worker-1 is down since 15 s, for good; worker-2 waits for others",
        _asynchronous("backup-workers", faults=[_crash("worker-0"), _crash("worker-1")]),
    ),
    "too few backup workers, with slow phases for ever": Planted(
        r"nothing happens any more but faults, .* worker-1 is down since 15 s, for good; worker-2 waits for others",
        _asynchronous("backup-workers", faults=[_crash("worker-0"), _crash("worker-1"), SLOW]),
    ),
    "crashes that come sooner than an update is done": Planted(
        r"the training doesn't get beyond update \d+: there were \d+ crashes since",
        {
            "faults": [{"kind": "crash", "on": "worker-1", "at": "10.5 s", "lasts": "1 s"},
                       {"kind": "crash", "on": "worker-0", "every": "9 s", "lasts": "1 s"}],
            "compute": {"minibatch_time": "40 s"}, "training": {"updates": 3},
        },
        applied=0,
    ),
    "checkpoints that never come in time": Planted(
        r"the training doesn't get beyond update \d+: there were \d+ crashes since",
        {
            "faults": [{"kind": "crash", "on": "server-0", "every": "25 s", "lasts": "1 s"}],
            "training": {"updates": 10},
        },
    ),
    # Budgets.
    "a budget of events": Planted(
        rf"the budget of 100 events is spent at [\d.]+ s .*{WAITS}", {**MANY, "budget": {"events": 100}}
    ),
    "a budget of the wall's clock": Planted(
        rf"the budget of 0.05 s on the clock of the wall is spent at .*{WAITS}",
        {"training": {"updates": 10**6}, "budget": {"wall_time": "50 ms"}},
    ),
}  # fmt: skip

