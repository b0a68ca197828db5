"""Who draws from which stream: one more worker changes no draw of anybody else."""

from __future__ import annotations

import pytest

from tests.building import run


def computed(workers: int, seed: int) -> dict[str, list[float]]:
    """Return what each worker's device computed, in its own updates [s]."""
    compute = {"jitter": {"distribution": "gamma", "cv": 0.4}, "scaling": "weak"}
    updates = run({"compute": compute, "cluster": {"workers": workers}, "seed": seed}).updates
    return {str(worker): rows["computation_s"].tolist() for worker, rows in updates.groupby("worker")}


def test_every_worker_has_a_stream_of_its_own_that_no_other_worker_changes() -> None:
    few, many = computed(2, seed=1), computed(4, seed=1)
    assert len({tuple(times) for times in many.values()}) == 4
    for worker, times in few.items():
        # The same draws; a duration is the difference of two times of day.
        assert many[worker] == pytest.approx(times, rel=1e-12)


def test_another_seed_gives_another_stream() -> None:
    assert computed(2, seed=2)["worker-0"] != pytest.approx(computed(2, seed=1)["worker-0"], rel=1e-3)


def test_machines_crash_at_random_times_of_their_own_that_no_other_machine_changes() -> None:
    every = {"distribution": "exponential", "mean": "20 s"}
    crash = {"kind": "crash", "on": "worker-*", "every": every, "lasts": "1 s"}

    def crashes(workers: int) -> dict[str, list[float]]:
        training = {"scheme": "async-ps", "updates": 60}
        sections = {"cluster": {"workers": workers}, "faults": [crash], "training": training}
        found = run({"compute": {"scaling": "weak"}, **sections}).incidents.query("kind == 'crash'")
        return {str(worker): rows["start_s"].tolist() for worker, rows in found.groupby("entity")}

    few, many = crashes(2), crashes(4)
    assert len({tuple(times[:1]) for times in many.values()}) == len(many) > 2
    for worker, times in few.items():
        both = min(len(times), len(many[worker]))
        assert both
        assert many[worker][:both] == pytest.approx(times[:both], rel=1e-12)
