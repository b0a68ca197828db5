"""The exact update of equal workers, with numbers worked out by hand and those of facts/."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simcluster.theory import sync_sgd
from simcluster.theory.symmetric import Direction, SymmetricUpdate, UpdateParts

#: M = 4, i = 3, C = 8 s, W = 1,000 B, 100 B/s, 0.5 s latency; rho = 0.25, 7 s to encode, 2 s to decode, 3 cores.
CASE = SymmetricUpdate(
    workers=4,
    iterations=3,
    minibatch_time=8.0,
    parameters=1000.0,
    bandwidth=100.0,
    latency=0.5,
    compressed_fraction=0.25,
    encode_time=7.0,
    decode_time=2.0,
    cores=3,
    aggregation_rate=500.0,
)
VANILLA = replace(CASE, compressed_fraction=1.0, encode_time=0.0, decode_time=0.0)

#: AlexNet at C = 0.45 s, i = 200, 1 Gbit/s and gzip of Table 1.
ALEXNET = SymmetricUpdate(workers=16, iterations=200, minibatch_time=0.45, parameters=243_860_896.0, bandwidth=125e6)
GZIP = replace(ALEXNET, compressed_fraction=1 / 1.079, encode_time=8.079, decode_time=1.898)


def parts(
    computation: float = 6.0,
    encode: float = 0.0,
    push: float = 40.5,
    server_decode: float = 0.0,
    aggregate: float = 8.0,
    server_encode: float = 0.0,
    pull: float = 40.5,
    decode: float = 0.0,
) -> UpdateParts:
    """Say what differs from the vanilla update of ``CASE``."""
    return UpdateParts(computation, encode, push, server_decode, aggregate, server_encode, pull, decode)


def test_vanilla() -> None:
    assert VANILLA.parts() == parts()
    assert VANILLA.parts().total == 95
    assert VANILLA.parts().transfer == 89
    assert VANILLA.total_time(10) == 950


def test_every_update_recodes_in_both_directions() -> None:
    found = CASE.parts()
    # 4 * 250 / 100 + 0.5; four pushes on three cores take two rounds; 4 * 1,000 B are averaged at 500 B/s
    assert found == parts(encode=7, push=10.5, server_decode=4, server_encode=7, pull=10.5, decode=2)
    assert found.total == 55
    assert CASE.total_time(3) == 165


def test_one_direction() -> None:
    assert replace(CASE, direction="push").parts() == parts(encode=7, push=10.5, server_decode=4)
    assert replace(CASE, direction="pull").parts() == parts(server_encode=7, pull=10.5, decode=2)


@pytest.mark.parametrize("direction", ["push", "pull", "both"])
def test_homomorphic_stays_compressed(direction: Direction) -> None:
    case = replace(CASE, usage="homomorphic", operation_overhead=1.5, direction=direction)
    assert case.parts() == parts(computation=9, push=10.5, aggregate=2, pull=10.5)  # 4 * 250 B at 500 B/s
    assert case.total_time(10) == 7 + 10 * 32 + 2


def test_one_time_is_homomorphic_without_overhead() -> None:
    case = replace(CASE, usage="one-time", operation_overhead=1.5)
    assert case.parts() == parts(computation=6, push=10.5, aggregate=2, pull=10.5)
    assert case.total_time(10) == 7 + 10 * 29 + 2


def test_an_overhead_matters_to_homomorphic_compression_alone() -> None:
    assert replace(CASE, operation_overhead=1.5).parts() == CASE.parts()


@pytest.mark.parametrize(("cores", "rounds"), [(1, 4), (2, 2), (3, 2), (4, 1), (25, 1)])
def test_the_server_decodes_in_rounds(cores: int, rounds: int) -> None:
    assert replace(CASE, cores=cores).parts().server_decode == 2 * rounds


def test_how_the_result_comes_back() -> None:
    assert replace(CASE, pull="multicast").parts().pull == 0.5 + 2.5
    free = replace(CASE, pull="free").parts()
    assert (free.pull, free.server_encode, free.decode) == (0, 7, 2)


def test_weak_scaling_and_free_averaging() -> None:
    assert replace(VANILLA, scaling="weak", aggregation_rate=None).parts() == parts(computation=24, aggregate=0)


@pytest.mark.parametrize("pull", ["free", "unicast", "multicast"])
@pytest.mark.parametrize("workers", [1, 2, 7, 25])
def test_without_latency_vanilla_is_the_papers_formula(workers: int, pull: sync_sgd.Pull) -> None:
    found = replace(ALEXNET, workers=workers, pull=pull).parts()
    assert found.computation == sync_sgd.computation_time(workers, 200, 0.45)
    assert found.total == pytest.approx(
        sync_sgd.update_time(workers, 200, 0.45, 243_860_896.0, 125e6, pull=pull), rel=1e-14
    )


@pytest.mark.parametrize("cores", [1, 4, 25])
@pytest.mark.parametrize("workers", [1, 16, 25])
def test_every_update_is_the_row_of_the_oracles(workers: int, cores: int) -> None:
    case = replace(GZIP, workers=workers, cores=cores, latency=1e-4, aggregation_rate=1e9)
    wire = workers * 243_860_896 / (1.079 * 125e6) + 1e-4
    rounds = -(-workers // cores)
    expected = 90 / workers + 8.079 + wire + rounds * 1.898 + workers * 0.243860896 + 8.079 + wire + 1.898
    assert case.parts().total == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("pull", ["free", "unicast", "multicast"])
@pytest.mark.parametrize("cores", [1, 25])
def test_gzip_at_every_update_loses_except_on_many_cores_and_workers(pull: sync_sgd.Pull, cores: int) -> None:
    wins = [
        workers
        for workers in range(1, 151)
        if replace(GZIP, workers=workers, pull=pull, cores=cores).parts().total
        < replace(ALEXNET, workers=workers, pull=pull).parts().total
    ]
    if (pull, cores) == ("unicast", 25):
        assert wins == list(range(90, 151))
    else:
        assert wins == []
