from __future__ import annotations

from simcluster.experiments.seeding import replicated, replication_seed, run_key
from tests.building import scenario


def test_replication_0_is_the_scenario_itself() -> None:
    one = scenario()
    assert replicated(one, 0) is one
    assert replication_seed(7, 0) == 7


def test_seeds_depend_on_seed_and_number_alone() -> None:
    small, large = scenario(), scenario({"cluster": {"workers": 9}, "compression": {"codec": {"rho": 0.5}}})
    for number in (1, 2, 50):
        assert replicated(small, number).seed == replicated(large, number).seed
    assert len({replication_seed(seed, number) for seed in range(20) for number in range(50)}) == 1000
    assert all(0 <= replication_seed(3, number) < 2**63 for number in range(100))


def test_a_seed_is_written_down() -> None:
    # SHA-256 of "1 NUL replication NUL 1", by sha256sum: a change of the rule would silently change every study
    assert replication_seed(1, 1) == 0xFA17DBD8780827D8 >> 1


def test_the_key_knows_what_is_said_and_not_how() -> None:
    assert run_key(scenario({"name": "a"})) == run_key(scenario({"name": "b", "description": "the same"}))
    assert run_key(scenario({"network": {"bandwidth": "800 Mbit/s"}})) == run_key(scenario())
    assert run_key(scenario({"seed": 8})) != run_key(scenario())
    assert run_key(scenario({"cluster": {"workers": 5}})) != run_key(scenario())
