from __future__ import annotations

import math

import pytest

from simcluster.errors import UserInputError
from simcluster.experiments import compare, optimise, performing, replicate, screen, sensitivity, solve
from tests.building import scenario

LUCK = {"compute": {"jitter": {"cv": 0.5}}, "training": {"updates": 3}}


def test_the_part_that_made_the_difference() -> None:
    # 4 workers, 100 MB at 100 MB/s, C = 8 s: push and pull take 4 s each, computation 2 s
    found = compare(scenario(), scenario({"network": {"bandwidth": "200 MB/s"}, "compute": {"minibatch_time": "10 s"}}))
    assert found.difference.mean == pytest.approx(0.5 - 4)
    assert found.difference.half_width == 0
    assert found.clear
    parts = found.parts.set_index("part")
    assert parts.loc["computation_s", "difference"] == pytest.approx(0.5)
    assert parts.loc["push_s", "share"] == pytest.approx(-2 / -3.5)
    assert parts["share"].sum() == pytest.approx(1)
    assert found.main_part in ("push_s", "pull_s")
    row = found.table.set_index("metric").loc["update_time_s"]
    assert (row["a"], row["b"]) == (pytest.approx(10), pytest.approx(6.5))
    assert row["relative"] == pytest.approx(-0.35)


def test_common_random_numbers_cancel_luck() -> None:
    one, two = scenario(LUCK), scenario({**LUCK, "network": {"bandwidth": "50 MB/s"}})
    paired = compare(one, two, 10).difference
    alone = [replicate(each, 10).estimate.half_width for each in (one, two)]
    assert paired.half_width < 0.5 * math.hypot(*alone)


def test_the_second_runs_under_the_seed_of_the_first() -> None:
    one = scenario(LUCK)
    found = compare(one, one.update(seed=99), 3)
    assert found.difference.mean == 0
    assert not found.clear
    assert found.main_part == ""


def test_replications_share_nothing_but_the_rule() -> None:
    found = replicate(scenario(LUCK), 5)
    assert found.table["update_time_s"].nunique() == 5
    assert list(found.table["replication"]) == [0, 1, 2, 3, 4]
    row = found.estimates.set_index("metric").loc["update_time_s"]
    assert row["mean"] == found.estimate.mean
    assert row["replications"] == 5


def test_until_goes_on_as_far_as_it_must() -> None:
    found = replicate(scenario(LUCK), 5, until=0.02)
    assert found.reached
    assert found.estimate.relative <= 0.02
    assert len(found.table) == found.estimate.count > 5
    short = replicate(scenario(LUCK), 5, until=0.001, most=12)
    assert not short.reached
    assert len(short.table) == 12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"replications": 0}, "at least 1"),
        ({"replications": 1, "until": 0.1}, "at least 2"),
        ({"until": 0.0}, "positive relative half-width"),
        ({"confidence": 1.5}, "between 0 and 1"),
        ({"metric": "sped"}, r"there is no metric 'sped' \(did you mean 'speedup'\?\); there are workers, "),
        ({"metric": "limited_by"}, "isn't a number"),
    ],
)
def test_bad_arguments(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UserInputError, match=message):
        replicate(scenario(), **arguments)  # type: ignore[arg-type]


def test_a_comparison_needs_two_pairs() -> None:
    with pytest.raises(UserInputError, match="at least 2"):
        compare(scenario(), scenario(), 1)


def test_the_pilot_is_no_longer_than_the_most() -> None:
    found = replicate(scenario(LUCK), 10, until=1e-200, most=5)
    assert len(found.table) == found.estimate.count == 5
    assert not found.reached


def test_a_metric_is_looked_up_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def simulate(one: object, record: bool) -> None:
        raise AssertionError("nothing may run")

    monkeypatch.setattr(performing, "simulate", simulate)
    base = scenario()
    for call in (
        lambda: replicate(base, metric="update_tim_s"),
        lambda: sensitivity(base, "update_tim_s"),
        lambda: screen(base, "update_tim_s"),
        lambda: optimise(base, "cluster.workers=1..4", "update_tim_s"),
        lambda: solve(base, "cluster.workers=1..4", "update_tim_s < 3"),
        lambda: solve(base, "cluster.workers=1..4", against=base, metric="update_tim_s"),
    ):
        with pytest.raises(UserInputError, match=r"no metric 'update_tim_s' \(did you mean 'update_time_s'\?\)"):
            call()


class TestSchemes:
    """4 workers, 100 MB at 100 MB/s, c = 2 s: synchronous 2 + 4 + 4 s an update of all."""

    def test_times_are_for_the_same_share_of_contributions(self) -> None:
        sync = scenario()
        alone = scenario({"training": {"scheme": "async-ps", "updates": 400}})
        found = compare(sync, alone, 2)
        assert found.updates_b == 4
        # Equal workers march in step without a barrier, too; but the run ends with the last push, 4 s before its pull.
        row = found.table.set_index("metric").loc["update_time_s"]
        assert (row["a"], row["b"]) == (10, pytest.approx((100 * 10 - 4) / 100))
        assert found.parts["difference"].sum() == pytest.approx(found.difference.mean)
        assert found.rounds == (2, 100)

    def test_the_other_way_round(self) -> None:
        alone = scenario({"training": {"scheme": "async-ps", "updates": 400}})
        found = compare(alone, scenario(), 2)
        assert found.updates_b == 1 / 4
        assert found.rounds == (100, 2)
        assert found.table.set_index("metric").loc["update_time_s", "b"] == 2.5

    def test_schemes_that_mean_the_same_are_compared_as_they_are(self) -> None:
        backups = scenario({"training": {"scheme": "backup-workers", "backups": 0}})
        found = compare(scenario(), backups, 2)
        assert (found.updates_b, found.difference.mean) == (1, 0)
