"""Bugs in recording, results and experiments."""

from __future__ import annotations

from tests.mutation.mutation import Mutation

MUTATIONS = [
    Mutation(
        "all of the time at the server is decoding",
        "recording/journal.py",
        "decoding = min(busy - busy_then, now - then)",
        "decoding = now - then",
        "recording schemes/test_sync_ps.py",
    ),
    Mutation(
        "a phase is charged to the one that follows",
        "recording/journal.py",
        "        self._since = now\n        self._phase = phase\n",
        "        self._parts[self._phase] -= now - self._since\n        self._parts[phase] += now - self._since\n"
        "        self._since = now\n        self._phase = phase\n",
        "recording",
    ),
    Mutation(
        "discarded updates aren't counted",
        "recording/journal.py",
        "        self.discarded += 1\n",
        "",
        "recording schemes/parameter_server/test_backup_workers.py",
    ),
    Mutation(
        "updates under way at the end count as applied",
        "recording/journal.py",
        "                ended[row] = None\n        for row in ended:\n            if row.applied is None and",
        "                ended[row] = None\n        for row in ended:\n            if False and",
        "recording schemes/parameter_server/test_async_ps.py",
    ),
    Mutation(
        "of several changes of a link at one instant the first counts",
        "recording/spans.py",
        "        self._rate = rate\n        self._flows = flows\n\n    def passed",
        "        self._rate = self._rate or rate\n        self._flows = flows\n\n    def passed",
        "simulation/test_laws.py",
    ),
    Mutation(
        "a quantile is off by one",
        "results/summary.py",
        "place = share * (len(ordered) - 1)",
        "place = share * max(len(ordered) - 2, 0)",
        "results",
    ),
    Mutation(
        "the deviation divides by n",
        "results/summary.py",
        "for time in times) / (len(times) - 1))",
        "for time in times) / len(times))",
        "results",
    ),
    Mutation(
        "the busiest link is that with most bytes",
        "results/summary.py",
        "key=lambda link: link.carried_bytes / link.capacity",
        "key=lambda link: link.carried_bytes",
        "results",
    ),
    Mutation(
        "utilisation forgets the capacity's unit",
        "results/summary.py",
        "return link.carried_bytes / (link.capacity * total_time)",
        "return link.busy_s / total_time",
        "results",
    ),
    Mutation(
        "a worker's lead counts the update that it begins",
        "results/summary.py",
        "int(steps[row]) - 1 - slowest, 0)",
        "int(steps[row]) - slowest, 0)",
        "results schemes/parameter_server/test_ssp.py",
    ),
    Mutation(
        "updates overlap: each begins with its own rows",
        "results/summary.py",
        "if update != UNAPPLIED and end > last.get(update, 0.0):",
        "if update != UNAPPLIED and update not in last:",
        "results schemes/test_sync_ps.py",
    ),
    Mutation(
        "efficiency forgets the speed of devices",
        "results/summary.py",
        "rate / facts.single_device_rate / facts.devices",
        "rate / facts.single_device_rate / facts.workers",
        "results",
    ),
    Mutation(
        "only workers are paid for",
        "results/summary.py",
        '"cost": _per_hour(facts.price, facts.nodes, records.total_time)',
        '"cost": _per_hour(facts.price, facts.workers, records.total_time)',
        "results",
    ),
    Mutation(
        "availability forgets servers",
        "results/summary.py",
        "/ (facts.nodes * records.total_time)",
        "/ (facts.workers * records.total_time)",
        "schemes/test_supervision.py",
    ),
    Mutation(
        "an absent worker's samples count",
        "results/summary.py",
        'rate = facts.samples_per_update * _attendance(columns["update"], len(times)) / update_time',
        "rate = facts.samples_per_update / update_time",
        "schemes/test_supervision.py",
    ),
    Mutation(
        "samples of strong scaling count for every worker",
        "simulation/running.py",
        '/ (workers if compute.scaling == "strong" else 1)',
        "",
        "results schemes/test_sync_ps.py",
    ),
    Mutation(
        "replications have one seed",
        "experiments/seeding.py",
        '    name = f"{seed}\\x00replication\\x00{replication}".encode()',
        '    name = f"{seed}".encode()',
        "experiments/test_seeding.py",
    ),
    Mutation(
        "runs of other clusters are taken for the same",
        "scenario/writing.py",
        'if key not in ("name", "description")}',
        'if key not in ("name", "description", "cluster")}',
        "experiments/test_seeding.py",
    ),
    Mutation(
        "confidence intervals have one degree of freedom too many",
        "experiments/estimates.py",
        "student_quantile(confidence, len(values) - 1)",
        "student_quantile(confidence, len(values))",
        "experiments/test_estimates.py",
    ),
    Mutation(
        "random streams depend on Python's hash",
        "rng.py",
        'int.from_bytes(hashlib.sha256(name).digest()[:16], "little")',
        "hash(name) & (2**63 - 1)",
        "simulation/test_determinism.py",
    ),
]
