"""Bugs in faults, recovery and checkpoints."""

from __future__ import annotations

from tests.mutation.mutation import Mutation

MUTATIONS = [
    Mutation(
        "a crash loses no work",
        "schemes/supervision.py",
        "self._cluster.journal.interrupt(self._version)",
        "self._cluster.journal.interrupt(self._version + 1)",
        "schemes/test_supervision.py",
    ),
    Mutation(
        "checkpoints cost no time",
        "schemes/supervision.py",
        "yield from self._undisturbed(self._recovery.checkpoint_time)",
        "yield from self._undisturbed(0.0)",
        "schemes/test_supervision.py",
    ),
    Mutation(
        "restoring is charged twice",
        "schemes/supervision.py",
        "(recovery.restore_time if restores else 0.0)",
        "(2 * recovery.restore_time if restores else 0.0)",
        "schemes/test_supervision.py",
    ),
    Mutation(
        "regrouping costs no time",
        "schemes/supervision.py",
        " + (recovery.rebuild_time if regrouped else 0.0)",
        "",
        "schemes/test_supervision.py",
    ),
    Mutation(
        "a checkpoint has the update that is in progress",
        "schemes/checkpoints.py",
        "        self._version = version\n",
        "        self._version = version + 1\n",
        "schemes/test_supervision.py",
    ),
    Mutation(
        "restarting keeps what came after the checkpoint",
        "schemes/supervision.py",
        'if self._down_servers() or recovery.policy == "restart":',
        "if self._down_servers():",
        "schemes/test_supervision.py",
    ),
    Mutation(
        "patience never ends",
        "schemes/supervision.py",
        'recovery.timeout if recovery.policy == "wait" else None',
        "None",
        "schemes/test_supervision.py",
    ),
    Mutation(
        "updates that were rolled back stay applied",
        "recording/journal.py",
        "if self.rows[place] > version:",
        "if self.rows[place] > version + 1:",
        "schemes/test_supervision.py recording",
    ),
    Mutation(
        "of several slow phases the last one counts",
        "simulation/building.py",
        "worker.device.change_speed(min(factors))",
        "worker.device.change_speed(factors[-1])",
        "schemes/test_supervision.py",
    ),
    Mutation(
        "all machines crash at the same random times",
        "cluster/faults.py",
        "times = _Times(fault, seed, name, ",
        'times = _Times(fault, seed, "", ',
        "simulation/test_streams.py",
    ),
    Mutation(
        "times between faults count from their beginnings",
        "cluster/faults.py",
        "        yield Tick(env, times.until())\n        lasts = times.lasts()\n",
        "        until, lasts = times.until(), times.lasts()\n"
        "        yield Tick(env, until if fault.at is not None else max(until - lasts, 0.0))\n",
        "schemes/test_supervision.py",
    ),
    Mutation(
        "Weibull times of another mean",
        "network/random_times.py",
        " * self.mean / math.gamma(1 + 1 / shape)",
        " * self.mean",
        "schemes/test_supervision.py",
    ),
    Mutation(
        "Pareto times of another mean",
        "network/random_times.py",
        "(1 + float(rng.pareto(shape))) * self.mean",
        "float(rng.pareto(shape)) * self.mean",
        "schemes/test_supervision.py",
    ),
    Mutation(
        "a crashed worker holds others up at the bound",
        "schemes/parameter_server/asynchronous.py",
        "        self._gate.leave(worker.index)\n        yield from ()",
        "        yield from ()",
        "schemes/parameter_server/test_faults.py",
    ),
    Mutation(
        "who comes back doesn't pull",
        "schemes/parameter_server/asynchronous.py",
        "            yield from self._fetch(worker, server, 0, share, Piece(0))\n",
        "            yield from ()\n",
        "schemes/parameter_server/test_faults.py",
    ),
]
