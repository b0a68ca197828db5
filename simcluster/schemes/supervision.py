"""What goes on around a training that faults can disturb: crashes, recovery, checkpoints, a group that changes.

A synchronous training is a chain of segments. In each the scheme trains as if nothing could ever happen, with the
workers that are in. A segment ends when a machine that is in it crashes, or when everybody has finished an update after
which a checkpoint is due or somebody comes back. A crash loses the update in progress, for everybody; then, by
``recovery.policy``:

- ``wait``: the others wait until the machine is back (or for ``timeout``, and go on without it), and the update begins
  again;
- ``continue``: the others regroup at once (a ring is built anew), and a machine that comes back joins after the next
  update;
- ``restart``: everybody waits until the machine is back, and the last checkpoint is loaded: all updates since are lost.

A training that can't get on is given up: when it waits for machines that are lost for good, or when thousands of
crashes in a row keep it from applying anything new.

An asynchronous training goes on without the worker that has crashed, and takes it in again when it is back. A parameter
server that crashes stops everybody in every scheme: it comes back with its last checkpoint.

Assumed: a crash is noticed at once (waiting for a time-out of the network is part of ``rebuild_time``); a worker keeps
its share of the minibatch when the group shrinks; a checkpoint stops a synchronous training for ``checkpoint_time``,
and occupies a core of each server of an asynchronous one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, Protocol

import simpy
from pydantic import Field

from simcluster.cluster.cores import Process
from simcluster.cluster.faults import Fault, Target
from simcluster.cluster.machines import Worker
from simcluster.errors import StuckError
from simcluster.options import Duration, Options, PositiveDuration
from simcluster.recording import IncidentLog, words
from simcluster.schemes.checkpoints import Checkpoints
from simcluster.schemes.seams import Cluster, DisturbableScheme

#: Crashes since anything was applied that had not been applied before, besides 100 for each machine: more is hopeless.
_MOST_SETBACKS = 10_000


class Recovery(Options):
    """What a training does about crashes."""

    policy: Literal["wait", "continue", "restart"] = Field(
        default="wait",
        description="Wait for a crashed worker, go on without it, or wait and load the last checkpoint.",
    )
    timeout: PositiveDuration | None = Field(
        default=None, description="With policy wait: how long to wait before going on without."
    )
    restore_time: Duration = Field(
        default=0.0, description="From a machine's return until it takes part: it loads its state."
    )
    rebuild_time: Duration = Field(default=0.0, description="What regrouping takes when somebody leaves or joins.")
    checkpoint_interval: PositiveDuration | None = Field(
        default=None, description="Time from one checkpoint to the next, rounded up to whole updates."
    )
    checkpoint_time: Duration = Field(default=0.0, description="What writing a checkpoint takes.")


class Network(Protocol):
    """What a supervisor needs of the network."""

    def abort(self) -> None:
        """Cancel all transfers that are under way."""


class _State:
    """Whether a machine is up, and whether it will be again."""

    def __init__(self) -> None:
        self.crashes = 0
        self.lost = False
        #: Since when it is down [s].
        self.since = 0.0
        #: Whether it is up again, but only loads its state.
        self.restores = False

    def __str__(self) -> str:
        """Return since when it is down."""
        return f"is down since {self.since:g} s{', for good' if self.lost else ''}"


class Supervisor:
    """Trains segment by segment.

    Parameters
    ----------
    cluster : Cluster
        All machines.
    build : callable
        Makes a scheme of a cluster.
    goes_on : bool
        Whether the scheme goes on by itself when a worker crashes.
    recovery : Recovery
    network : Network
    incidents : IncidentLog
        Takes checkpoints and recoveries.
    """

    def __init__(
        self, cluster: Cluster, build: Callable[[Cluster], DisturbableScheme], goes_on: bool, recovery: Recovery,
        network: Network, incidents: IncidentLog,
    ) -> None:
        self._cluster = replace(cluster, supervision=self)
        self._env = cluster.env
        self._build = build
        self._goes_on = goes_on
        self._recovery = recovery
        self._network = network
        self._incidents = incidents
        names = [*(worker.name for worker in cluster.workers), *(server.name for server in cluster.servers)]
        #: By name: a server on a worker's machine crashes with it.
        self._states = {name: _State() for name in names}
        self._workers = {worker.name: worker for worker in cluster.workers}
        self._members: list[Worker] = list(cluster.workers)
        self._scheme: DisturbableScheme | None = None
        self._version = 0
        self._checkpoints = Checkpoints(cluster, recovery.checkpoint_interval, recovery.checkpoint_time, incidents)
        self._rolls_back = False
        #: The most updates that were ever applied, and crashes since then.
        self._record, self._setbacks = 0, 0
        #: Since when nothing has been applied because of a crash [s].
        self._standing_since: float | None = None
        #: Succeeds when a machine crashes that the training needs.
        self._disturbed = self._env.event()
        #: Succeeds when a machine is back.
        self._returned = self._env.event()

    def start(self) -> simpy.Event:
        """Start the training, and return the event at which it is over."""
        return self._env.process(self._supervise())

    def targets(self) -> dict[str, Target]:
        """Return what a crash does to each machine, by name."""
        return {name: Target(_about(self._crash, name), _about_end(self._come_back, name)) for name in self._states}

    def down(self) -> list[str]:
        """Return the machines that are down, and since when."""
        return [f"{name} {state}" for name, state in self._states.items() if state.crashes]

    def wants_pause(self, version: int) -> bool:
        """Take note of an update that has just been applied, and say whether the training shall pause after it."""
        self._version = version
        if version > self._record:
            self._record, self._setbacks = version, 0
        if self._standing_since is not None:
            self._incidents.add("recovery", "training", self._standing_since, self._env.now)
            self._standing_since = None
        if self._goes_on:
            if self._checkpoints.is_due:
                self._checkpoints.write_beside(version)
            return False
        return self._checkpoints.is_due or bool(self._joining())

    # The life of a training

    def _supervise(self) -> Process:
        """Train to the end; a checkpoint that is being written then is given up."""
        yield from self._train()
        self._checkpoints.dismiss()

    def _train(self) -> Process:
        """Train segment by segment, until a segment ends with the training."""
        while True:
            scheme = self._begin_segment()
            over = scheme.start()
            if self._goes_on:
                for name, worker in self._workers.items():
                    if self._states[name].crashes or self._states[name].restores:
                        scheme.lose(worker)
            yield over | self._disturbed
            if self._is_disturbed():
                self._stop(scheme)
            elif scheme.progress.paused:
                yield from self._pause()
            else:
                return
            while self._is_disturbed() and self._version < self._cluster.stop.last:
                self._disturbed = self._env.event()
                yield from self._recover()
            if self._version >= self._cluster.stop.last:
                return  # a crash while the last result was sent out: it is on the server
            self._cluster.learner.resume([worker.index for worker in self._members])

    def _begin_segment(self) -> DisturbableScheme:
        workers = self._cluster.workers if self._goes_on else self._members
        self._scheme = self._build(replace(self._cluster, workers=workers, version=self._version))
        return self._scheme

    def _stop(self, scheme: DisturbableScheme) -> None:
        """Stop everybody, wherever they are: what they were at is lost."""
        self._scheme = None
        scheme.dismiss()
        self._checkpoints.dismiss()
        self._network.abort()
        for worker in self._cluster.workers:
            worker.device.clear()
        self._cluster.journal.interrupt(self._version)

    def _pause(self) -> Process:
        """Write a checkpoint if it is due, and take in who is back."""
        if self._checkpoints.is_due:
            self._rest(words.CHECKPOINT)
            began = self._env.now
            yield from self._undisturbed(self._recovery.checkpoint_time)
            if not self._is_disturbed():
                self._checkpoints.keep(self._version, began)
        joining = self._joining()
        if joining and not self._is_disturbed():
            self._rest(words.RECOVERY)
            yield from self._undisturbed(self._recovery.restore_time + self._recovery.rebuild_time)
            if not self._is_disturbed():
                joined = [worker for worker in joining if not self._states[worker.name].crashes]
                self._members = [worker for worker in self._cluster.workers if worker in (*self._members, *joined)]

    def _recover(self) -> Process:
        """Wait for whoever is waited for, and regroup; another crash ends it early, and it begins again."""
        recovery = self._recovery
        self._rest(words.RECOVERY)
        if self._down_servers() or recovery.policy == "restart":
            self._rolls_back = True
        yield from self._wait(self._down_servers)
        if recovery.policy != "continue" and not self._goes_on:
            yield from self._wait(self._down_members, recovery.timeout if recovery.policy == "wait" else None)
        yield from self._wait(lambda: [] if self._up() else list(self._workers))
        if self._is_disturbed():
            return
        regrouped = [worker for worker in self._members if self._states[worker.name].crashes]
        restores = self._rolls_back or not regrouped
        yield from self._undisturbed(
            (recovery.restore_time if restores else 0.0) + (recovery.rebuild_time if regrouped else 0.0)
        )
        if self._is_disturbed():
            return
        self._members = [worker for worker in self._members if worker not in regrouped] or self._up()
        if self._rolls_back:
            self._rolls_back, self._version = False, self._checkpoints.load()

    # Waiting

    def _wait(self, down: Callable[[], list[str]], patience: float | None = None) -> Process:
        """Wait until nobody is down that is waited for, for a time at most, or until the next crash."""
        deadline = math.inf if patience is None else self._env.now + patience
        while down() and self._env.now < deadline and not self._is_disturbed():
            if deadline == math.inf and all(self._states[name].lost for name in down()):
                raise StuckError(
                    f"nothing can happen any more at {self._env.now:g} s of simulated time, before the training is "
                    f"over: it waits for machines that are lost for good: {'; '.join(self.down())}"
                )
            self._returned = self._env.event()
            ends = [self._returned, self._disturbed]
            if deadline < math.inf:
                ends.append(self._env.timeout(deadline - self._env.now))
            yield self._env.any_of(ends)

    def _undisturbed(self, duration: float) -> Process:
        """Let some time pass, until the next crash at most."""
        if duration:
            yield self._env.timeout(duration) | self._disturbed

    def _is_disturbed(self) -> bool:
        return self._disturbed.triggered

    def _down_servers(self) -> list[str]:
        return [server.name for server in self._cluster.servers if self._states[server.name].crashes]

    def _down_members(self) -> list[str]:
        return [worker.name for worker in self._members if self._states[worker.name].crashes]

    def _up(self) -> list[Worker]:
        return [worker for worker in self._cluster.workers if not self._states[worker.name].crashes]

    def _joining(self) -> list[Worker]:
        """Return the workers that are back, and not in yet."""
        return [worker for worker in self._up() if worker not in self._members]

    def _rest(self, cause: int) -> None:
        """Show on all compute lanes that nobody computes, and why."""
        for name, worker in self._workers.items():
            crashed = bool(self._states[name].crashes)
            worker.compute_lane.enter(words.WAIT, cause=words.CRASHED if crashed else cause)

    # What happens to machines

    def _crash(self, name: str, comes_back: bool) -> None:
        state = self._states[name]
        state.crashes += 1
        state.lost = state.lost or not comes_back
        if state.crashes > 1:
            return
        state.since = self._env.now
        state.restores = False
        self._despair()
        worker = self._workers.get(name)
        if worker is not None and self._goes_on and not self._down_servers():
            if self._scheme is not None:
                self._scheme.lose(worker)
                worker.device.clear()
            worker.compute_lane.enter(words.WAIT, cause=words.CRASHED)
        elif worker is not None and worker not in self._members:
            worker.compute_lane.enter(words.WAIT, cause=words.CRASHED)
        else:
            if self._standing_since is None:
                self._standing_since = self._env.now
            if not self._is_disturbed():
                self._disturbed.succeed()

    def _despair(self) -> None:
        """See that the training can get on at all, after a crash.

        Raises
        ------
        StuckError
            If all workers are lost for good, or crash after crash has kept it from getting any further.
        """
        if self._goes_on and all(self._states[name].lost for name in self._workers):
            raise StuckError(
                f"nothing can happen any more at {self._env.now:g} s of simulated time, before the training is over: "
                f"all workers are lost for good: {'; '.join(self.down())}"
            )
        self._setbacks += 1
        if self._setbacks > _MOST_SETBACKS + 100 * len(self._states):
            raise StuckError(
                f"the training doesn't get beyond update {self._record}: there were {self._setbacks} crashes since, "
                f"until {self._env.now:g} s of simulated time; {'; '.join(self.down())}"
            )

    def _come_back(self, name: str) -> None:
        state = self._states[name]
        state.crashes -= 1
        if state.crashes:
            return
        worker = self._workers.get(name)
        if worker is not None:
            worker.compute_lane.enter(words.WAIT, cause=words.RECOVERY)
            if self._goes_on:
                self._env.process(self._regain(worker))
        if not self._returned.triggered:
            self._returned.succeed()

    def _regain(self, worker: Worker) -> Process:
        """Let a worker restore its state and take part again, unless it crashes meanwhile."""
        state = self._states[worker.name]
        state.restores, crashed = True, state.since
        yield self._env.timeout(self._recovery.restore_time)
        if state.restores and state.since == crashed:
            state.restores = False
            if self._scheme is not None:  # else it begins with the others
                self._cluster.learner.resume([worker.index])
                self._scheme.regain(worker)


def _about(crash: Callable[[str, bool], None], name: str) -> Callable[[Fault, bool], None]:
    return lambda fault, comes_back: crash(name, comes_back)


def _about_end(come_back: Callable[[str], None], name: str) -> Callable[[Fault], None]:
    return lambda fault: come_back(name)
